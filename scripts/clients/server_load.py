#!/usr/bin/env python3
"""What many connections and requests do to the server: it goes on answering, soon, and keeps its memory and files.

REQUESTS says how many requests follow each other.
"""

import os
import resource
import socket
import statistics
import threading
import time

import requests

from server import Server, check

COUNT = int(os.environ.get("REQUESTS", "2000"))
CORE = "/v2beta/stable-image/generate/core"
SMALL = {"prompt": "a boat", "steps": 10, "width": 64, "height": 64}


def post(data, session=requests):
    return session.post(SERVER.url + CORE, data=data, files={"none": ""}, timeout=300)


def milliseconds(times):
    return f"{statistics.median(times) * 1000:.1f} ms, at most {max(times) * 1000:.1f} ms"


def timed(body, count=20):
    times = []
    for _ in range(count):
        start = time.monotonic()
        body()
        times.append(time.monotonic() - start)
    return times


def connected(text):
    connection = socket.create_connection(("127.0.0.1", SERVER.port), timeout=10)
    connection.sendall(text)
    return connection


def limit_files(count):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count), hard))


def many_connections():
    limit_files(8192)
    host = f"Host: 127.0.0.1:{SERVER.port}\r\n".encode()
    idle = [connected(b"") for _ in range(200)]
    for _ in range(800):
        idle.append(connected(b"GET /health HTTP/1.1\r\n" + host + b"\r\n"))
        idle[-1].recv(4096)
    slow = [connected(b"POST " + CORE.encode() + b" HTTP/1.1\r\n" + host) for _ in range(200)]
    over = threading.Event()

    def drip():
        while not over.wait(0.5):
            for connection in slow:
                try:
                    connection.sendall(b"x")
                except OSError:
                    pass

    dripping = threading.Thread(target=drip)
    dripping.start()
    times = timed(lambda: requests.get(SERVER.url + "/ready", timeout=10).raise_for_status())
    check(max(times) < 2, f"beside 1000 idle and 200 slow connections /ready takes {milliseconds(times)}")
    check(post(SMALL).status_code == 200, "and pictures are drawn")
    over.set()
    dripping.join()
    for connection in idle + slow:
        connection.close()


def beside_a_job():
    """A request that is refused does not wait for the job at work."""
    job = threading.Thread(target=lambda: post(SMALL | {"steps": 40, "width": 384, "height": 384}))
    job.start()
    SERVER.until(lambda: SERVER.figure("working_jobs") == 1, "a job is at work")
    times = timed(lambda: check_status(post({"prompt": ""}), 400))
    check(SERVER.figure("working_jobs") == 1 and max(times) < 1, f"beside a job a refusal takes {milliseconds(times)}")
    job.join()


def check_status(response, status):
    if response.status_code != status:
        check(False, f"{response.url}: {response.status_code} instead of {status}")


def overhead():
    """What a client waits for beyond the engine's own time."""
    session, times = requests.Session(), []
    for seed in range(1, 13):
        before, start = SERVER.figure("work_seconds_total"), time.monotonic()
        check_status(post(SMALL | {"seed": seed}, session), 200)
        waited = time.monotonic() - start
        times.append(waited - (SERVER.figure("work_seconds_total") - before))
    # The first prepares the size.
    check(min(times[1:]) < 0.1, f"the server adds {milliseconds(times[1:])} to a picture")


def many_requests():
    session = requests.Session()

    def one(number):
        match number % 5:
            case 0: check_status(post(SMALL | {"seed": 1 + number % 7}, session), 200)
            case 1: check_status(post({"prompt": "x", "seed": "none"}, session), 400)
            case 2: check_status(session.get(f"{SERVER.url}/v2beta/results/{number:064x}", timeout=60), 404)
            case 3: check_status(session.get(SERVER.url + "/metrics", timeout=60), 200)
            case 4: check_status(requests.post(SERVER.url + CORE, json={"prompt": "x", "steps": 999}, timeout=60), 400)

    for number in range(1000):
        one(number)
    before = SERVER.figure("process_resident_memory_bytes"), SERVER.file_count(), SERVER.figure("cache_hits_total")
    start = time.monotonic()
    for number in range(COUNT):
        one(number)
    took = time.monotonic() - start
    grown = SERVER.figure("process_resident_memory_bytes") - before[0]
    check(SERVER.figure("cache_hits_total") - before[2] >= COUNT // 5, f"{COUNT} requests take {took:.1f} s")
    check(grown < 3 << 20, f"they leave {grown / (1 << 20):.1f} MiB")
    SERVER.until(lambda: SERVER.file_count() <= before[1], "no file stays open", 10)
    check(True, f"and no file open: there are {before[1]}")


# As most systems have it.
limit_files(1024)
with Server() as SERVER:
    post(SMALL)
    overhead()
    beside_a_job()
    many_requests()
    many_connections()
