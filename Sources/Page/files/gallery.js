// The gallery: pictures that this browser keeps, the newest first.
import { $, ask, el, fileOf, toast } from "./dom.js";
import { store } from "./store.js";

const page = 60;
const thumbSide = 320;

async function thumbOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, thumbSide / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return fileOf(canvas, "image/webp", 0.85);
}

export const gallery = {
  /** Those that are shown; older ones may be in the store. */
  records: [],
  total: 0,
  chosen: null,
  /** Told of the record that the user picks. */
  onpick: () => {},
  /** Told of one that is to be deleted. */
  ondelete: () => {},

  async build() {
    $("#older").addEventListener("click", () => this.more());
    $("#delete-all").addEventListener("click", () => this.removeAll());
    $("#pictures").addEventListener("keydown", (event) => this.move(event));
    this.total = await store.count().catch(() => 0);
    await this.more();
  },

  async more() {
    const found = await store.before(this.records.at(-1)?.date ?? Infinity, page).catch(() => []);
    this.records.push(...found);
    $("#pictures").append(...found.map((record) => this.item(record)));
    this.count();
  },

  item(record) {
    const { prompt, width, height } = record;
    const image = el("img", { alt: "", loading: "lazy", width, height, src: URL.createObjectURL(record.thumb) });
    const node = el("button", {
      type: "button", "aria-label": `${prompt || "Picture without a prompt"}, ${width} × ${height}`,
      tabindex: -1, title: prompt, onclick: () => this.onpick(record),
    }, image);
    record.node = el("li", {}, node);
    return record.node;
  },

  /** @param files its `blob`, and `init` and `mask` where it was made of pictures. */
  async add(record, files) {
    const known = this.records.find((other) => other.id === record.id);
    if (known) return known;
    record.thumb = await thumbOf(files.blob);
    record.date = Math.max(Date.now(), (this.records[0]?.date ?? 0) + 1);
    await this.put([{ record, files }]);
    return record;
  },

  /** Into the store and the list, by date. */
  async put(pairs) {
    for (const { record, files } of pairs) {
      const { node, unsaved, ...plain } = record;
      try {
        await store.put(plain, files);
        this.total += 1;
      } catch (error) {
        record.unsaved = files;
        toast(error.name === "QuotaExceededError"
          ? "The browser's storage is full. Download this picture, or it is lost when the page is closed."
          : "This browser keeps no pictures. Download those that you want to have.");
      }
      const place = this.records.findIndex((other) => other.date < record.date);
      const next = place < 0 ? null : this.records[place].node;
      this.records.splice(place < 0 ? this.records.length : place, 0, record);
      $("#pictures").insertBefore(this.item(record), next);
    }
    this.count();
  },

  files: async (record) => record.unsaved ?? store.files(record.id),

  async remove(records) {
    const pairOf = async (record) => ({ record, files: await this.files(record) });
    const pairs = await Promise.all(records.map(pairOf));
    await store.remove(records.map(({ id }) => id)).catch(() => {});
    this.total -= records.filter(({ unsaved }) => !unsaved).length;
    const gone = new Set(records.map(({ id }) => id));
    for (const { id, node } of this.records) {
      if (!gone.has(id)) continue;
      URL.revokeObjectURL($("img", node).src);
      node.remove();
    }
    this.records = this.records.filter(({ id }) => !gone.has(id));
    this.count();
    toast(records.length === 1 ? "The picture is deleted." : `${records.length} pictures are deleted.`,
      { name: "Undo", run: () => this.put(pairs) });
  },

  async removeAll() {
    if (!await ask("Delete all pictures?", `This browser keeps ${this.total} of them.`, "Delete all")) return;
    const stored = await store.before(Infinity, Infinity).catch(() => []);
    await this.remove([...this.records.filter(({ unsaved }) => unsaved), ...stored]);
    this.onpick(null);
  },

  count() {
    const { length } = this.records;
    $("#gallery-words").textContent = length
      ? `${Math.max(this.total, length)} in this browser`
      : "Pictures that you draw are kept here, in this browser alone.";
    $("#delete-all").hidden = !length;
    $("#older").hidden = this.total <= length;
    this.choose(this.chosen);
  },

  /** Marks the record that is shown; the Tab key stops at it. */
  choose(record) {
    this.chosen = record;
    const stop = this.records.find(({ id }) => id === record?.id) ?? this.records[0];
    for (const other of this.records) {
      const node = other.node.firstChild;
      node.tabIndex = other === stop ? 0 : -1;
      node.ariaCurrent = other.id === record?.id ? "true" : null;
    }
  },

  /** The one so many places from a record; nothing beyond the ends. */
  beside(record, by) { return this.records[this.records.findIndex(({ id }) => id === record?.id) + by]; },

  /** Arrow keys go from one picture to another, up and down by rows. */
  move(event) {
    const nodes = this.records.map(({ node }) => node.firstChild);
    const now = nodes.indexOf(document.activeElement);
    if (now < 0) return;
    if (event.key === "Delete") {
      (nodes[now + 1] ?? nodes[now - 1])?.focus();
      return this.ondelete(this.records[now]);
    }
    const across = nodes.filter((node) => node.offsetTop === nodes[0].offsetTop).length;
    const by = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -now, End: nodes.length - 1 - now,
    }[event.key];
    if (by === undefined || !nodes[now + by]) return;
    event.preventDefault();
    nodes[now].tabIndex = -1;
    nodes[now + by].tabIndex = 0;
    nodes[now + by].focus();
  },
};
