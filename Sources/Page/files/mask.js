// The dialog in which a mask is painted by hand. What is painted becomes white in a PNG, all else black.
import { $, fileOf } from "./dom.js";

const dialog = $("#painter");
const canvas = $("#painting");
const context = canvas.getContext("2d");
const tint = "#ff5a2b";
/** Larger pictures are painted on at a smaller size; the server fits the mask to the picture. */
const mostSide = 2048;

let picture, base, mask, tool, strokes, undone, drawing, cursor;

const ratio = () => canvas.width / canvas.getBoundingClientRect().width;
const brush = () => Math.max(1, $("#brush-size").value / 100 * Math.min(canvas.width, canvas.height) * 0.6);

function paint(stroke, target = mask.getContext("2d")) {
  if (stroke.kind === "clear") return target.clearRect(0, 0, mask.width, mask.height);
  const modes = { invert: "xor", eraser: "destination-out", brush: "source-over" };
  target.globalCompositeOperation = modes[stroke.kind];
  [target.fillStyle, target.strokeStyle, target.lineCap, target.lineJoin] = [tint, tint, "round", "round"];
  if (stroke.kind === "invert") target.fillRect(0, 0, mask.width, mask.height);
  stroke.points?.forEach((to, place) => segment(target, stroke.points[Math.max(0, place - 1)], to));
  target.globalCompositeOperation = "source-over";
}

/** From one point to the next, as wide as the pen is pressed; a dot where they are the same. */
function segment(target, from, to) {
  target.lineWidth = to.width;
  target.beginPath();
  target.moveTo(from.x, from.y);
  target.lineTo(to.x, to.y + 0.01);
  target.stroke();
}

/** The mask anew, of what it began with and all strokes. */
function repaint() {
  const target = mask.getContext("2d");
  target.clearRect(0, 0, mask.width, mask.height);
  if (base) target.drawImage(base, 0, 0);
  for (const stroke of strokes) paint(stroke, target);
  show();
}

function show() {
  context.globalAlpha = 1;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = 0.6;
  context.drawImage(mask, 0, 0);
  context.globalAlpha = 1;
  if (cursor) ring(cursor, brush() / 2);
  $("#mask-undo").disabled = strokes.length === 0;
  $("#mask-redo").disabled = undone.length === 0;
}

function ring({ x, y }, radius) {
  for (const [colour, width] of [["#000", 3], ["#fff", 1.5]]) {
    [context.strokeStyle, context.lineWidth] = [colour, width * ratio()];
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.stroke();
  }
}

function add(stroke) {
  strokes.push(stroke);
  undone = [];
  if (!stroke.points) { paint(stroke); show(); }
}

/** The pointer's place; a pen's pressure narrows the brush. */
function point(event) {
  const { left, top } = canvas.getBoundingClientRect();
  const pressure = event.pointerType === "pen" ? 0.2 + 0.8 * event.pressure : 1;
  const [x, y] = [event.clientX - left, event.clientY - top].map((place) => place * ratio());
  return { x, y, width: brush() * pressure };
}

function extend(point) {
  const { points } = drawing;
  const target = mask.getContext("2d");
  target.strokeStyle = tint;
  points.push(point);
  paint({ ...drawing, points: points.slice(-2) }, target);
}

canvas.addEventListener("pointerdown", (event) => {
  // One finger paints; others that come along do not.
  if (event.button !== 0 || drawing) return;
  canvas.setPointerCapture(event.pointerId);
  drawing = { kind: tool, points: [], pointer: event.pointerId };
  add(drawing);
  extend(cursor = point(event));
  show();
});
canvas.addEventListener("pointermove", (event) => {
  if (drawing && drawing.pointer !== event.pointerId) return;
  cursor = point(event);
  if (drawing) for (const part of event.getCoalescedEvents?.() ?? [event]) extend(point(part));
  show();
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => { if (drawing?.pointer === event.pointerId) drawing = null; });
}
canvas.addEventListener("pointerleave", () => { cursor = null; show(); });
canvas.addEventListener("focus", () => {
  if (!canvas.matches(":focus-visible")) return;
  cursor ??= { x: canvas.width / 2, y: canvas.height / 2 };
  show();
});

/** Arrows move the brush, and paint with Shift; Space paints where it is. */
canvas.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!way && event.key !== " ") return;
  event.preventDefault();
  cursor ??= { x: canvas.width / 2, y: canvas.height / 2 };
  const from = { ...cursor, width: brush() };
  if (way) {
    const by = Math.max(2, brush() / 4);
    const within = (place, most) => Math.min(Math.max(place, 0), most);
    cursor = { x: within(cursor.x + way[0] * by, canvas.width), y: within(cursor.y + way[1] * by, canvas.height) };
  }
  if (!way || event.shiftKey) {
    add({ kind: tool, points: [from, { ...cursor, width: brush() }] });
    paint(strokes.at(-1));
  }
  show();
});

function choose(name) {
  tool = name;
  for (const id of ["brush", "eraser"]) $(`#${id}`).setAttribute("aria-pressed", String(id === name));
}

function resize(by = 0) {
  const slider = $("#brush-size");
  slider.value = Number(slider.value) + by;
  $("output", dialog).textContent = `${Math.round(brush())} px`;
}

const undo = () => { if (strokes.length) { undone.push(strokes.pop()); repaint(); } };
const redo = () => { if (undone.length) { strokes.push(undone.pop()); repaint(); } };

$("#brush").addEventListener("click", () => choose("brush"));
$("#eraser").addEventListener("click", () => choose("eraser"));
$("#brush-size").addEventListener("input", () => resize());
$("#mask-undo").addEventListener("click", undo);
$("#mask-redo").addEventListener("click", redo);
$("#mask-clear").addEventListener("click", () => add({ kind: "clear" }));
$("#mask-invert").addEventListener("click", () => add({ kind: "invert" }));
dialog.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo(); else undo();
  } else if (key === "[") resize(-3);
  else if (key === "]") resize(3);
  else if (key === "b" || key === "e") choose(key === "b" ? "brush" : "eraser");
});

/** The mask in black and white; null if nothing is painted. */
async function result() {
  const { data } = mask.getContext("2d").getImageData(0, 0, mask.width, mask.height);
  let painted = false;
  for (let i = 3; i < data.length && !painted; i += 4) painted = data[i] > 127;
  if (!painted) return null;
  const file = Object.assign(document.createElement("canvas"), { width: mask.width, height: mask.height });
  const target = file.getContext("2d");
  target.drawImage(mask, 0, 0);
  target.globalCompositeOperation = "source-in";
  target.fillStyle = "#fff";
  target.fillRect(0, 0, file.width, file.height);
  target.globalCompositeOperation = "destination-over";
  target.fillStyle = "#000";
  target.fillRect(0, 0, file.width, file.height);
  return fileOf(file);
}

/** A mask that was painted before, as transparency. */
async function layer(blob) {
  const bitmap = await createImageBitmap(blob);
  const place = Object.assign(document.createElement("canvas"), { width: mask.width, height: mask.height });
  const target = place.getContext("2d", { willReadFrequently: true });
  target.drawImage(bitmap, 0, 0, place.width, place.height);
  const pixels = target.getImageData(0, 0, place.width, place.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data[i + 3] = pixels.data[i];
    [pixels.data[i], pixels.data[i + 1], pixels.data[i + 2]] = [255, 90, 43];
  }
  target.putImageData(pixels, 0, 0);
  return place;
}

/** Lets the user paint. Gives the mask as a PNG, null for none, undefined if all stays as it was. */
export async function paintMask(blob, before) {
  picture = await createImageBitmap(blob);
  const scale = Math.min(1, mostSide / Math.max(picture.width, picture.height));
  const size = { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) };
  Object.assign(canvas, size);
  mask = Object.assign(document.createElement("canvas"), size);
  [base, strokes, undone, drawing, cursor] = [before ? await layer(before) : null, [], [], null, null];
  canvas.style.setProperty("--width", `${size.width}px`);
  canvas.style.aspectRatio = `${size.width} / ${size.height}`;
  choose("brush");
  dialog.showModal();
  resize();
  repaint();
  return new Promise((done) => {
    const finish = async () => { const made = await result(); done(made); dialog.close(); };
    $("#mask-done").addEventListener("click", finish);
    const end = () => { $("#mask-done").removeEventListener("click", finish); done(undefined); };
    dialog.addEventListener("close", end, { once: true });
  });
}
