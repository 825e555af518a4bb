"""The fixed prompts of the evaluation, each with what its picture must show."""
import random

from world import COLOURS, LANDS, OBJECTS, SHAPES, HELD_OUT_TIMES, far_apart, held_out_object, with_article

PLACES = {"on the left": "left", "on the right": "right", "at the top": "top", "at the bottom": "bottom",
          "in the top left corner": "top left", "in the bottom right corner": "bottom right"}
LAND_PROMPTS = {"city": "a city skyline", "mountains": "mountains", "sea": "the sea", "forest": "a forest",
                "desert": "a desert", "hills": "rolling hills"}


def background_for(source, colour):
    return source.choice([c for c in COLOURS if far_apart(c, colour)])


def object_prompt(source, group, name, colour, place=None, background=True):
    expected = {"object": name, "colour": colour}
    words = with_article(f"{colour} {name}")
    if place:
        words += f" {place}"
        expected["place"] = PLACES[place]
    if background:
        expected["background"] = background_for(source, colour)
        words += f" on {with_article(expected['background'])} background"
    return {"group": group, "prompt": words, "expected": expected}


def prompts():
    """Four groups: plain colour and shape, objects with place and background, combinations that training never
    showed, and scenes."""
    source = random.Random(11)
    seen = [(o, c) for o in OBJECTS for c in COLOURS if not held_out_object(o, c)]
    unseen = [(o, c) for o in OBJECTS for c in COLOURS if held_out_object(o, c)]
    source.shuffle(seen)
    plain = [pair for pair in seen if pair[0] in SHAPES and pair[1] not in ("white", "gray")][:24]
    rest = [pair for pair in seen if pair not in plain]
    things = sorted(rest, key=lambda pair: pair[0] in SHAPES)[:18] + [p for p in rest if p[0] in SHAPES][:6]
    result = [object_prompt(source, "plain", *pair, background=index % 2 == 0) for index, pair in enumerate(plain)]
    places = list(PLACES)
    result += [object_prompt(source, "objects", *pair, place=places[index % len(places)] if index % 2 else None)
               for index, pair in enumerate(things)]
    result += [object_prompt(source, "unseen", *pair) for pair in unseen]
    result += [{"group": "unseen", "prompt": f"{LAND_PROMPTS[land]} at {time}", "expected": {"land": land, "time": time}}
               for land, time in HELD_OUT_TIMES.items()]
    result += [{"group": "scenes", "prompt": f"{LAND_PROMPTS[land]} {words}", "expected": {"land": land, "time": time}}
               for land in LANDS for time, words in (("day", "by day"), ("sunset", "at sunset"), ("night", "at night"))
               if HELD_OUT_TIMES[land] != time]
    return result


if __name__ == "__main__":
    for entry in prompts():
        print(entry["group"], entry["prompt"], entry["expected"], sep="\t")
