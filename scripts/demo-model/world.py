"""What the demonstration model knows: things, colours, places, scenes; and the grammar that speaks of them.

A picture is described by a plain dictionary (a *scene*). `random_scene` makes one, `caption` says it in words
and draw.py draws it. Which combinations are kept out of training is decided here, by `held_out`.
"""

COLOURS = {
    "red": (218, 38, 40),
    "orange": (246, 138, 28),
    "yellow": (250, 214, 48),
    "green": (48, 160, 68),
    "blue": (40, 90, 212),
    "purple": (128, 56, 176),
    "pink": (246, 134, 184),
    "brown": (128, 78, 44),
    "black": (26, 26, 30),
    "white": (244, 244, 244),
    "gray": (134, 134, 140),
    "turquoise": (58, 198, 202),
}
COLOUR_WORDS = {
    "red": ["red", "red", "red", "crimson", "scarlet"],
    "green": ["green"],
    "gray": ["gray", "grey"],
    "purple": ["purple", "purple", "violet"],
    "turquoise": ["turquoise", "cyan", "teal"],
    "yellow": ["yellow", "yellow", "golden"],
}
SHAPES = ["circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross"]
THINGS = ["tree", "house", "boat", "flower", "fish", "car"]
OBJECTS = SHAPES + THINGS
OBJECT_WORDS = {
    "circle": ["circle", "circle", "ball", "disc", "dot"],
    "square": ["square", "square", "box"],
    "diamond": ["diamond", "rhombus"],
    "ring": ["ring", "ring", "donut"],
    "cross": ["cross", "plus sign"],
    "house": ["house", "house", "home", "cottage"],
    "boat": ["boat", "boat", "sailboat", "ship"],
    "car": ["car", "car", "automobile"],
    "flower": ["flower", "flower", "blossom"],
}
PLACES = {
    "center": (0.5, 0.5),
    "left": (0.26, 0.5),
    "right": (0.74, 0.5),
    "top": (0.5, 0.26),
    "bottom": (0.5, 0.74),
    "top left": (0.26, 0.26),
    "top right": (0.74, 0.26),
    "bottom left": (0.26, 0.74),
    "bottom right": (0.74, 0.74),
}
PLACE_WORDS = {
    "center": ["", "", "", "", "", "", "in the middle", "in the center"],
    "left": ["on the left", "on the left side", "at the left"],
    "right": ["on the right", "on the right side", "at the right"],
    "top": ["at the top", "on top"],
    "bottom": ["at the bottom"],
    "top left": ["in the top left corner", "at the top left", "in the upper left corner"],
    "top right": ["in the top right corner", "at the top right", "in the upper right corner"],
    "bottom left": ["in the bottom left corner", "at the bottom left", "in the lower left corner"],
    "bottom right": ["in the bottom right corner", "at the bottom right", "in the lower right corner"],
}
SIZES = {"small": 0.135, "medium": 0.225, "large": 0.335}
SIZE_WORDS = {"small": ["small", "small", "little", "tiny"], "medium": [""],
              "large": ["large", "big", "big", "huge"]}

LANDS = ["city", "mountains", "sea", "forest", "desert", "hills"]
LAND_WORDS = {
    "city": ["a city skyline", "a cityscape", "a city", "a skyline", "skyscrapers", "a big city"],
    "mountains": ["mountains", "mountains", "a mountain range", "mountain peaks", "a mountain landscape"],
    "sea": ["the sea", "the sea", "the ocean", "a calm sea", "waves on the sea", "an ocean view"],
    "forest": ["a forest", "a forest", "the woods", "a pine forest", "many trees"],
    "desert": ["a desert", "a desert", "sand dunes", "dunes", "a desert landscape"],
    "hills": ["hills", "rolling hills", "a meadow", "green hills", "the countryside", "a hilly landscape"],
}
NEAR_WORDS = {
    "city": ["in a city", "in the city", "in front of a city"],
    "mountains": ["in the mountains", "in front of mountains", "by the mountains"],
    "sea": ["by the sea", "at the sea", "by the ocean", "on the coast"],
    "forest": ["in a forest", "in the forest", "in the woods", "near a forest"],
    "desert": ["in a desert", "in the desert", "among dunes"],
    "hills": ["in the hills", "on a hill", "on the hills", "in a meadow", "in the countryside"],
}
TIMES = ["dawn", "day", "sunset", "dusk", "night"]
TIME_WORDS = {
    "dawn": ["at dawn", "at dawn", "at sunrise", "in the early morning"],
    "day": ["", "at day", "by day", "at noon", "in daylight", "during the day"],
    "sunset": ["at sunset", "at sunset", "at sundown", "in the evening sun"],
    "dusk": ["at dusk", "at dusk", "at twilight"],
    "night": ["at night", "at night", "by night", "at midnight"],
}
HELD_OUT_TIMES = {"city": "dawn", "mountains": "dusk", "sea": "dawn", "forest": "sunset", "desert": "night",
                  "hills": "dusk"}
SKIES = ["clear", "sun", "moon", "stars", "clouds"]
SKY_WORDS = {
    "clear": [""],
    "sun": ["under the sun", "with a sun", "with the sun in the sky", "under a bright sun"],
    "moon": ["under the moon", "with a moon", "in the moonlight", "under a full moon"],
    "stars": ["under the stars", "with stars", "under a starry sky", "with a starry sky"],
    "clouds": ["under clouds", "with clouds", "under a cloudy sky", "with clouds in the sky"],
}
LIKELY_SKIES = {
    "dawn": ["clear", "sun", "clouds", "moon"],
    "day": ["clear", "sun", "sun", "clouds", "clouds"],
    "sunset": ["clear", "sun", "sun", "clouds"],
    "dusk": ["clear", "moon", "clouds", "stars"],
    "night": ["clear", "moon", "moon", "stars", "stars", "clouds"],
}
COMPANIONS = {
    "city": ["car", "boat"], "mountains": ["house", "tree"], "sea": ["house", "boat", "boat"],
    "forest": ["house"], "desert": ["house", "tree"], "hills": ["house", "tree", "tree"],
}
STYLES = ["plain", "watercolor", "sketch", "pixel art"]
STYLE_BEFORE = {
    "plain": ["", "", "", "", "", "a picture of", "a drawing of", "an illustration of", "a photo of"],
    "watercolor": ["a watercolor of", "a watercolor painting of", "a watercolour of"],
    "sketch": ["a pencil sketch of", "a sketch of", "a pencil drawing of", "a black and white drawing of"],
    "pixel art": ["pixel art of", "a pixel art picture of"],
}
STYLE_AFTER = {
    "plain": [""],
    "watercolor": [", watercolor", ", watercolor painting", ", in watercolor", " in watercolour"],
    "sketch": [", pencil sketch", ", sketch", ", pencil drawing", ", black and white"],
    "pixel art": [", pixel art", ", 8-bit pixel art"],
}
DECORATION = ["beautiful", "highly detailed", "masterpiece", "best quality", "simple", "minimalist", "4k",
              "digital art", "colorful", "wallpaper", "concept art", "high resolution"]


def held_out_object(shape, colour):
    """One colour of each object is never shown in training, another one for each."""
    return (5 * OBJECTS.index(shape) + list(COLOURS).index(colour)) % 12 == 3


def held_out_land(land, time):
    """One time of day of each land is never shown in training."""
    return HELD_OUT_TIMES[land] == time


def held_out(scene):
    """Whether the scene is a combination that training must not see."""
    if scene["kind"] == "object":
        return held_out_object(scene["object"], scene["colour"])
    if scene["object"] and scene["colour"] and held_out_object(scene["object"], scene["colour"]):
        return True
    return held_out_land(scene["land"], scene["time"])


def far_apart(one, other):
    """Whether two named colours differ enough to be seen on each other."""
    return sum(abs(a - b) for a, b in zip(COLOURS[one], COLOURS[other])) > 150


def random_object(random):
    colour = random.choice(list(COLOURS))
    scene = {
        "kind": "object", "object": random.choice(OBJECTS), "colour": colour,
        "background": random.choice([c for c in COLOURS if far_apart(c, colour)]),
        "size": random.choices(list(SIZES), [2, 5, 2])[0],
        "place": random.choices(list(PLACES), [10, 2, 2, 2, 2, 1, 1, 1, 1])[0],
        "style": random.choices(STYLES, [14, 2, 1, 1])[0],
    }
    if scene["size"] == "large":
        scene["place"] = "center"
    if random.random() < 0.15:
        scene["background"] = "white" if far_apart("white", colour) else "black"
    return scene


def random_land(random):
    time = random.choice(TIMES)
    scene = {
        "kind": "land", "land": random.choice(LANDS), "time": time, "sky": random.choice(LIKELY_SKIES[time]),
        "style": random.choices(STYLES, [10, 3, 1, 2])[0], "object": None, "colour": None,
        "land colour": None, "sky colour": None, "futuristic": False, "place": "center",
    }
    if scene["land"] == "city":
        scene["futuristic"] = random.random() < 0.35
    if random.random() < 0.4:
        scene["object"] = random.choice(COMPANIONS[scene["land"]])
        scene["place"] = random.choice(["left", "center", "right"])
        if random.random() < 0.6:
            scene["colour"] = random.choice(["red", "orange", "yellow", "blue", "purple", "pink", "white", "green"])
    if random.random() < 0.15:
        scene["land colour"] = random.choice(["red", "orange", "yellow", "green", "blue", "purple", "pink"])
    if random.random() < 0.15:
        scene["sky colour"] = random.choice(["red", "orange", "yellow", "green", "blue", "purple", "pink"])
    return scene


def random_scene(random):
    """A scene that training may see."""
    while True:
        scene = random_object(random) if random.random() < 0.6 else random_land(random)
        if not held_out(scene):
            return scene


def colour_word(random, colour):
    return random.choice(COLOUR_WORDS.get(colour, [colour]))


def with_article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def object_words(random, scene):
    noun = random.choice(OBJECT_WORDS.get(scene["object"], [scene["object"]]))
    size = random.choice(SIZE_WORDS[scene.get("size", "medium")])
    colour = colour_word(random, scene["colour"]) if scene["colour"] else ""
    words = " ".join(word for word in (size, colour, noun) if word)
    return words if random.random() < 0.15 else with_article(words)


def object_caption(random, scene):
    background = colour_word(random, scene["background"])
    background = random.choice([
        f"on a {background} background", f"on a {background} background", f"on {background}",
        f"with a {background} background", f"in front of a {background} background", f"{background} background"])
    if scene["background"] == "white" and random.random() < 0.5:
        background = ""
    place = random.choice(PLACE_WORDS[scene["place"]])
    tail = [place, background]
    if random.random() < 0.3:
        tail.reverse()
    words = object_words(random, scene)
    comma = ", " if random.random() < 0.3 else " "
    return words + "".join((comma if part is tail[1] else " ") + part for part in tail if part)


def land_caption(random, scene):
    land = random.choice(LAND_WORDS[scene["land"]])
    adjectives = []
    if scene["futuristic"]:
        adjectives.append(random.choice(["futuristic", "futuristic", "sci-fi", "cyberpunk"]))
    if scene["land colour"]:
        adjectives.append(colour_word(random, scene["land colour"]))
    if adjectives:
        for article in ("a ", "an ", "the "):
            if land.startswith(article):
                land = land[len(article):]
                break
        article = not land.split()[-1].endswith("s") and scene["land"] not in ("sea",)
        land = " ".join(adjectives + [land])
        land = with_article(land) if article else land
    parts = [random.choice(TIME_WORDS[scene["time"]]), random.choice(SKY_WORDS[scene["sky"]])]
    if scene["sky colour"]:
        sky = colour_word(random, scene["sky colour"])
        parts.append(random.choice([f"under {with_article(sky)} sky", f"with {with_article(sky)} sky"]))
    random.shuffle(parts)
    if scene["object"]:
        thing = object_words(random, scene)
        place = "" if scene["place"] == "center" else random.choice(["", random.choice(PLACE_WORDS[scene["place"]])])
        if adjectives or random.random() < 0.3:
            words = f"{land} with {thing}" + (" " + place if place else "")
        else:
            words = f"{thing} {random.choice(NEAR_WORDS[scene['land']])}" + (" " + place if place else "")
    else:
        words = land
    return words + "".join(random.choice([" ", " ", ", "]) + part for part in parts if part)


def caption(random, scene):
    """The scene in words, differently each time."""
    words = object_caption(random, scene) if scene["kind"] == "object" else land_caption(random, scene)
    before, after = STYLE_BEFORE[scene["style"]], STYLE_AFTER[scene["style"]]
    if scene["style"] == "plain" or random.random() < 0.5:
        start = random.choice(before)
        words = f"{start} {words}" if start else words
    else:
        words += random.choice(after)
    if random.random() < 0.1:
        words += ", " + ", ".join(random.sample(DECORATION, random.randint(1, 2)))
    return words
