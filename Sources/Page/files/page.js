// The page: puts its parts together, and says what happens between them.
import * as api from "./api.js";
import { $, dataURI, el, prepareButtons, toast } from "./dom.js";
import { form } from "./form.js";
import { gallery } from "./gallery.js";
import { jobs } from "./jobs.js";
import { reader } from "./reader.js";
import { stage } from "./stage.js";
import { start } from "./start.js";
import { chooseEnlargement } from "./enlarge.js";

/** What the built-in model can draw is little; other models know the world. */
const examples = {
  "built-in": [
    "a red heart on a white background", "a green house in the desert", "a house by the sea at dusk, watercolor",
    "a futuristic city at sunset", "a yellow boat on a purple background",
  ],
  other: [
    "a lighthouse on a cliff at dusk, oil painting", "a fox in deep snow, photograph, soft light",
    "an old library with tall windows, morning sun", "a bowl of lemons on a blue table, still life",
  ],
};

async function submit(kind, body, files, source) {
  if (innerWidth < 900) $("#stage").scrollIntoView({ block: "start" });
  try {
    await jobs.submit(kind, body, files, source);
  } catch (error) {
    if (!(error instanceof api.ServerError)) toast("The server cannot be reached; nothing was asked for.");
    else if (!form.show(error) && !start.show(error)) toast(error.message);
  }
}

async function draw(changes = {}) {
  const values = { ...form.values, ...changes };
  if (!values.prompt && !start.blob) return form.show({ field: "prompt", words: "Say what to draw." });
  if ($("#draw").ariaBusy) return;
  $("#draw").ariaBusy = "true";
  await submit("draw", { ...values, model: form.model.name, ...await start.request() }, start.files);
  $("#draw").ariaBusy = null;
}

function cancel() {
  const job = jobs.all.includes(stage.job) ? stage.job : jobs.all[0];
  if (job) jobs.cancel(job);
}

/** Takes over a picture's settings, and what it was made of where that is known. */
async function use(request, files = {}, margins = null) {
  const isServed = form.catalogue.models.some(({ name }) => name === request.model);
  if (request.model && !isServed) toast(`${request.model} is not served; ${form.model.name} would draw this.`);
  form.fill(isServed ? request : { ...request, model: undefined });
  if (files.init) await start.set(files.init, { mask: files.mask, margins });
  else {
    start.clear();
    if (request.init) toast("These settings name a starting picture, which is not here.");
  }
}

async function startFrom(blob, next) {
  if (!await start.set(blob)) return;
  for (const side of ["width", "height"]) form.set(side, undefined);
  if (next) await start[next]();
  $("#start").scrollIntoView({ block: "nearest" });
}

async function enlarge(blob, source) {
  const fields = await chooseEnlargement(source, form.catalogue.networks);
  if (!fields) return;
  const model = fields.prompt === undefined ? undefined : form.model.name;
  await submit("upscale", { picture: await dataURI(blob), ...fields, model }, { init: blob }, source);
}

function download(record, { blob }) {
  const words = (record.prompt || "picture").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = `${words.join("-").slice(0, 60)}-${record.seed ?? 0}.${record.format}`;
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function remove(record) {
  const next = gallery.beside(record, 1) ?? gallery.beside(record, -1);
  await gallery.remove([record]);
  if (next) return stage.show(next, true);
  showEmpty();
  $("#field-prompt").focus();
}

const useRecord = (record, files) => use(record.request, files, record.margins);

/** Four pictures near this one: its seed's noise, turned a little. */
async function vary(record, files) {
  await useRecord(record, files);
  const strength = form.values.subseed_strength ?? 0.2;
  const all = { seeds: undefined, subseed: undefined, subseed_strength: strength, count: 4 };
  await draw({ ...all, seed: record.request.seed ?? record.seed });
}

stage.actions = [
  ["Use these", "use", "Take over this picture's settings", useRecord],
  ["Vary", "vary", "Draw four variations of this picture", vary],
  ["Edit", "picture", "Start from this picture", (_, { blob }) => startFrom(blob)],
  ["Inpaint", "brush", "Draw a part of it anew", (_, { blob }) => startFrom(blob, "paint")],
  ["Extend", "extend", "Draw beyond its sides", (_, { blob }) => startFrom(blob, "extend")],
  ["Enlarge", "enlarge", "Make it larger", (record, { blob }) => enlarge(blob, record)],
  ["Download", "save", "Save the file, which holds its settings", download],
  ["Delete", "delete", "Delete it from this browser", remove],
].map(([name, symbol, hint, run]) => ({ name, symbol, hint, run }));

function showEmpty() {
  stage.empty(examples[form.model.name] ?? examples.other, (prompt) => {
    form.set("prompt", prompt);
    draw();
  });
}

/** What is shown where nothing else is. */
function showLast() {
  if (gallery.records[0]) stage.show(gallery.records[0]); else showEmpty();
}

/** Jobs that the stage does not show, and what the buttons may do. */
function showJobs() {
  const others = jobs.all.filter((job) => job !== stage.job);
  $("#queue").hidden = others.length === 0;
  const [list, rows] = [$("#queue ul"), others.map((job) => jobs.row(job, () => stage.watch(job)))];
  const isSame = rows.length === list.children.length && rows.every((row, place) => row === list.children[place]);
  if (!isSame) list.replaceChildren(...rows);
  $("#cancel").hidden = jobs.all.length === 0;
  $("#reuse").disabled = stage.record?.seed === undefined;
  const share = jobs.all.find(({ progress }) => progress)?.progress.fraction;
  document.title = share === undefined ? "Darkroom" : `${Math.round(share * 100)} % · Darkroom`;
}

stage.onshow = showJobs;
gallery.ondelete = remove;
gallery.onpick = (record) => { if (record) stage.show(record, true); else showLast(); };
jobs.onadd = (job) => {
  if (!jobs.all.includes(stage.job)) stage.watch(job);
  showJobs();
};
jobs.onrefused = (job) => { if (stage.job === job) showLast(); };
jobs.onchange = (job, name) => {
  if (name === "started" && !stage.isPicked && !jobs.all.includes(stage.job)) stage.watch(job);
  stage.update(job);
  showJobs();
};
jobs.onpicture = (record, files) => gallery.add(record, files);
jobs.onend = (job) => {
  stage.update(job);
  if (stage.job === job && job.pictures.length === 1 && job.count === 1) stage.show(job.pictures[0]);
  showJobs();
};
reader.onuse = (request) => use(request);
reader.onstart = (blob) => startFrom(blob);
reader.onenlarge = enlarge;

function listen() {
  $("#form").addEventListener("submit", (event) => { event.preventDefault(); draw(); });
  $("#cancel").addEventListener("click", cancel);
  $("#reuse").addEventListener("click", () => form.set("seed", stage.record.seed));
  $("#choose").addEventListener("click", async () => startFrom(await reader.choose()));
  $("#read").addEventListener("click", async () => reader.read(await reader.choose()));
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); draw(); }
    if (event.key === "Escape") cancel();
  });
}

/** The table of fields; asked for until the server answers. */
async function catalogue() {
  for (;;) {
    try { return await api.get("/catalogue"); } catch { await new Promise((done) => setTimeout(done, 1000)); }
  }
}

prepareButtons();
form.build(await catalogue());
start.build();
listen();
reader.listen();
await gallery.build();
showLast();
jobs.resume();
document.documentElement.dataset.ready = "yes";
