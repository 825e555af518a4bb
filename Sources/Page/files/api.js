// The server: requests with the key that it may ask for, events of jobs, and whether it can be reached.
import { $, ask, kept, parse } from "./dom.js";

/** What the server refuses. Its message begins with the field at fault, if there is one. */
export class ServerError extends Error {
  constructor(status, name, message) {
    const parts = /^([a-z_]+): (.*)$/s.exec(message);
    super(message);
    Object.assign(this, { status, name, field: parts?.[1], words: parts?.[2] ?? message });
  }

  static async of(answer) {
    const body = await answer.json().catch(() => ({}));
    const message = body.message ?? `The server answered ${answer.status}.`;
    return new ServerError(answer.status, body.name ?? "", message);
  }
}

/** Whether the server is there; it is asked again and again while it is not. */
const connection = {
  waiting: null,

  found() { if (!this.waiting) $("#connection").textContent = ""; },

  /** Ends when the server can be reached again. */
  lost() {
    this.waiting ??= this.wait().finally(() => { this.waiting = null; this.found(); });
    return this.waiting;
  },

  async wait() {
    for (let pause = 1000; ; pause = Math.min(pause * 1.5, 10000)) {
      $("#connection").textContent = "The server cannot be reached. Trying again…";
      await new Promise((done) => setTimeout(done, pause));
      if (await fetch("/health", { cache: "no-store" }).then((answer) => answer.ok, () => false)) return;
    }
  },
};

/** A key is asked for once, however many requests wait for it. */
let asking = null;
function askForKey(wrong) {
  const words = wrong
    ? "This key was not right."
    : "It is one of the server's --api-key-file, and stays in this browser.";
  asking ??= ask("The server asks for a key", words, "Use it", true)
    .then((yes) => { if (yes) kept.set("key", $("#key").value.trim()); return yes; })
    .finally(() => { asking = null; });
  return asking;
}

async function send(path, options = {}) {
  for (;;) {
    const key = kept.get("key");
    const headers = key ? { ...options.headers, authorization: `Bearer ${key}` } : options.headers;
    let answer;
    try {
      answer = await fetch(path, { ...options, headers });
    } catch (error) {
      connection.lost();
      throw error;
    }
    connection.found();
    if (answer.status === 401 && await askForKey(key)) continue;
    if (!answer.ok) throw await ServerError.of(answer);
    return answer;
  }
}

export const get = async (path) => parse(await (await send(path)).text());
export const post = async (path, body) => parse(await (await send(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
})).text());
export const file = async (path) => (await send(path)).blob();

/** Pieces of a stream of server-sent events. */
async function* events(stream) {
  let rest = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const pieces = (rest + value).split("\n\n");
    rest = pieces.pop();
    for (const piece of pieces) {
      const event = { name: "message", data: "" };
      for (const line of piece.split("\n")) {
        if (line.startsWith("event:")) event.name = line.slice(6).trim();
        if (line.startsWith("data:")) event.data += line.slice(5).trim();
      }
      if (event.data) yield { name: event.name, data: parse(event.data) };
    }
  }
}

/** Tells a job's events until it ends. A stream that breaks is begun again, and first tells what is known. */
export async function follow(id, tell) {
  for (;;) {
    try {
      const answer = await send(`/jobs/${id}/events`);
      for await (const { name, data } of events(answer.body)) {
        await tell(name, data);
        if (name === "finished" || name === "failed") return;
      }
    } catch (error) {
      // This is what a connection that breaks throws.
      if (!(error instanceof TypeError)) throw error;
    }
    await connection.lost();
  }
}
