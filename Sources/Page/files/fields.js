// Controls for fields of a request, made of the server's table. One without a value stands for what is usual.
import { el, icon } from "./dom.js";

/** "cfg_scale" as people read it. */
export function nameOf(key) {
  const words = key.replaceAll("_", " ").replace(/\b(cfg|clip)\b/g, (word) => word.toUpperCase());
  return words[0].toUpperCase() + words.slice(1);
}

/** A whole number that JavaScript's numbers cannot hold is sent as it is written. */
function number(text) {
  const value = Number(text);
  if (Number.isNaN(value)) return text;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && JSON.rawJSON ? JSON.rawJSON(text) : value;
}

function listOf(text) {
  if (!text.startsWith("[")) return text.split(",").map((part) => number(part.trim()));
  try { return JSON.parse(text); } catch { return text; }
}

/** What a control's text means, and the other way round. */
const readers = { integer: number, number, list: listOf };
const write = (value) => Array.isArray(value)
  ? value.every((part) => typeof part !== "object") ? value.join(",") : JSON.stringify(value)
  : typeof value === "object" ? JSON.stringify(value) : String(value);

const isShare = (field) => field.kind === "number" && field.minimum === 0 && field.maximum === 1;
const isNumber = (field) => field.kind === "integer" || field.kind === "number";

function inputOf(field, rows) {
  if (field.choices?.length && field.kind === "name") return el("select", {}, el("option", { value: "" }));
  if (rows) return el("textarea", { rows, spellcheck: "true", autocomplete: "off" });
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  if (isNumber(field)) input.inputMode = field.kind === "integer" ? "numeric" : "decimal";
  return input;
}

export class Control {
  /** @param changed is told after each change by the user. */
  constructor(field, { rows, changed = () => {} } = {}) {
    this.field = field;
    this.changed = changed;
    this.multiple = 1;
    this.usualValue = undefined;
    this.input = inputOf(field, rows);
    this.input.id = `field-${field.key}`;
    this.input.name = field.key;
    for (const choice of field.choices ?? []) this.addChoice(choice);
    this.help = el("p", { class: "help", id: `help-${field.key}` }, field.help);
    this.error = el("p", { class: "error", id: `error-${field.key}`, hidden: true });
    this.input.setAttribute("aria-describedby", `${this.help.id} ${this.error.id}`);
    this.label = el("label", { for: this.input.id, title: field.help }, nameOf(field.key));
    this.element = el("div", { class: "field" }, this.label, this.help, this.body(), this.error);
    this.input.addEventListener(this.input.tagName === "SELECT" ? "change" : "input", () => this.edited());
    this.usual(undefined);
  }

  body() {
    const { field } = this;
    if (isShare(field)) {
      this.slider = el("input", {
        type: "range", min: 0, max: 1, step: 0.05, "aria-label": nameOf(field.key), tabindex: -1,
        oninput: () => { this.input.value = this.slider.value; this.edited(); },
      });
      return el("div", { class: "share" }, this.slider, this.input);
    }
    if (!isNumber(field) || field.maximum === undefined) return this.input;
    const move = (way) => el("button", {
      type: "button", class: "icon", tabindex: -1, onclick: () => this.step(way),
      "aria-label": `${nameOf(field.key)}: ${way < 0 ? "less" : "more"}`,
    }, way < 0 ? "−" : "+");
    this.input.addEventListener("keydown", (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (way) { event.preventDefault(); this.step(way); }
    });
    return el("div", { class: "stepper" }, move(-1), this.input, move(1));
  }

  /** One step up or down, to a multiple of what the field goes by. */
  step(way) {
    const by = this.field.kind === "integer" ? this.multiple : 0.5;
    const now = Number(this.input.value || this.input.placeholder) || 0;
    const next = way > 0 ? Math.floor(now / by + 1) * by : Math.ceil(now / by - 1) * by;
    this.input.value = Math.min(Math.max(next, this.field.minimum), this.field.maximum);
    this.edited();
  }

  edited() {
    this.problem("");
    this.align();
    this.changed(this);
  }

  /** Slider and colours follow the text. */
  align() {
    this.element.classList.toggle("set", this.input.value !== "");
    if (this.slider) this.slider.value = Number(this.input.value || this.usualValue) || 0;
  }

  addChoice(name) { this.input.append?.(el("option", { value: name }, name)); }

  /** What holds without a value, and is shown then. */
  usual(value, words) {
    this.usualValue = value;
    const text = words ?? (value === undefined || value === "" ? this.field.usual : write(value));
    if (this.input.tagName === "TEXTAREA") this.input.placeholder = this.field.help;
    else if (this.input.tagName === "INPUT") this.input.placeholder = text;
    else {
      const isChoice = this.field.choices.includes(text);
      this.input.options[0].textContent = isChoice ? `${text} (usual)` : text || "usual";
    }
    this.align();
  }

  /** Undefined for what is usual. */
  get value() {
    const text = this.input.value.trim();
    return text === "" ? undefined : (readers[this.field.kind] ?? String)(text);
  }

  set value(value) {
    const text = value === undefined || value === null ? "" : write(value);
    const options = this.input.options;
    if (options && ![...options].some((option) => option.value === text)) this.addChoice(text);
    this.input.value = text;
    this.problem("");
    this.align();
  }

  problem(words) {
    this.error.replaceChildren(...(words ? [icon("close"), words] : []));
    this.error.hidden = !words;
    this.input.ariaInvalid = words ? "true" : null;
  }
}
