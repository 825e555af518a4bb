"""What both trainings share: the clock that sets the learning rate, averaged weights and checkpoints."""
import copy
import math
import os
import time

import torch

from muon import Both


def arguments(parser, minutes):
    """Options of both trainings."""
    parser.add_argument("--work", default=".build/demo-model", help="folder of checkpoints and data")
    parser.add_argument("--minutes", type=float, default=minutes, help="time to train in all, stops not counted")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)


class Training:
    """Runs `step()` until the time is used up; saves its state every few minutes and goes on from it."""

    def __init__(self, options, name, modules, rate, decay=0.0):
        self.options, self.modules = options, modules
        self.path = os.path.join(options.work, f"{name}.pt")
        self.log = os.path.join(options.work, f"{name}.losses.tsv")
        self.rate, self.elapsed, self.steps = rate, 0.0, 0
        self.optimizer = Both(modules.values(), rate, decay)
        self.averaged = {key: copy.deepcopy(module).eval() for key, module in modules.items()}
        os.makedirs(options.work, exist_ok=True)
        if os.path.exists(self.path):
            self.load()

    def load(self):
        state = torch.load(self.path, map_location=self.options.device)
        for key, module in self.modules.items():
            module.load_state_dict(state["modules"][key])
            self.averaged[key].load_state_dict(state["averaged"][key])
        self.optimizer.load_state_dict(state["optimizer"])
        self.elapsed, self.steps = state["elapsed"], state["steps"]
        print(f"going on from step {self.steps}, {self.elapsed / 60:.1f} minutes", flush=True)

    def save(self):
        state = {
            "modules": {key: module.state_dict() for key, module in self.modules.items()},
            "averaged": {key: module.state_dict() for key, module in self.averaged.items()},
            "optimizer": self.optimizer.state_dict(), "elapsed": self.elapsed, "steps": self.steps}
        torch.save(state, self.path + ".new")
        os.replace(self.path + ".new", self.path)

    def average(self):
        """Exponential average of the weights, over more steps as training goes on."""
        keep = min(0.999, self.steps / (self.steps + 10))
        with torch.no_grad():
            for key, module in self.modules.items():
                for mean, now in zip(self.averaged[key].parameters(), module.parameters()):
                    mean.lerp_(now, 1 - keep)

    @property
    def share(self):
        """Share of the time that is used up."""
        return self.elapsed / (60 * self.options.minutes)

    def run(self, step):
        """Trains. `step()` returns the loss."""
        begin = time.time() - self.elapsed
        saved = told = time.time()
        sum_of_losses = count = 0
        while self.share < 1:
            warm = min(1, (self.steps + 1) / 200)
            self.optimizer.set_rate(self.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.share))))
            loss = step()
            self.optimizer.zero_grad()
            loss.backward()
            for module in self.modules.values():
                torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            self.optimizer.step()
            self.steps += 1
            self.average()
            self.elapsed = time.time() - begin
            sum_of_losses, count = sum_of_losses + float(loss.detach()), count + 1
            if time.time() - told > 20:
                line = f"{self.steps}\t{self.elapsed / 60:.2f}\t{sum_of_losses / count:.5f}"
                print(line, flush=True)
                with open(self.log, "a") as log:
                    log.write(line + "\n")
                told, sum_of_losses, count = time.time(), 0, 0
            if time.time() - saved > 180:
                self.save()
                saved = time.time()
        self.save()
