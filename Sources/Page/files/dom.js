// Helpers for elements. Text from outside only ever becomes text.

export const $ = (selector, root = document) => root.querySelector(selector);

/** An element. Functions among its attributes are listeners (`onclick`), true and false are properties. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") node[name] = value;
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

/** One of the drawings at the end of index.html. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(space, "use")).setAttribute("href", `#i-${name}`);
  return svg;
}

export function button(words, symbol, onclick, attributes = {}) {
  const all = { type: "button", class: "quiet", onclick, ...attributes };
  return el("button", all, icon(symbol), el("span", {}, words));
}

/** Tells a screen reader what has happened. */
export function say(words) { $("#live").textContent = words; }

/** A message that goes by itself; with an action, later. */
export function toast(words, action) {
  const box = el("div", { class: "toast" }, el("span", {}, words));
  const end = () => box.remove();
  if (action) {
    box.append(el("button", { type: "button", onclick: () => { end(); action.run(); } }, action.name));
  }
  const closing = { type: "button", class: "icon", "aria-label": "Close the message", onclick: end };
  box.append(el("button", closing, icon("close")));
  $("#toasts").append(box);
  while ($("#toasts").children.length > 3) $("#toasts").firstChild.remove();
  setTimeout(end, action ? 12000 : 7000);
}

/** Asks in a dialog. Gives true for the button with the action's name, false for anything else. */
export function ask(title, words, action, withKey = false) {
  const dialog = $("#question");
  $("#question-title").textContent = title;
  $("#question-words").textContent = words;
  $(".main", dialog).textContent = action;
  $(".field", dialog).hidden = !withKey;
  dialog.returnValue = "";
  $(".main", dialog).value = "yes";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

/** Gives buttons of index.html their icon (data-icon); those with data-close end their dialog. */
export function prepareButtons() {
  for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon));
  for (const node of document.querySelectorAll("[data-close]")) {
    node.addEventListener("click", () => node.closest("dialog").close());
  }
}

/** Rows of names and values. */
export function list(rows) {
  return rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
}

export function dataURI(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** A canvas' picture as a file. */
export const fileOf = (canvas, type = "image/png", quality = undefined) =>
  new Promise((done) => canvas.toBlob(done, type, quality));

/** Shows a blob, and forgets the one that was shown before. */
export function showBlob(image, blob) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  if (blob) image.src = URL.createObjectURL(blob); else image.removeAttribute("src");
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** JSON whose whole numbers stay exact: those that JavaScript's numbers cannot hold become texts. */
export const parse = (text) => JSON.parse(text, (_, value, context) => {
  const isLarge = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLarge ? context?.source ?? value : value;
});

/** What the browser keeps between visits, as JSON; nothing where it keeps nothing. */
export const kept = {
  get(name) {
    try { return parse(localStorage.getItem(`darkroom.${name}`)); } catch { return null; }
  },
  set(name, value) {
    // The page works where nothing is kept, too.
    try { localStorage.setItem(`darkroom.${name}`, JSON.stringify(value)); } catch { /* as it is */ }
  },
};
