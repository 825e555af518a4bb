// Pictures that are dropped, pasted or chosen: what their files tell, and what can be done with them.
import * as api from "./api.js";
import { $, dataURI, el, list, showBlob, toast } from "./dom.js";
import { facts } from "./form.js";

const dialog = $("#reader");
const isPicture = (file) => /^image\/(png|jpeg|webp)$/.test(file?.type ?? "");

export const reader = {
  /** Told what the user wants: settings to use, a picture to start from, or one to enlarge. */
  onuse: () => {},
  onstart: () => {},
  onenlarge: () => {},

  async read(blob) {
    let found;
    try {
      found = await api.post("/pictures/read", { picture: await dataURI(blob) });
    } catch (error) {
      return toast(error.message);
    }
    const request = found.request;
    const size = `${found.width} × ${found.height}`;
    const origin = [found.origin, found.model].filter(Boolean).join(" with ") || "an unknown program";
    const words = request ? `${size}, drawn by ${origin}` : `${size}. Its file holds no settings.`;
    $("#reader-words").textContent = words;
    showBlob($("#reader-picture"), blob);
    $("dl", dialog).replaceChildren(...list(facts(request ?? {})));
    $("#reader-notices").replaceChildren(...(found.notices ?? []).map((words) => el("p", {}, words)));
    $("#reader-use").hidden = !request;
    const act = (work) => () => { dialog.close(); work(); };
    $("#reader-use").onclick = act(() => this.onuse({ ...request, model: found.model ?? undefined }));
    $("#reader-start").onclick = act(() => this.onstart(blob));
    $("#reader-enlarge").onclick = act(() => this.onenlarge(blob, {
      width: found.width, height: found.height, prompt: request?.prompt, seed: request?.seed,
      request: request && { model: found.model, ...request },
    }));
    if (!dialog.open) dialog.showModal();
  },

  /** Lets the user choose a file. */
  choose() {
    const input = $("#file");
    return new Promise((done) => {
      input.value = "";
      input.onchange = () => done(input.files[0]);
      input.click();
    });
  },

  /** Drops on the start section start from the picture, all others read it. */
  listen() {
    const cover = $("#dropping");
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const isStart = Boolean(event.target.closest?.("#start"));
      $("#start").classList.toggle("over", isStart);
      cover.classList.toggle("shown", !isStart);
    });
    const end = () => { $("#start").classList.remove("over"); cover.classList.remove("shown"); };
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) end(); });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      end();
      this.take(event.dataTransfer.files[0], Boolean(event.target.closest?.("#start")));
    });
    addEventListener("paste", (event) => {
      const file = [...event.clipboardData?.files ?? []].find(isPicture);
      if (!file) return;
      event.preventDefault();
      this.take(file, Boolean(document.activeElement?.closest("#start")));
    });
  },

  take(file, isStart) {
    if (!isPicture(file)) return toast("PNG, JPEG and WebP pictures can be read.");
    if (isStart) this.onstart(file); else this.read(file);
  },
};
