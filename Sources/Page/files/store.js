// What the browser keeps of pictures: what is shown of them all in one store, their files in another.

const opened = new Promise((done) => {
  try {
    const request = indexedDB.open("darkroom", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("pictures", { keyPath: "id" }).createIndex("date", "date");
      request.result.createObjectStore("files");
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(null);
  } catch { done(null); }
});

/** Runs work on stores, and ends when all of it is written. */
async function run(mode, work) {
  const database = await opened;
  if (!database) throw new DOMException("this browser keeps nothing", "NotFoundError");
  return new Promise((done, failed) => {
    const transaction = database.transaction(["pictures", "files"], mode);
    const request = work(transaction.objectStore("pictures"), transaction.objectStore("files"));
    transaction.oncomplete = () => done(request?.result);
    transaction.onerror = transaction.onabort = () => failed(transaction.error ?? request?.error);
  });
}

export const store = {
  put: (record, files) => run("readwrite", (pictures, all) => {
    pictures.put(record);
    all.put(files, record.id);
  }),
  remove: (ids) => run("readwrite", (pictures, files) => {
    for (const id of ids) [pictures, files].forEach((place) => place.delete(id));
  }),
  files: (id) => run("readonly", (_, files) => files.get(id)),
  count: () => run("readonly", (pictures) => pictures.count()),

  /** So many records before a date, the newest first. */
  async before(date, count) {
    const found = [];
    await run("readonly", (pictures) => {
      const request = pictures.index("date").openCursor(IDBKeyRange.upperBound(date, true), "prev");
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor || found.length === count) return;
        found.push(cursor.value);
        if (found.length < count) cursor.continue();
      };
    });
    return found;
  },

  /** Files that belong to no picture of the gallery. What cannot be kept is not needed to go on. */
  keep: (name, value) => run("readwrite", (_, files) => { files.put(value, name); }).catch(() => {}),
  drop: (name) => run("readwrite", (_, files) => { files.delete(name); }).catch(() => {}),
  kept: (name) => run("readonly", (_, files) => files.get(name)).catch(() => null),
};
