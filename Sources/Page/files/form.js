// The form: a control for every field of a request, the model, and what of it is remembered.
import { $, el, kept } from "./dom.js";
import { Control, nameOf } from "./fields.js";
import { makeShapes } from "./size.js";

/** Fields that the start section sets itself. */
const pictures = ["init", "mask", "outpaint"];
const ofMask = ["mask_blur", "grow_mask", "inpaint_area", "mask_padding", "mask_fill"];

/** What there is a control for: the table's fields, and two of what the server makes of a request. */
function rows({ fields, styles, upscalers }) {
  const formats = ["png", "jpeg", "webp"];
  const own = [
    { key: "style", group: "prompt", help: "what is added to the prompts", usual: "none", choices: styles },
    { key: "format", group: "output", help: "the pictures' files", usual: "png", choices: formats },
  ].map((field) => ({ ...field, kind: "name" }));
  return [...fields, ...own].filter(({ key }) => !pictures.includes(key))
    .map((field) => field.key === "upscaler" ? { ...field, kind: "name", choices: upscalers } : field);
}

/** Rows for people of what a request says, in the order of the table. */
export function facts(request) {
  const rows = ["model", ...form.controls.keys()].map((key) => [key, request[key]]);
  const text = (value) => typeof value === "object" ? JSON.stringify(value) : String(value);
  const words = (value) => value.name ?? value.file ?? text(value);
  return rows.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([key, value]) => [nameOf(key), words(value)]);
}

export const form = {
  catalogue: null,
  model: null,
  controls: new Map(),

  /** Sparse: what is not set is left to the model. */
  get values() {
    const values = {};
    for (const [key, control] of this.controls) if (control.value !== undefined) values[key] = control.value;
    return values;
  },

  get multiple() { return this.model.side_multiple; },

  build(catalogue) {
    this.catalogue = catalogue;
    this.buildControls();
    $("#model").append(...catalogue.models.map((model) => el("option", {}, model.name)));
    $("#model").addEventListener("change", () => { this.setModel($("#model").value); this.remember(); });
    $("#swap").addEventListener("click", () => this.swap());
    $("#usual").addEventListener("click", () => this.fill({ prompt: this.values.prompt }));
    $("#random").addEventListener("click", () => this.set("seed", undefined));
    const settings = kept.get("settings");
    this.setModel(settings?.model);
    for (const [key, value] of Object.entries(settings?.values ?? {})) {
      if (this.controls.has(key)) this.controls.get(key).value = value;
    }
    this.changed();
  },

  /** Each into its place in the page, or by its group among further settings. */
  buildControls() {
    const groups = new Map();
    for (const field of rows(this.catalogue)) {
      const slot = $(`[data-field="${field.key}"]`);
      const control = new Control(field, { rows: slot?.dataset.rows, changed: () => this.remember() });
      this.controls.set(field.key, control);
      if (!slot && !ofMask.includes(field.key) && !groups.has(field.group)) {
        groups.set(field.group, el("fieldset", {}, el("legend", {}, nameOf(field.group))));
      }
      const place = slot ?? (ofMask.includes(field.key) ? $("#mask-fields") : groups.get(field.group));
      place.append(control.element);
    }
    $("#more-fields").append(...groups.values());
  },

  /** What the user has set stays; all else becomes what is usual for the model. */
  setModel(name) {
    this.model = this.catalogue.models.find((model) => model.name === name) ?? this.catalogue.models[0];
    $("#model").value = this.model.name;
    const [least, most] = this.catalogue.limits.side;
    for (const [key, control] of this.controls) {
      const { minimum, maximum } = control.field;
      if (minimum === least && maximum === most) control.multiple = this.multiple;
      control.usual(this.model.defaults[key]);
    }
    for (const side of ["width", "height"]) this.controls.get(side).usual(this.model.native_side);
    makeShapes(this);
    this.onmodel();
    this.changed();
  },

  set(key, value) {
    this.controls.get(key).value = value;
    this.remember();
  },

  swap() {
    const [width, height] = ["width", "height"].map((side) => this.controls.get(side));
    [width.value, height.value] = [height.value ?? height.usualValue, width.value ?? width.usualValue];
    this.remember();
  },

  /** Takes all settings of a request; what it leaves out, or is usual, is not set. */
  fill(request) {
    if (request.model) this.setModel(request.model);
    for (const [key, control] of this.controls) {
      // Files are written down with their name and hash.
      const value = request[key]?.name ?? request[key];
      control.value = value;
      const usual = control.usualValue ?? control.field.usual;
      if (key !== "prompt" && String(value) === String(usual)) control.value = undefined;
    }
    this.remember();
  },

  remember() {
    kept.set("settings", { model: this.model.name, values: this.values });
    this.changed();
  },

  /** Told after another model has said what is usual. */
  onmodel: () => {},
  /** Told after each change; others listen. */
  listeners: [],
  changed() { for (const listener of this.listeners) listener(); },

  /** Shows a refusal at the field that it names. Gives false if there is no such field. */
  show(error) {
    const control = this.controls.get(error.field);
    if (!control) return false;
    control.problem(error.words);
    for (let node = control.element; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    control.input.focus();
    return true;
  },
};
