"""A small network that looks at a picture and says what is in it; trained here, on drawn pictures only."""
import random

import numpy as np
import torch
from torch import nn

from draw import draw
from world import COLOURS, LANDS, OBJECTS, PLACES, TIMES, random_land, random_object

SIDE = 64
ANSWERS = {"object": OBJECTS, "colour": list(COLOURS), "background": list(COLOURS), "place": list(PLACES),
           "land": LANDS, "time": TIMES}
NOT_ASKED = -100


def shrunk(pictures):
    """uint8 [n, 256, 256, 3] to floats [n, 3, 64, 64] in [-1, 1]."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return nn.functional.avg_pool2d(x, x.shape[-1] // SIDE)


class Classifier(nn.Module):
    """Convolutions with one linear answer per question."""

    def __init__(self):
        super().__init__()
        def block(inputs, outputs):
            return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())
        self.body = nn.Sequential(block(3, 32), block(32, 64), block(64, 96), block(96, 128), nn.Flatten())
        self.answers = nn.ModuleDict({key: nn.Linear(128 * 16, len(names)) for key, names in ANSWERS.items()})

    def forward(self, x):
        x = self.body(x)
        return {key: answer(x) for key, answer in self.answers.items()}


def examples(source, count):
    """Drawn scenes, half objects and half lands, those that training of the model never saw too."""
    scenes = [random_object(source) if source.random() < 0.65 else random_land(source) for _ in range(count)]
    for scene in scenes:
        scene["style"] = "plain"
    labels = {key: torch.tensor([label(scene, key) for scene in scenes]) for key in ANSWERS}
    return torch.cat([shrunk(np.stack([draw(scene, source)])) for scene in scenes]), labels


def label(scene, key):
    of_objects = key in ("object", "colour", "background", "place")
    if of_objects != (scene["kind"] == "object"):
        return NOT_ASKED
    return ANSWERS[key].index(scene[key])


def disturbed(x):
    """Small changes of brightness, colour and sharpness, so that the answer is about what is seen."""
    x = x + 0.06 * torch.randn(x.shape[0], 3, 1, 1) + 0.05 * torch.randn_like(x)
    soft = nn.functional.avg_pool2d(nn.functional.pad(x, (1, 1, 1, 1), "replicate"), 3, 1)
    return torch.where(torch.rand(x.shape[0], 1, 1, 1) < 0.4, soft, x).clamp(-1, 1)


def trained(count=10000, epochs=8, seed=5):
    """The classifier, and the share of right answers on drawings that it has not seen."""
    torch.manual_seed(seed)
    source = random.Random(seed)
    pictures, labels = examples(source, count)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    steps = epochs * count // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(0, count, (64,))
        guesses = model(disturbed(pictures[chosen]))
        loss = sum(nn.functional.cross_entropy(guesses[key], labels[key][chosen], ignore_index=NOT_ASKED)
                   for key in ANSWERS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()
    pictures, labels = examples(source, 600)
    with torch.no_grad():
        guesses = model(pictures)
    return model, {key: share_right(guesses[key], labels[key]) for key in ANSWERS}


def share_right(guesses, labels):
    asked = labels != NOT_ASKED
    return float((guesses.argmax(1)[asked] == labels[asked]).float().mean())


def what_is_in(model, pictures):
    """The answers for pictures uint8 [n, side, side, 3], by question."""
    with torch.no_grad():
        guesses = model(shrunk(pictures))
    return [{key: ANSWERS[key][int(guesses[key][i].argmax())] for key in ANSWERS} for i in range(len(pictures))]
