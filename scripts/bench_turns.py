"""Programs that take samples in turns, one stopped while the other runs, and how quiet the machine was meanwhile.

A turn is disturbed if somebody else used the cores: by /proc/stat, which counts all programs of the machine and what a
virtual machine's host took from it, or by a core's speed right before or after the turn, which tells what the host does not."""

import atexit
import hashlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench_player import peak_bytes

SAMPLE = re.compile(r"\b(prepared|load|step|decode|picture): ([0-9.]+) s\b(?: \(core ([0-9., ]+) GFLOP/s\))?")
TICK = os.sysconf("SC_CLK_TCK")
# Cores that others used on average, and what the clock of 10 ms may add to a short turn, in seconds.
MOST_OTHERS, CLOCK = 0.1, 0.03
# Of the best speed of the run. Where somebody is busy on a core's other hyper-thread, it falls to about half.
LEAST_SPEED = 0.85


class Player:
    """A program that takes a sample for each line that it is given, and says its seconds on the error stream. It stands
    still while it is not its turn, so that its warming up disturbs nobody."""

    def __init__(self, words, tells_load=True, environment=None):
        self.words = [str(word) for word in words]
        self.cores = []  # speeds beside its samples
        self.peak = None
        started = time.monotonic()
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | (environment or {}))
        atexit.register(self.process.kill)  # nobody would wake it otherwise
        self.load = None
        if tells_load:
            kind = self.heard("prepared", "load")
            if kind[0] == "prepared":  # what came before is no loading
                started = time.monotonic()
                self.heard("load")
            self.load = time.monotonic() - started
        self.process.send_signal(signal.SIGSTOP)

    def heard(self, *kinds):
        """The next sample of one of these kinds."""
        lines = []
        for line in self.process.stderr:
            found = SAMPLE.search(line)
            if found and found[1] in kinds:
                self.cores += [float(speed) for speed in (found[3] or "").split(",") if speed.strip()]
                return found[1], float(found[2])
            lines = (lines + [line])[-20:]
        sys.exit(f"bench: {' '.join(self.words)} ended with code {self.process.wait()}:\n{''.join(lines)}")

    def sample(self, kind):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds = self.heard(kind)[1]
        # It may end by itself right after its last sample.
        self.peak = peak_bytes(self.process.pid) or self.peak
        self.process.send_signal(signal.SIGSTOP)
        return seconds

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def finish(self):
        """Lets it come to its end, and returns what it says there."""
        self.process.send_signal(signal.SIGCONT)
        output, _ = self.process.communicate("\n")
        return json.loads(output.splitlines()[-1]) if self.process.returncode == 0 and output.strip() else {}

    def end(self):
        self.process.kill()
        self.process.communicate()


def cpu_seconds(process="self"):
    """Processor time of a process, all threads together."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def machine_seconds():
    """Seconds that all cores together were busy, and those that a host took away."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _, _, interrupts, soft, stolen = fields
    return (user + nice + system + interrupts + soft) / TICK, stolen / TICK


def core_speeds(most=4):
    """MB/s of SHA-256 on some cores, one after the other: a short loop that needs a core and no memory."""
    data, allowed, speeds = bytes(1 << 20), os.sched_getaffinity(0), {}
    try:
        for core in sorted(allowed)[:most]:
            os.sched_setaffinity(0, {core})
            times = []
            for _ in range(3):
                started = time.perf_counter()
                hashlib.sha256(data).digest()
                times.append(time.perf_counter() - started)
            speeds[core] = 1 / statistics.median(times)
    finally:
        os.sched_setaffinity(0, allowed)
    return speeds


class Watch:
    """What else went on in the turns of a run."""

    def __init__(self):
        self.best = {}

    def speeds(self):
        speeds = core_speeds()
        for core, speed in speeds.items():
            self.best[core] = max(speed, self.best.get(core, 0))
        return speeds

    def turn(self, player, kind):
        before = self.speeds()
        started, (busy, stolen), own = time.monotonic(), machine_seconds(), player.cpu_seconds() + cpu_seconds()
        seconds = player.sample(kind)
        wall, (busy_then, stolen_then) = time.monotonic() - started, machine_seconds()
        others = busy_then - busy - (player.cpu_seconds() + cpu_seconds() - own) + stolen_then - stolen
        return {"seconds": seconds, "wall": wall, "others": max(0, others), "speeds": [before, self.speeds()]}

    def disturbance(self, turn):
        """What disturbed a turn, in words; empty for nothing."""
        if turn["others"] > MOST_OTHERS * turn["wall"] + CLOCK:
            return f"others used {turn['others'] / turn['wall']:.1f} cores"
        worst = min(speed / self.best[core] for speeds in turn["speeds"] for core, speed in speeds.items())
        return f"a core had {worst:.0%} of its speed" if worst < LEAST_SPEED else ""


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "samples": values}


def compared(pairs):
    """Of pairs of seconds."""
    ours, theirs = zip(*pairs)
    return {"engine": spread(ours), "peer": spread(theirs), "ratio": spread([a / b for a, b in pairs])}


def in_turns(engine, peer, kind, rounds, watch, side):
    """Turns of both, a pair a round. Whoever comes second finds the machine as the first has left it: each is it in turn."""
    pairs = []
    for number in range(rounds):
        players = {"engine": engine, "peer": peer}
        names = list(players) if number % 2 == 0 else list(players)[::-1]
        pairs.append({name: watch.turn(players[name], kind) for name in names})
        print(f"{side}: {kind} {number + 1} of {rounds}: " + ", ".join(
            f"{pairs[-1][name]['seconds']:.3f} s" for name in players), file=sys.stderr)
    return pairs


def judged(pairs, watch):
    """What pairs of turns tell: those of undisturbed rounds, or of all where none was."""
    marks = [watch.disturbance(pair["engine"]) or watch.disturbance(pair["peer"]) for pair in pairs]
    quiet = [pair for pair, mark in zip(pairs, marks) if not mark]
    result = compared([(pair["engine"]["seconds"], pair["peer"]["seconds"]) for pair in quiet or pairs])
    result["rounds"] = [
        {name: pair[name]["seconds"] for name in ["engine", "peer"]} | {"disturbed": mark} for pair, mark in zip(pairs, marks)]
    return result | {"quiet": len(quiet)}
