"""Debian's Chromium without a window, driven as its developer tools do: by real clicks, keys, strokes and drops."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.request

import websocket

KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
CONTROL, SHIFT = 2, 8


class Browser:
    """One tab. Use it as a context."""

    def __init__(self, width=1280, height=900):
        profile = pathlib.Path(os.environ["WORK"]) / f"profile-{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"ws://(127\.0\.0\.1:\d+)/", line):
                break
        else:
            sys.exit("chromium did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        with urllib.request.urlopen(f"http://{found[1]}/json") as answer:
            tab = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self.socket = websocket.create_connection(tab["webSocketDebuggerUrl"], suppress_origin=True)
        self.count, self.problems, self.received = 0, [], 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")
        self.size(width, height)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and "SCREENSHOTS" in os.environ:
            self.screenshot("failed.png")
        self.socket.close()
        self.process.terminate()
        self.process.wait()

    def __call__(self, method, **parameters):
        """The result of a command of the DevTools protocol."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") != self.count:
                self.notice(message)
            elif "error" in message:
                sys.exit(f"failed: {method}: {message['error']}")
            else:
                return message["result"]

    def notice(self, message):
        what, kind = message.get("params", {}), message.get("method")
        if kind == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")
        elif kind == "Runtime.exceptionThrown":
            self.problems.append(what["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif kind == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.problems.append(str(what["args"]))
        elif kind == "Network.loadingFinished":
            self.received += what["encodedDataLength"]

    def js(self, code):
        """The value of an expression on the page, awaited."""
        result = self("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"failed: {code}: {result['exceptionDetails']['exception'].get('description')}")
        return result["result"].get("value")

    def until(self, code, what, seconds=60):
        limit = time.monotonic() + seconds
        while not self.js(code):
            if time.monotonic() > limit:
                raise SystemExit(f"failed: {what}, within {seconds} s; problems: {self.problems}")
            time.sleep(0.02)

    def open(self, url):
        self("Page.navigate", url=url)
        self.until("document.documentElement?.dataset.ready === 'yes'", "the page is ready")

    def size(self, width, height):
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def scheme(self, name):
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def screenshot(self, name):
        form = "jpeg" if name.endswith("jpg") else "png"
        data = self("Page.captureScreenshot", format=form, **({"quality": 82} if form == "jpeg" else {}))["data"]
        (pathlib.Path(os.environ["SCREENSHOTS"]) / name).write_bytes(base64.b64decode(data))

    def box(self, selector):
        """Left, top, width and height of an element that is in view now."""
        return self.js(f"""(() => {{
            const node = document.querySelector({selector!r});
            node.scrollIntoView({{ block: "center", behavior: "instant" }});
            const box = node.getBoundingClientRect();
            return [box.left, box.top, box.width, box.height];
        }})()""")

    def mouse(self, kind, x, y):
        self("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def click(self, selector):
        left, top, width, height = self.box(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, left + width / 2, top + height / 2)

    def drag(self, selector, places):
        """A stroke over an element. Places are shares of its width and height."""
        left, top, width, height = self.box(selector)
        points = [(left + x * width, top + y * height) for x, y in places]
        self.mouse("mousePressed", *points[0])
        for point in points[1:]:
            self.mouse("mouseMoved", *point)
        self.mouse("mouseReleased", *points[-1])

    def key(self, name, modifiers=0):
        code = KEYS.get(name) or ord(name.upper())
        text = {"Enter": "\r"}.get(name, name if len(name) == 1 and not modifiers & CONTROL else None)
        more = {"text": text} if text else {}
        self("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, modifiers=modifiers, **more)
        self("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code, modifiers=modifiers)

    def write(self, selector, text):
        """Into a field, instead of what is there."""
        self.js(f"document.querySelector({selector!r}).select()")
        if text:
            self("Input.insertText", text=text)
        else:
            self.js("document.execCommand('delete')")

    def drop(self, path, selector="#stage"):
        left, top, width, height = self.box(selector)
        place = {"x": left + width / 2, "y": top + height / 2}
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self("Input.dispatchDragEvent", type=kind, data=data, **place)
