// The picture that a drawing starts from, with its mask and the margins around it.
import { $, dataURI, fileOf, showBlob, toast } from "./dom.js";
import { nameOf } from "./fields.js";
import { form } from "./form.js";
import { paintMask } from "./mask.js";
import { chooseMargins } from "./extend.js";
import { store } from "./store.js";

/** Pixels of a picture that the server reads. */
const mostPixels = 16e6;

export const start = {
  blob: null,
  /** As it lies in the file. */
  width: 0,
  height: 0,
  mask: null,
  /** Left, right, up and down; null for none. */
  margins: null,

  build() {
    $("#paint").addEventListener("click", () => this.paint());
    $("#extend").addEventListener("click", () => this.extend());
    $("#unstart").addEventListener("click", () => { this.clear(); $("#choose").focus(); });
    form.onmodel = () => this.showUsual();
    store.kept("start").then((all) => all?.blob && !this.blob && this.set(all.blob, all));
  },

  /** @param parts `mask` and `margins`, where the picture has them already. */
  async set(blob, { mask = null, margins = null } = {}) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob);
    } catch {
      toast("This is no picture that the browser can read. PNG, JPEG and WebP are possible.");
      return false;
    }
    [this.blob, this.width, this.height] = [await this.fitting(blob, bitmap), bitmap.width, bitmap.height];
    [this.mask, this.margins] = [mask, margins];
    bitmap.close();
    this.changed();
    return true;
  },

  /** Shows a refusal of the pictures here. Gives false if it is of something else. */
  show({ field, words }) {
    const isHere = ["init", "mask", "outpaint"].includes(field);
    if (isHere) $("#start-problem").textContent = `${nameOf(field)}: ${words}`;
    return isHere;
  },

  clear() {
    [this.blob, this.mask, this.margins] = [null, null, null];
    this.changed();
  },

  /** The file as it is, unless it is larger than the server takes. */
  async fitting(blob, bitmap) {
    // Base64 has four characters for three bytes; the mask and the settings come along.
    const most = form.catalogue.limits.body_bytes * 0.6;
    if (blob.size <= most && bitmap.width * bitmap.height <= mostPixels) return blob;
    const scale = Math.min(1, Math.sqrt(Math.min(mostPixels, most * 2) / (bitmap.width * bitmap.height)));
    const canvas = Object.assign(document.createElement("canvas"), {
      width: Math.floor(bitmap.width * scale), height: Math.floor(bitmap.height * scale),
    });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return fileOf(canvas, "image/jpeg", 0.92);
  },

  /** The size of the picture itself where margins are added: its own, or the model's if it is much larger. */
  get inner() {
    const side = form.model.native_side;
    const much = this.width * this.height > 2.25 * side * side;
    const scale = much ? side / Math.sqrt(this.width * this.height) : 1;
    const round = (pixels) => Math.max(1, Math.round(pixels * scale / form.multiple)) * form.multiple;
    return [round(this.width), round(this.height)];
  },

  async paint() {
    const mask = await paintMask(this.blob, this.mask);
    if (mask === undefined) return;
    this.mask = mask;
    this.changed();
  },

  async extend() {
    const most = form.catalogue.limits.side[1];
    const margins = await chooseMargins(this.blob, this.inner, this.margins, form.multiple, most);
    if (margins === undefined) return;
    this.margins = margins;
    this.changed();
  },

  changed() {
    const { blob, mask, margins } = this;
    $("#start-problem").textContent = "";
    $("#drop").hidden = Boolean(blob);
    $("#started").hidden = !blob;
    $("[data-field=strength]").hidden = !blob;
    $("#mask-fields").hidden = !mask && !margins;
    showBlob($("#start-picture"), blob);
    showBlob($("#start-mask"), mask);
    $("#start-mask").hidden = !mask;
    this.showUsual();
    form.changed();
    const words = [`${this.width} × ${this.height}`];
    if (mask) words.push("with a mask");
    if (margins) words.push(`extended to ${this.outer.join(" × ")}`);
    $("#start-words").textContent = blob ? words.join(", ") : "";
    store.keep("start", { blob, mask, margins });
  },

  get outer() {
    const [left, right, up, down] = this.margins;
    return [this.inner[0] + left + right, this.inner[1] + up + down];
  },

  /** Sizes are the picture's own, unless they are set; those of an extended one follow from its margins. */
  showUsual() {
    $("#size").disabled = Boolean(this.margins);
    const size = this.margins ? this.outer : [this.width, this.height];
    for (const [place, side] of ["width", "height"].entries()) {
      const control = form.controls.get(side);
      if (this.blob) control.usual(size[place], this.margins ? `${size[place]}` : "the picture's");
      else control.usual(form.model.native_side);
    }
    // The table says what is usual "with mask" and "with outpaint" behind commas.
    const what = this.margins ? "with outpaint" : this.mask ? "with mask" : null;
    for (const key of ["strength", "mask_blur", "grow_mask"]) {
      const control = form.controls.get(key);
      const parts = control.field.usual.split(", ");
      const words = parseFloat(parts.find((part) => what && part.includes(what)) ?? parts[0]);
      if (!Number.isNaN(words)) control.usual(words);
    }
  },

  /** What a request has of it. */
  async request() {
    if (!this.blob) return {};
    const request = { init: await dataURI(this.blob) };
    if (this.mask) request.mask = await dataURI(this.mask);
    if (this.margins) {
      request.outpaint = this.margins;
      [request.width, request.height] = this.outer;
    }
    return request;
  },

  /** What a gallery keeps of it. */
  get files() { return this.blob ? { init: this.blob, mask: this.mask } : {}; },
};
