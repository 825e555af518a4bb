#!/usr/bin/env python3
"""Clients that are killed in each phase of a request, and a server that is asked to end while it draws."""

import os
import pathlib
import subprocess
import sys
import threading
import time

import requests

from pictures import file, noise, opened
from server import Server, check

WORK = pathlib.Path(os.environ["WORK"])
CORE = "/v2beta/stable-image/generate/core"
SHORT = {"prompt": "a boat", "steps": 10, "width": 64, "height": 64}
LONG = {"prompt": "a boat", "steps": 150, "width": 384, "height": 384}
# Sends a file's bytes to a port, and reads nothing of the answer.
DEAF = """
import socket, sys, time
connection = socket.socket()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
connection.connect(("127.0.0.1", int(sys.argv[1])))
connection.sendall(open(sys.argv[2], "rb").read())
print("sent", flush=True)
time.sleep(600)
"""


def raw(server, path, data, **files):
    """The bytes of a request, and where its body begins."""
    request = requests.Request("POST", server.url + path, data=data, files=files or {"none": ""}).prepare()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items()) + "\r\n"
    return head.encode() + request.body, len(head)


def deaf(server, data):
    """A process that has sent this much of a request."""
    sent = WORK / "request"
    sent.write_bytes(data)
    process = subprocess.Popen([sys.executable, "-c", DEAF, str(server.port), sent], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def post(server, data):
    return requests.post(server.url + CORE, data=data, files={"none": ""}, timeout=300)


def is_idle(server):
    return server.figure("working_jobs") == 0 and server.figure("queue_jobs") == 0


def dead_clients(server):
    post(server, SHORT)
    time.sleep(0.5)
    files = server.file_count()

    def next_client(phase, since):
        server.until(lambda: is_idle(server), f"{phase}: no job is left", 10)
        took = time.monotonic() - since
        server.until(lambda: server.file_count() <= files, f"{phase}: its connection is closed", 10)
        check(post(server, SHORT).status_code == 200, f"killed {phase}: idle again after {took * 1000:.0f} ms, and serves")
        return took

    long, body = raw(server, CORE, LONG)
    for phase, count in [("amid the headers", body // 2), ("amid the body", (body + len(long)) // 2)]:
        client = deaf(server, long[:count])
        time.sleep(0.2)
        kill(client)
        next_client(phase, time.monotonic())

    # A connection that has served others before.
    health = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    working = deaf(server, health * 5 + long)
    server.until(lambda: server.figure("working_jobs") == 1, "a job is at work")
    waiting = deaf(server, raw(server, CORE, LONG | {"prompt": "another"})[0])
    server.until(lambda: server.figure("queue_jobs") == 1, "a job waits")
    kill(waiting)
    server.until(lambda: server.figure("queue_jobs") == 0, "killed while waiting: the job is taken back", 2)
    check(server.figure("working_jobs") == 1, "killed while waiting: the job is taken back, the other goes on")
    kill(working)
    check(next_client("while drawing", time.monotonic()) < 2, "a job ends soon, not after its 150 steps")

    made = server.figure("pictures_total")
    fast = raw(server, "/v2beta/stable-image/upscale/fast", {}, image=file(noise(512, 512)))[0]
    batches = server.figure("batches_total")
    client = deaf(server, fast)
    server.until(lambda: server.figure("batches_total") > batches and is_idle(server), "the picture is made")
    time.sleep(1)
    held = server.file_count()
    kill(client)
    next_client("while the answer is sent", time.monotonic())
    check(held > files and server.figure("pictures_total") > made, "which it was when its reader ended")


class Asking(threading.Thread):
    """A client in the background."""

    def __init__(self, server, data):
        super().__init__()
        self.server, self.data, self.answer = server, data, None
        self.start()

    def run(self):
        self.answer = post(self.server, self.data)


def ending():
    with Server() as server:
        working = Asking(server, LONG | {"steps": 40})
        server.until(lambda: server.figure("working_jobs") == 1, "a job is at work")
        waiting = Asking(server, LONG | {"prompt": "another"})
        server.until(lambda: server.figure("queue_jobs") == 1, "another waits")
        server.signal()
        server.until(lambda: "event=ending" in " ".join(server.log), "the server has heard")
        check(requests.get(server.url + "/ready", timeout=10).status_code == 503, "SIGTERM: it is not ready any longer")
        check(post(server, SHORT).status_code == 503, "and takes no more work")
        waiting.join()
        check(waiting.answer.status_code == 503 and "retry-after" in waiting.answer.headers, "what waits is told to come again")
        working.join()
        check(working.answer.status_code == 200 and opened(working.answer.content).size == (384, 384),
              "what is at work gets its picture")
        check(server.process.wait(timeout=30) == 0, "and it ends with status 0")
    with Server("--drain-time", "1") as server:
        working = Asking(server, LONG)
        server.until(lambda: server.figure("working_jobs") == 1, "a job is at work")
        start = time.monotonic()
        server.end()
        working.join()
        check(working.answer.status_code == 503 and time.monotonic() - start < 10, "--drain-time limits what is at work")
    with Server() as server:
        client = deaf(server, raw(server, CORE, LONG)[0])
        server.until(lambda: server.figure("working_jobs") == 1, "a job is at work")
        server.signal()
        server.until(lambda: "event=ending" in " ".join(server.log), "the server has heard")
        start = time.monotonic()
        server.signal()
        status = server.process.wait(timeout=30)
        check(time.monotonic() - start < 2, f"a second SIGTERM ends it at once, with status {status}")
        kill(client)


with Server() as server:
    dead_clients(server)
ending()
