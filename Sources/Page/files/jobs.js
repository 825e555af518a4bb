// Jobs of this browser: asked for, followed by their events, and found again after a reload.
import * as api from "./api.js";
import { $, duration, el, kept, say, toast } from "./dom.js";
import { nameOf } from "./fields.js";
import { store } from "./store.js";

/** What one job is, to people. */
export function stateOf(job) {
  const { state, ahead, progress } = job;
  if (state === "asking") return "Asking the server…";
  if (state === "waiting" && !ahead) return "Waiting for its turn";
  if (state === "waiting") return ahead === 1 ? "1 job before yours" : `${ahead} jobs before yours`;
  if (!progress) return "Beginning…";
  const isSampling = progress.stage === "sampling" && progress.steps;
  const parts = [isSampling ? `Step ${progress.step} of ${progress.steps}` : nameOf(progress.stage)];
  if (progress.pictures > 1) parts.push(`${progress.finishedPictures} of ${progress.pictures} pictures done`);
  if (progress.secondsLeft >= 1) parts.push(`about ${duration(progress.secondsLeft)} left`);
  return parts.join(" · ");
}

export const jobs = {
  /** Those that have not ended, in the order in which they were asked for. */
  all: [],
  /** Names of these, and of those that have ended. */
  known: new Set(),
  /** Told of a new job, and of one that the server does not take. */
  onadd: () => {},
  onrefused: () => {},
  /** Told when something of a job has changed. */
  onchange: () => {},
  /** Told of a picture's record and files; gives the record that is kept. */
  onpicture: async (record) => record,
  onend: () => {},

  /** Takes up what ran when the page was left. */
  async resume() {
    for (const saved of kept.get("jobs") ?? []) {
      const job = { ...saved, files: await store.kept(`job-${saved.id}`) ?? {} };
      this.add(job);
      this.follow(job);
    }
  },

  /**
   * @param kind "draw" or "upscale". @param files the pictures that it is made of.
   * @param source the record of the picture that is enlarged, whose settings stay.
   */
  async submit(kind, body, files, source = {}) {
    const { request, seed } = source;
    const job = {
      kind, files, source: { request, seed }, prompt: body.prompt || source.prompt || "",
      count: body.count ?? 1, margins: body.outpaint ?? null,
    };
    this.add(job);
    try {
      job.id = (await api.post(`/jobs/${kind}`, body)).id;
    } catch (error) {
      this.all = this.all.filter((other) => other !== job);
      this.onrefused(job);
      throw error;
    }
    if (files.init) await store.keep(`job-${job.id}`, files);
    this.follow(job);
    if (job.isCancelled) this.cancel(job);
  },

  add(job) {
    const lists = { previews: [], pictures: [], notices: [] };
    Object.assign(job, { state: "asking", ahead: 0, progress: null, problem: null, ...lists });
    this.all.push(job);
    this.onadd(job);
  },

  follow(job) {
    this.known.add(job.id);
    this.remember();
    api.follow(job.id, (name, data) => this.take(job, name, data))
      .catch((error) => {
        job.problem = error.status === 404 ? "The server does not know this job any longer." : error.message;
      })
      .finally(() => this.end(job));
  },

  async take(job, name, data) {
    if (name === "queued") [job.state, job.ahead] = ["waiting", data.ahead ?? 0];
    if (name === "started") job.state = "working";
    if (name === "queued" || name === "started") say(stateOf(job));
    if (name === "progress") [job.state, job.progress] = ["working", data];
    if (name === "preview") {
      job.previews[data.index] = data.image;
      job.size = [data.pictureWidth, data.pictureHeight];
    }
    if (name === "notice" && !job.notices.includes(data.description)) job.notices.push(data.description);
    if (name === "failed" && !job.isCancelled) job.problem = data.message;
    if (name === "picture" && !job.pictures[data.index]) await this.takePicture(job, data);
    this.onchange(job, name);
  },

  async takePicture(job, data) {
    if (data.filtered) job.notices.push("The server's filter has blurred this picture.");
    const request = data.request ?? job.source.request ?? {};
    const { index, width, height, format } = data;
    const record = {
      id: `${job.id}/${index}`, width, height, format, seed: data.seed ?? job.source.seed,
      prompt: request.prompt ?? job.prompt, request: { model: data.model, ...request },
      notices: [...job.notices], margins: job.margins,
    };
    job.pictures[index] = await this.onpicture(record, { ...job.files, blob: await api.file(data.link) });
    say(`Picture finished: ${record.prompt}`);
  },

  end(job) {
    job.state = "ended";
    this.all = this.all.filter((other) => other !== job);
    this.remember();
    store.drop(`job-${job.id}`);
    this.onend(job);
  },

  remember() {
    // Another page of this browser may have jobs of its own.
    const others = (kept.get("jobs") ?? []).filter(({ id }) => !this.known.has(id));
    const plain = ({ id, kind, prompt, count, margins, source }) => ({ id, kind, prompt, count, margins, source });
    const own = this.all.filter(({ id }) => id).map(plain);
    kept.set("jobs", [...others, ...own]);
  },

  async cancel(job) {
    job.isCancelled = true;
    say("Cancelling");
    // One without a name is cancelled when it has one.
    if (!job.id) return;
    await api.post(`/jobs/${job.id}/cancel`, {}).catch((error) => {
      // 404: it has ended by itself.
      if (error.status !== 404) toast(error.message);
    });
  },

  /** A line of the list of jobs. It stays the same one, so that a click on it is not lost. */
  row(job, onwatch) {
    job.row ??= this.newRow(job, onwatch);
    const preview = job.previews.findLast(Boolean);
    const [image, words] = [$("img", job.row), $("small", job.row)];
    image.hidden = !preview;
    if (preview) image.src = preview;
    words.textContent = stateOf(job);
    return job.row;
  },

  newRow(job, onwatch) {
    const cancel = () => this.cancel(job);
    const ending = { type: "button", class: "quiet", "aria-label": `Cancel: ${job.prompt}`, onclick: cancel };
    return el("li", {}, el("span", { class: "blank" }, el("img", { alt: "" })),
      el("button", { type: "button", class: "watch", onclick: onwatch },
        el("span", {}, job.prompt || "Without a prompt"), el("small", {})),
      el("button", ending, "Cancel"));
  },
};
