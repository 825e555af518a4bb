"""`darkroom serve` as clients meet it: started on a free port, ready, and ended by SIGTERM."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

DARKROOM = os.environ["DARKROOM"]


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")
    print(f"  ok: {what}", flush=True)


class Server:
    """Use it as a context, at whose end the server must exit with status 0."""

    def __init__(self, *flags):
        self.log = []
        port = [] if "--port" in flags else ["--port", "0"]
        self.process = subprocess.Popen([DARKROOM, "serve", *port, *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.log.append(line.rstrip())
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            sys.exit("darkroom serve did not start:\n" + "\n".join(self.log))
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.reader = threading.Thread(target=lambda: self.log.extend(map(str.rstrip, self.process.stderr)), daemon=True)
        self.reader.start()
        self.until(lambda: self.get("/ready") is not None, "/ready answers")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.process.kill()
            self.reader.join()
            print("the server's last lines:", *self.log[-8:], sep="\n  ", file=sys.stderr)
        elif self.process.poll() is None:
            self.end()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self):
        self.signal()
        status = self.process.wait(timeout=60)
        self.reader.join()
        check(status == 0, "the server ends with status 0")

    def get(self, path):
        """The text of an answer with status 200; nil for any other, and for none."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def figure(self, name):
        """One of /metrics, by its name without darkroom_ in front."""
        found = re.search(rf"^(?:darkroom_)?{re.escape(name)} (\S+)$", self.get("/metrics") or "", re.MULTILINE)
        return float(found[1]) if found else 0

    def until(self, condition, what, seconds=60):
        limit = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > limit or self.process.poll() is not None:
                sys.exit(f"failed: {what}, within {seconds} s\n" + "\n".join(self.log[-20:]))
            time.sleep(0.02)

    def file_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def main(command):
    """Runs a client in another language, which finds the server's address in SERVER."""
    with Server() as server:
        status = subprocess.run(command, env=os.environ | {"SERVER": server.url}).returncode
        check(status == 0, " ".join(command))


if __name__ == "__main__":
    main(sys.argv[1:])
