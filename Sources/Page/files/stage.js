// The place of the picture: one of the gallery with what can be done with it, or a job at work.
import { $, button, el, icon, list, showBlob } from "./dom.js";
import { facts } from "./form.js";
import { gallery } from "./gallery.js";
import { stateOf } from "./jobs.js";

const frame = $("#frame");

export const stage = {
  record: null,
  job: null,
  /** Whether the user has picked what is shown, so that nothing else takes its place. */
  isPicked: false,
  /** What can be done with a picture: name, symbol, function of record and files. */
  actions: [],
  onshow: () => {},

  clear() {
    frame.classList.remove("working");
    frame.querySelectorAll("img").forEach((image) => showBlob(image, null));
  },

  empty(examples, ontry) {
    [this.record, this.job] = [null, null];
    const chips = examples.map((prompt) => el("button", { type: "button", onclick: () => ontry(prompt) }, prompt));
    this.replace(el("div", { class: "empty" },
      icon("logo"), el("h2", {}, "Nothing in the tray yet"), el("p", {}, "Say what to draw, or try one of these:"),
      el("div", { class: "chips" }, chips)));
    this.parts({});
  },

  /** Puts something else into the place; the focus stays where it was, or next to it. */
  replace(node) {
    const hadFocus = frame.contains(document.activeElement);
    this.clear();
    frame.replaceChildren(node);
    if (hadFocus) frame.focus({ preventScroll: true });
  },

  /** As large as the place, and at most three times as large as it is. */
  fit(node, width, height) {
    const all = { "--width": width, "--height": height, "--most": "3px" };
    for (const [name, value] of Object.entries(all)) node.style.setProperty(name, value);
  },

  /** Which of the parts below the picture are there. */
  parts({ about = false, progress = false, notices = [], problem = null }) {
    $("#about").hidden = !about;
    $("#progress").hidden = !progress;
    $("#notices").replaceChildren(
      ...(problem ? [el("p", { class: "error", role: "alert" }, icon("close"), problem)] : []),
      ...notices.map((words) => el("p", {}, words)));
    this.onshow();
  },

  async show(record, isPicked = false) {
    this.wanted = record;
    const files = await gallery.files(record).catch(() => null);
    // Another one may have been asked for meanwhile.
    if (!files || this.wanted !== record) return;
    Object.assign(this, { record, job: null, isPicked });
    const { width, height, seed } = record;
    const image = el("img", { alt: record.prompt || "Picture without a prompt", width, height });
    showBlob(image, files.blob);
    image.addEventListener("click", () => this.zoom(files.blob, image.alt));
    const sheet = el("div", { class: "sheet" }, image);
    this.fit(sheet, width, height);
    this.replace(sheet);
    if (files.init) sheet.append(this.before(record, files.init), this.compare(sheet));
    const focused = [...$("#actions").children].indexOf(document.activeElement);
    const act = ({ name, symbol, hint, run }) => button(name, symbol, () => run(record, files), { title: hint });
    $("#actions").replaceChildren(...this.actions.map(act));
    $("#actions").children[focused]?.focus();
    const words = [record.prompt, `${width} × ${height}`, seed !== undefined && `seed ${seed}`];
    $("#caption").textContent = words.filter(Boolean).join(" · ");
    const drawn = ["Drawn", new Date(record.date).toLocaleString()];
    $("#facts dl").replaceChildren(...list([...facts(record.request), drawn]));
    this.parts({ about: true, notices: record.notices ?? [] });
    gallery.choose(record);
  },

  /** The picture from before, over the one that was made of it. */
  before(record, blob) {
    const [left, right, up, down] = record.margins ?? [0, 0, 0, 0];
    const image = el("img", { class: "before", alt: "The picture from before" });
    showBlob(image, blob);
    const across = (pixels) => `${pixels / record.width * 100}%`;
    const along = (pixels) => `${pixels / record.height * 100}%`;
    Object.assign(image.style, {
      left: across(left), top: along(up),
      width: across(record.width - left - right), height: along(record.height - up - down),
    });
    return image;
  },

  /** Shows what was before while it is held; a key turns it on and off. */
  compare(sheet) {
    const set = (isOn) => {
      sheet.classList.toggle("compared", isOn);
      node.ariaPressed = String(isOn);
    };
    // A click without the pointer comes from a key.
    const click = (event) => { if (event.detail === 0) set(!sheet.classList.contains("compared")); };
    const hint = "Hold to see the picture from before";
    const node = button("Before", "compare", click, { class: "compare", title: hint, "aria-pressed": "false" });
    node.addEventListener("pointerdown", () => set(true));
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) {
      node.addEventListener(name, () => set(false));
    }
    return node;
  },

  zoom(blob, words) {
    const image = $("#zoom img");
    showBlob(image, blob);
    image.alt = words;
    if (!$("#zoom").open) $("#zoom").showModal();
  },

  watch(job) {
    this.wanted = null;
    Object.assign(this, { record: null, job, isPicked: false });
    gallery.choose(null);
    const cell = () => el("button", { type: "button", class: "cell", disabled: true });
    this.cells = Array.from({ length: Math.max(1, job.count) }, cell);
    if (this.cells.length === 1) this.cells[0].classList.add("sheet");
    this.replace(el("div", { class: "cells", "data-count": this.cells.length }, this.cells));
    this.update(job);
  },

  /** Draws what has changed of the job that is watched. */
  update(job) {
    if (this.job !== job) return;
    const isOne = this.cells.length === 1;
    for (const [index, cell] of this.cells.entries()) {
      if (isOne && job.size) this.fit(cell, ...job.size);
      this.updateCell(cell, job.pictures[index], job.previews[index]);
    }
    const isOver = job.state === "ended";
    if (!isOver) {
      $("#step").textContent = stateOf(job);
      const fraction = job.progress?.fraction;
      if (fraction === undefined) $("#bar").removeAttribute("value"); else $("#bar").value = fraction;
    }
    frame.classList.toggle("working", !isOver);
    const notices = job.isCancelled && isOver ? [...job.notices, "Cancelled."] : job.notices;
    this.parts({ progress: !isOver, notices, problem: job.problem });
  },

  updateCell(cell, record, preview) {
    let image = cell.firstChild;
    if ((record?.thumb || preview) && !image) cell.append(image = el("img", { alt: "" }));
    if (record?.thumb && cell.disabled) {
      cell.disabled = false;
      cell.setAttribute("aria-label", `Show ${record.prompt}, seed ${record.seed}`);
      cell.addEventListener("click", () => this.show(record, true));
      gallery.files(record).then((files) => showBlob(image, files.blob));
    } else if (!record && preview) image.src = preview;
  },

  /** Arrow keys show the pictures beside it. */
  step(by) {
    const next = gallery.beside(this.record, by);
    if (next) this.show(next, true);
    return next;
  },
};

frame.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && stage.record && stage.step(by)) event.preventDefault();
  if (event.key === "Enter" && event.target === frame) $("img", frame)?.click();
});
$("#zoom img").addEventListener("click", () => $("#zoom").close());
$("#zoom").addEventListener("keydown", async (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const next = by && gallery.beside(stage.record, by);
  if (!next) return;
  await stage.show(next, true);
  stage.zoom((await gallery.files(next)).blob, next.prompt);
});
