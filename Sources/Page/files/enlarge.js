// The dialog that asks how a picture is to be enlarged.
import { $, el } from "./dom.js";
import { nameOf } from "./fields.js";

const dialog = $("#enlarger");
/** What each method does, and how creative it usually is; without that it draws nothing anew. */
const methods = {
  fast: { words: "A network that was trained to enlarge: sharp edges, in seconds." },
  lanczos: { words: "A filter: nothing is made up, and nothing becomes sharper." },
  conservative: { words: "The network, and then drawn anew in small part: forms stay.", creativity: 0.35 },
  creative: { words: "The network, and then drawn anew in part: details are made up.", creativity: 0.3 },
};
const [method, network] = [$("#method"), $("#network")];
const [scale, creativity] = [$("#scale"), $("#creativity")];
let size, most;

method.append(...Object.keys(methods).map((name) => el("option", { value: name }, nameOf(name))));

function show() {
  const { words, creativity: usual } = methods[method.value];
  $("#method-words").textContent = words;
  $("#redraw").hidden = usual === undefined;
  network.parentElement.hidden = method.value === "lanczos" || network.options.length < 2;
  const large = size.map((side) => Math.round(side * scale.value));
  $("output[for=scale]", dialog).textContent = `${scale.value} ×`;
  $("output[for=creativity]", dialog).textContent = creativity.value;
  $("#enlarged").textContent = `${size.join(" × ")} becomes ${large.join(" × ")}`;
}

method.addEventListener("change", () => {
  creativity.value = methods[method.value].creativity ?? 0.3;
  show();
});
for (const slider of [scale, creativity]) slider.addEventListener("input", show);

/** Gives the fields of POST /jobs/upscale without the picture; null if the user thinks better of it. */
export function chooseEnlargement({ width, height, prompt }, networks) {
  [size, most] = [[width, height], Math.sqrt(4096 * 4096 / (width * height))];
  if (!network.options.length) network.append(...networks.map((name) => el("option", {}, name)));
  scale.max = Math.max(1, Math.min(8, Math.floor(most * 2) / 2));
  creativity.value = methods[method.value].creativity ?? 0.3;
  $("#enlarge-prompt").value = prompt ?? "";
  dialog.returnValue = "";
  $(".main", dialog).value = "yes";
  show();
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return done(null);
    const fields = { method: method.value, scale: Number(scale.value) };
    if (method.value !== "lanczos") fields.upscaler = network.value;
    if (methods[method.value].creativity !== undefined) {
      Object.assign(fields, { prompt: $("#enlarge-prompt").value, creativity: Number(creativity.value) });
    }
    done(fields);
  }, { once: true }));
}
