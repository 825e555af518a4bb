#!/usr/bin/env python3
"""The page at / in Chromium, as a person uses it. With SCREENSHOTS=FOLDER it leaves what docs/ shows there."""

import base64
import importlib.resources
import os
import pathlib
import time

from browser import CONTROL, SHIFT, Browser
from pictures import differ, opened
from server import Server, check

WORK = pathlib.Path(os.environ["WORK"])
AXE = importlib.resources.files("axe_core_python").joinpath("axe.min.js").read_text()
IDLE = "!document.querySelector('#about').hidden && document.querySelector('#cancel').hidden"
COUNT = "document.querySelectorAll('#pictures li').length"


def wait_for_pictures(tab, count, seconds=60):
    tab.until(f"{COUNT} === {count} && {IDLE}", f"{count} pictures are there", seconds)


def newest(tab):
    """Record and files of the newest picture in the gallery."""
    found = tab.js("""(async () => {
        const { gallery } = await import("/page/gallery.js"), { dataURI } = await import("/page/dom.js");
        const { node, thumb, ...record } = gallery.records[0];
        const files = await gallery.files(gallery.records[0]);
        for (const name of Object.keys(files)) files[name] = files[name] && await dataURI(files[name]);
        return { record, files };
    })()""")
    return found["record"], {name: base64.b64decode(uri.split(",")[1]) for name, uri in found["files"].items() if uri}


def act(tab, name):
    """Presses one of the buttons below the picture."""
    place = tab.js(f"[...document.querySelectorAll('#actions button')].findIndex((node) => node.textContent === {name!r}) + 1")
    check(place > 0, f"there is {name}") if place == 0 else None
    tab.click(f"#actions button:nth-child({place})")


def small(tab, steps=4):
    for key, value in (("width", "128"), ("height", "128"), ("steps", str(steps)), ("seed", "7")):
        tab.write(f"#field-{key}", value)


def first_picture(server, tab):
    start = time.monotonic()
    tab.open(server.url)
    opening = time.monotonic() - start
    check(tab.received < 100_000, f"the first load has {tab.received} bytes, and took {opening:.2f} s")
    tab.click(".empty .chips button")
    wait_for_pictures(tab, 1)
    print(f"  the first picture is there {time.monotonic() - start:.2f} s after the page was opened", flush=True)
    record, files = newest(tab)
    check(opened(files["blob"]).size == (256, 256) and record["prompt"] == "a red heart on a white background", "it is what the button says")


def settings(tab):
    record, _ = newest(tab)
    small(tab)
    tab.write("#field-prompt", "a boat")
    tab.key("Enter", CONTROL)
    wait_for_pictures(tab, 2)
    check(opened(newest(tab)[1]["blob"]).size == (128, 128), "settings are those of the picture")
    tab("Page.reload")
    time.sleep(0.3)
    tab.until("document.documentElement?.dataset.ready === 'yes'", "the page is ready again")
    check(tab.js(COUNT) == 2, "a reload keeps the gallery")
    check(tab.js("document.querySelector('#field-steps').value") == "4", "and the settings")
    tab.click("#pictures li:nth-child(2) button")
    tab.until("document.querySelector('#caption').textContent.includes('256')", "the older picture is shown")
    act(tab, "Use these")
    values = tab.js("import('/page/form.js').then(({ form }) => form.values)")
    check(values == {"prompt": record["prompt"], "seed": record["seed"]}, "'Use these' takes the settings, and leaves the rest as usual")
    tab.write("#field-width", "100")
    tab.click("#draw")
    tab.until("document.querySelector('#error-width').textContent.includes('multiple of 8')", "a refusal stands at its field")
    check(tab.js("document.activeElement.id") == "field-width", "a refusal stands at its field, which has the focus")


def inpaint(tab):
    tab.click("#pictures li:nth-child(1) button")
    act(tab, "Inpaint")
    tab.until("document.querySelector('#painter').open", "the painter opens")
    tab.drag("#painting", [(0.2, 0.3), (0.4, 0.4), (0.5, 0.6)])
    tab.drag("#painting", [(0.8, 0.8), (0.8, 0.81)])
    for button in ("undo", "redo", "invert", "invert"):
        tab.click(f"#mask-{button}")
    tab.click("#mask-undo")
    tab.click("#mask-undo")
    tab.click("#mask-done")
    tab.until("!document.querySelector('#painter').open", "the painter closes")
    small(tab)
    tab.write("#field-prompt", "a red heart")
    tab.click("#draw")
    wait_for_pictures(tab, 3)
    _, files = newest(tab)
    mask, before, after = (opened(files[name]) for name in ("mask", "init", "blob"))
    outside = mask.convert("L").point(lambda level: 255 - level)
    check(mask.size == before.size == after.size and mask.convert("L").getextrema() == (0, 255), "the mask is as large as the picture")
    check(not differ(before, after, outside), "outside of the mask the picture is the same, to the pixel")
    check(differ(before, after, mask.convert("L")), "inside it is drawn anew")


def outpaint(tab):
    act(tab, "Extend")
    tab.until("document.querySelector('#extender').open", "the dialog opens")
    tab.drag("#around .right", [(0.5, 0.5), (1, 0.5), (2, 0.5)])
    check(int(tab.js("document.querySelector('#margin-right').value")) > 0, "a side is pulled outwards")
    tab.write("#margin-right", "32")
    tab.click("#margins-done")
    tab.until("document.querySelector('#start-words').textContent.includes('160 × 128')", "it says what becomes of it")
    tab.click("#draw")
    wait_for_pictures(tab, 4)
    _, files = newest(tab)
    before, after = opened(files["init"]), opened(files["blob"])
    check(after.size == (160, 128), "the picture has grown")
    check(not differ(before.crop((0, 0, 96, 128)), after.crop((0, 0, 96, 128))), "what was there is the same but for its edge")
    tab.click("#unstart")


def enlarge(tab):
    act(tab, "Enlarge")
    tab.until("document.querySelector('#enlarger').open", "the dialog opens")
    tab.click("#enlarger .main")
    wait_for_pictures(tab, 5)
    check(opened(newest(tab)[1]["blob"]).size == (320, 256), "a picture is enlarged")


def cancel_and_queue(server, tab):
    small(tab, 150)
    for side in ("width", "height"):
        tab.write(f"#field-{side}", "384")
    tab.write("#field-seed", "")
    tab.click("#draw")
    tab.until("document.querySelector('#step').textContent.includes('Step')", "the job draws")
    tab.until("document.querySelector('#frame img')?.src.startsWith('data:image/png')", "a preview is shown")
    tab.click("#draw")
    tab.until("document.querySelector('#queue').textContent.includes('1 job before yours')", "the second job says its place")
    tab.click("#queue .quiet")
    tab.until("document.querySelector('#queue').hidden", "a job that waits is cancelled by its button")
    tab.key("Escape")
    tab.until("document.querySelector('#notices').textContent.includes('Cancelled')", "Escape cancels what draws")
    server.until(lambda: server.figure("working_jobs") + server.figure("queue_jobs") == 0, "the server has stopped drawing", 10)
    check(tab.js(COUNT) == 5, "jobs are cancelled by button and key; the queue says the place")


def resume(tab):
    small(tab, 60)
    tab.click("#draw")
    tab.until("document.querySelector('#step').textContent.includes('Step')", "the job draws")
    tab("Page.reload")
    wait_for_pictures(tab, 6)
    check(newest(tab)[0]["request"]["steps"] == 60, "a reload takes up the job that runs")


def drop(tab):
    tab("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(WORK))
    act(tab, "Download")
    _, files = newest(tab)
    path = WORK / "a-red-heart-7.png"
    limit = time.monotonic() + 20
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.05)
    check(path.exists() and path.read_bytes() == files["blob"], "a download is the file as the server made it")
    tab.write("#field-steps", "9")
    tab.drop(path)
    tab.until("document.querySelector('#reader').open", "a picture that is dropped is read")
    check("a red heart" in tab.js("document.querySelector('#reader dl').textContent"), "its settings are shown")
    tab.click("#reader-use")
    check(tab.js("document.querySelector('#field-steps').value") == "60", "and used")
    tab.drop(path, "#start")
    tab.until("!document.querySelector('#started').hidden", "dropped on its place, a picture is what drawing starts from")
    tab.click("#unstart")


def delete(tab):
    act(tab, "Delete")
    tab.until(f"{COUNT} === 5", "a picture is deleted")
    tab.click(".toast button")
    tab.until(f"{COUNT} === 6", "and comes back by Undo")
    check(True, "a picture is deleted, and comes back by Undo")


def delete_all(tab):
    tab.click("#delete-all")
    tab.click("#question .main")
    tab.until(f"{COUNT} === 0", "all pictures are deleted")
    check(tab.js("import('/page/store.js').then(({ store }) => store.count())") == 0, "all pictures are deleted, in the store too")
    tab.until("document.querySelector('.empty') !== null", "and the page says what to do")


def full_storage(tab):
    tab.js("import('/page/store.js').then(({ store }) => { store.put = async () => { throw new DOMException('full', 'QuotaExceededError'); }; })")
    small(tab)
    tab.write("#field-prompt", "a ring")
    tab.write("#field-seed", str(2 ** 64 - 1))
    tab.click("#draw")
    wait_for_pictures(tab, 1)
    check(str(2 ** 64 - 1) in tab.js("document.querySelector('#caption').textContent"), "the largest seed comes through exactly")
    check("storage is full" in tab.js("document.querySelector('#toasts').textContent"), "a full storage is told")
    check(opened(newest(tab)[1]["blob"]).size == (128, 128), "a full storage is told, and the picture is there")


def paste(tab):
    tab.js("""(async () => {
        document.querySelector("#frame").focus();
        const { gallery } = await import("/page/gallery.js"), data = new DataTransfer();
        const { blob } = await gallery.files(gallery.records[0]);
        data.items.add(new File([blob], "pasted.png", { type: "image/png" }));
        dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
    })()""")
    tab.until("document.querySelector('#reader').open", "a picture that is pasted is read")
    tab.click("#reader-start")
    tab.until("!document.querySelector('#started').hidden", "a picture that is pasted is what drawing starts from")
    tab.click("#unstart")
    check(True, "a picture that is pasted is read, and drawing starts from it")


def variations(tab):
    before = tab.js(COUNT)
    act(tab, "Vary")
    tab.until(f"{COUNT} === {before + 4} && document.querySelector('#cancel').hidden", "four variations are drawn")
    record, files = newest(tab)
    check(record["request"]["subseed_strength"] == 0.2 and record["request"]["seed"] == 7, "four variations have the picture's seed")
    tab.click(".cells button:nth-child(2)")
    tab.until("!document.querySelector('#about').hidden", "one of them is picked")


def keyboard(server, tab):
    """Without the mouse: Tab reaches everything, each stop can be seen, and none is a trap."""
    tab.open(server.url)
    stops = []
    for _ in range(120):
        tab.key("Tab")
        stop = tab.js("""(() => {
            const node = document.activeElement, style = getComputedStyle(node);
            if (node === document.body) return null;
            return [node.id || node.textContent || node.tagName, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
        })()""")
        if stop is None:
            break
        stops.append(stop)
    names = [name for name, _ in stops]
    check(stop is None and {"field-prompt", "draw", "frame", "model", "field-sampler"} <= set(names), f"Tab goes through {len(stops)} stops, and out again")
    check(all(seen for _, seen in stops), f"each can be seen: {[name for name, seen in stops if not seen]}")
    tab.js("document.querySelector('#field-prompt').focus()")
    tab.write("#field-prompt", "a green tree")
    tab.write("#field-steps", "4")
    tab.key("Enter", CONTROL)
    wait_for_pictures(tab, 7)
    tab.js("document.querySelector('#frame').focus()")
    tab.key("ArrowRight")
    tab.until("document.querySelector('#caption').textContent.startsWith('a red heart')", "arrow keys show the other pictures")
    check(tab.js("document.querySelector('#pictures li:nth-child(2) button').ariaCurrent") == "true", "arrow keys show the other pictures")
    act(tab, "Inpaint")
    tab.until("document.querySelector('#painter').open", "the painter opens")
    tab.js("document.querySelector('#painting').focus()")
    tab.key(" ")
    tab.key("ArrowRight", SHIFT)
    check(not tab.js("document.querySelector('#mask-undo').disabled"), "a mask is painted by keys")
    tab.key("Escape")
    tab.until("!document.querySelector('#painter').open", "Escape closes the painter")
    tab.click("#unstart")


def faults(tab, where):
    found = tab.js("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => [id, impact, nodes[0].html]))")
    serious = [fault for fault in found if fault[1] in ("serious", "critical")]
    check(not serious, f"axe-core finds nothing serious {where}{''.join(f'; {fault}' for fault in serious)}")


DIALOGS = {
    "painter": "import('/page/start.js').then(({ start }) => { start.paint(); })",
    "extender": "import('/page/start.js').then(({ start }) => { start.extend(); })",
    "enlarger": "document.querySelector('#actions button:nth-child(6)').click()",
    "question": "document.querySelector('#delete-all').click()",
    "reader": "import('/page/reader.js').then(async ({ reader }) => reader.read((await import('/page/start.js')).start.blob))",
}


def accessible(tab):
    act(tab, "Edit")
    tab.until("!document.querySelector('#started').hidden", "the picture is one to start from")
    for node in ("more", "facts"):
        tab.js(f"document.querySelector('#{node}').open = true")
    tab.js(AXE)
    for name, width, dialogs in (("dark", 1280, DIALOGS), ("light", 1280, {}), ("dark", 390, {}), ("light", 390, DIALOGS)):
        tab.scheme(name)
        tab.size(width, 900)
        time.sleep(0.3)
        where = f"{name}, {width} wide"
        faults(tab, where)
        for dialog, code in dialogs.items():
            tab.js(code)
            tab.until(f"document.querySelector('#{dialog}').open", f"{dialog} opens")
            time.sleep(0.2)
            faults(tab, f"{where}, with {dialog}")
            tab.js(f"document.querySelector('#{dialog}').close()")
    tab.size(320, 640)
    check(tab.js("document.documentElement.scrollWidth") <= 320, "320 pixels are wide enough")
    targets = tab.js("""[...document.querySelectorAll("button, select, input:not([type=file]), textarea, summary")]
        .filter((node) => node.checkVisibility()).map((node) => [node.id || node.textContent, node.getBoundingClientRect().height])
        .filter(([, height]) => height < 40)""")
    check(not targets, f"what can be touched is 40 pixels high: {targets}")
    tab.size(1280, 900)


def with_key():
    keys = WORK / "keys"
    keys.write_text("secret-key\n")
    keys.chmod(0o600)
    with Server("--api-key-file", str(keys)) as server, Browser() as tab:
        tab.open(server.url)
        small(tab)
        tab.write("#field-prompt", "a boat")
        tab.click("#draw")
        tab.until("document.querySelector('#question').open", "the page asks for the key")
        tab.write("#key", "secret-key")
        tab.key("Enter")
        wait_for_pictures(tab, 1)
        check(tab.js("JSON.parse(localStorage.getItem('darkroom.key'))") == "secret-key", "the page asks for the key, and keeps it")


def server_goes_away():
    with Server() as server, Browser() as tab:
        tab.open(server.url)
        server.end()
        small(tab)
        tab.write("#field-prompt", "a boat")
        tab.click("#draw")
        tab.until("document.querySelector('#connection').textContent.includes('cannot be reached')", "the page says that the server is gone")
        with Server("--port", str(server.port)):
            tab.until("document.querySelector('#connection').textContent === ''", "the page finds the server again")
            tab.click("#draw")
            wait_for_pictures(tab, 1)
            check(True, "the page says that the server is gone, and finds it again")


SHOWN = [
    ("a red heart on a white background", 7, 256), ("a yellow boat on the left on a purple background", 5, 256),
    ("a green house in the desert", 6, 256), ("mountains at night under a moon", 4, 256),
    ("a house in the hills at dawn", 2, 256), ("a turquoise fish on a pink background", 1, 256),
    ("a futuristic city at sunset", 3, 256), ("a boat at the sea at sunset, watercolor", 9, 256),
    ("a house by the sea at dusk", 7, 384),
]


def screenshots(server):
    with Browser(1600, 1000) as tab:
        tab.open(server.url)
        for count, (prompt, seed, width) in enumerate(SHOWN, 1):
            tab.write("#field-prompt", prompt)
            tab.write("#field-seed", str(seed))
            tab.write("#field-width", str(width))
            tab.click("#draw")
            wait_for_pictures(tab, count)
        for name, width, height, scheme in (("page.jpg", 1600, 1000, "dark"), ("page-narrow.jpg", 390, 844, "light")):
            tab.scheme(scheme)
            tab.size(width, height)
            tab.js("scrollTo(0, 0); document.activeElement.blur()")
            time.sleep(0.5)
            tab.screenshot(name)


def main():
    with Server() as server, Browser() as tab:
        first_picture(server, tab)
        settings(tab)
        inpaint(tab)
        outpaint(tab)
        enlarge(tab)
        cancel_and_queue(server, tab)
        resume(tab)
        drop(tab)
        paste(tab)
        delete(tab)
        keyboard(server, tab)
        # A size that is not possible was refused, which the browser writes down.
        problems = [problem for problem in tab.problems if "status of 400" not in problem]
        check(not problems, f"the browser finds nothing wrong: {problems}")
        accessible(tab)
        variations(tab)
        delete_all(tab)
        full_storage(tab)
        if "SCREENSHOTS" in os.environ:
            screenshots(server)
    with_key()
    server_goes_away()


main()
