#!/usr/bin/env python3
"""A stand-in for the Hugging Face Hub on this machine: serves folders as repositories.

Knows what clients need to list and fetch a model: /api/models/REPO, its revisions and trees (in pages), and
/REPO/resolve/COMMIT/FILE with ranges and the hashes by which the Hub names files.
"""

import argparse
import hashlib
import http.server
import json
import pathlib
import re
import urllib.parse

PAGE = 5
PIECE = 1 << 20


def digest(path, algorithm, start=b""):
    state = hashlib.new(algorithm, start)
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            state.update(piece)
    return state.hexdigest()


class Repository:
    """A folder; files named *.safetensors are large ones, as in Git LFS."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.files[path.relative_to(folder).as_posix()] = self.entry(path)
        self.commit = hashlib.sha1(json.dumps(self.files).encode()).hexdigest()

    def entry(self, path):
        size = path.stat().st_size
        entry = {"type": "file", "size": size, "path": path.relative_to(self.folder).as_posix()}
        if path.suffix == ".safetensors":
            large = digest(path, "sha256")
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{large}\nsize {size}\n".encode()
            entry["oid"] = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
            entry["lfs"] = {"oid": large, "size": size, "pointerSize": len(pointer)}
        else:
            entry["oid"] = digest(path, "sha1", b"blob %d\0" % size)
        return entry


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    repositories = {}

    def log_message(self, *arguments):
        pass

    def answer(self, status, value, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(address.query)
        parts = [urllib.parse.unquote(part) for part in address.path.strip("/").split("/")]
        if parts[:2] == ["api", "models"]:
            parts = parts[2:]
            kind = parts[2] if len(parts) > 2 else "revision"
        else:
            kind = parts[2] if len(parts) > 2 else ""
        repository = self.repositories.get("/".join(parts[:2]))
        if repository is None:
            return self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        revision = parts[3] if len(parts) > 3 else "main"
        if revision not in ("main", repository.commit):
            return self.answer(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
        if kind == "revision":
            return self.info("/".join(parts[:2]), repository)
        if kind == "tree":
            return self.tree(repository, int(query.get("cursor", ["0"])[0]), address.path)
        if kind == "resolve":
            return self.file(repository, "/".join(parts[4:]))
        return self.answer(404, {"error": "Not found"})

    def info(self, name, repository):
        files = [{"rfilename": path} for path in repository.files]
        self.answer(
            200,
            {"_id": "0", "id": name, "modelId": name, "sha": repository.commit, "private": False, "gated": False,
             "disabled": False, "downloads": 0, "likes": 0, "tags": [], "siblings": files})

    def tree(self, repository, first, path):
        entries = list(repository.files.values())
        folders = sorted({entry["path"].split("/")[0] for entry in entries if "/" in entry["path"]})
        entries += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": name} for name in folders]
        headers = {}
        if first + PAGE < len(entries):
            host = self.headers["Host"]
            headers["Link"] = f'<http://{host}{path}?recursive=true&cursor={first + PAGE}>; rel="next"'
        self.answer(200, entries[first:first + PAGE], headers)

    def file(self, repository, name):
        entry = repository.files.get(name)
        if entry is None:
            return self.answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        size, start, end = entry["size"], 0, entry["size"] - 1
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or end), end)
            if start >= size:
                return self.answer(416, {}, {"Content-Range": f"bytes */{size}"})
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("ETag", f'"{entry["oid"]}"')
        if "lfs" in entry:
            self.send_header("X-Linked-Etag", f'"{entry["lfs"]["oid"]}"')
            self.send_header("X-Linked-Size", str(size))
        self.end_headers()
        if self.command == "HEAD":
            return
        with open(repository.folder / name, "rb") as file:
            file.seek(start)
            left = end - start + 1
            while left > 0 and (piece := file.read(min(PIECE, left))):
                self.wfile.write(piece)
                left -= len(piece)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", metavar="OWNER/NAME=FOLDER")
    parser.add_argument("--address-file", required=True, help="where http://127.0.0.1:PORT is written")
    arguments = parser.parse_args()
    for repository in arguments.repositories:
        name, folder = repository.split("=", 1)
        Handler.repositories[name] = Repository(pathlib.Path(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = pathlib.Path(arguments.address_file)
    partial = address.with_suffix(".partial")
    partial.write_text(f"http://127.0.0.1:{server.server_address[1]}")
    partial.rename(address)
    server.serve_forever()


if __name__ == "__main__":
    main()
