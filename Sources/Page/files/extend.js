// The dialog in which the sides of a picture are pulled outwards.
import { $, el, showBlob } from "./dom.js";

const dialog = $("#extender");
const names = ["Left", "Right", "Up", "Down"];
const around = $("#around");
const inner = $("#inner");
let size, margins, multiple, most, scale;

const inputs = names.map((name, side) => {
  const input = el("input", { type: "number", min: 0, inputmode: "numeric", id: `margin-${name.toLowerCase()}` });
  input.addEventListener("input", () => { take(side, Number(input.value)); show(); });
  input.addEventListener("change", () => { input.value = margins[side]; });
  return input;
});
$("#margins").append(...inputs.map((input, side) => el("label", {}, names[side], input)));

/** Pulling is for pointers; the numbers do the same with keys. */
const handles = names.map((name, side) => {
  const handle = el("span", { class: `handle ${name.toLowerCase()}`, "aria-hidden": "true" });
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const [from, before] = [side < 2 ? event.clientX : event.clientY, margins[side]];
    const outwards = side % 2 === 0 ? -1 : 1;
    const move = (next) => {
      const now = side < 2 ? next.clientX : next.clientY;
      // The box keeps its middle, so that a side moves half of what is added.
      take(side, before + (now - from) * outwards * 2 / scale);
      inputs[side].value = margins[side];
      show(scale);
    };
    const end = () => { handle.removeEventListener("pointermove", move); show(); };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", end, { once: true });
  });
  return handle;
});
around.append(...handles);

function take(side, pixels) {
  const [across, down] = [size[0] + margins[0] + margins[1], size[1] + margins[2] + margins[3]];
  const room = most - (side < 2 ? across : down) + margins[side];
  const steps = Math.min(Math.max(0, Math.round((pixels || 0) / multiple)), Math.floor(room / multiple));
  margins[side] = steps * multiple;
}

/** The picture with its margins, with room to pull further. */
function show(kept) {
  const [left, right, up, down] = margins;
  const outer = [size[0] + left + right, size[1] + up + down];
  const room = around.parentElement.getBoundingClientRect();
  scale = kept ?? Math.min(room.width / (outer[0] * 1.2), room.height / (outer[1] * 1.2), 4);
  const set = (node, values) => {
    for (const [name, value] of Object.entries(values)) node.style[name] = `${value * scale}px`;
  };
  set(around, { width: outer[0], height: outer[1] });
  set(inner, { width: size[0], height: size[1], left, top: up });
  $("#extended").textContent = `${size[0]} × ${size[1]} becomes ${outer[0]} × ${outer[1]}`;
}

/** Gives left, right, up and down; null for none, undefined if all stays as it was. */
export function chooseMargins(blob, inside, before, by, largest) {
  [size, margins, multiple, most] = [inside, before ? [...before] : [0, 0, 0, 0], by, largest];
  showBlob(inner, blob);
  for (const [side, input] of inputs.entries()) {
    Object.assign(input, { value: margins[side], step: multiple, max: most });
  }
  dialog.showModal();
  show();
  const again = () => show();
  addEventListener("resize", again);
  return new Promise((done) => {
    const finish = () => { done(margins.some((side) => side > 0) ? margins : null); dialog.close(); };
    const none = () => { done(null); dialog.close(); };
    $("#margins-done").addEventListener("click", finish);
    $("#margins-none").addEventListener("click", none);
    dialog.addEventListener("close", () => {
      $("#margins-done").removeEventListener("click", finish);
      $("#margins-none").removeEventListener("click", none);
      removeEventListener("resize", again);
      done(undefined);
    }, { once: true });
  });
}
