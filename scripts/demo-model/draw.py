"""Draws the scenes of world.py as 256 x 256 pictures."""
import math

import numpy as np
import skia

from world import COLOURS, PLACES, SIZES

SIDE = 256
SKIES = {  # top and horizon
    "dawn": ((120, 150, 205), (250, 200, 185)),
    "day": ((70, 145, 225), (190, 225, 245)),
    "sunset": ((110, 60, 130), (252, 150, 60)),
    "dusk": ((45, 45, 100), (165, 110, 150)),
    "night": ((8, 12, 38), (28, 38, 84)),
}
LIGHT = {"dawn": (0.92, 0.86, 0.90), "day": (1, 1, 1), "sunset": (0.95, 0.70, 0.62), "dusk": (0.58, 0.55, 0.72),
         "night": (0.28, 0.32, 0.50)}
GROUND = {"city": (90, 96, 112), "mountains": (112, 116, 140), "sea": (30, 110, 180), "forest": (30, 100, 50),
          "desert": (226, 182, 108), "hills": (92, 168, 74)}


def shade(colour, factor):
    """The colour times a factor, or a factor per channel."""
    factors = factor if isinstance(factor, tuple) else (factor,) * 3
    return tuple(max(0, min(255, c * f)) for c, f in zip(colour, factors))


def mix(one, other, share):
    return tuple(a + (b - a) * share for a, b in zip(one, other))


def paint(colour, **options):
    r, g, b = (int(c) for c in colour)
    return skia.Paint(Color=skia.ColorSetRGB(r, g, b), AntiAlias=True, **options)


def polygon(points):
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in points], True)
    return path


def gradient(canvas, top, bottom, height=SIDE, start=0):
    colours = [skia.ColorSetRGB(*(int(c) for c in colour)) for colour in (top, bottom)]
    shader = skia.GradientShader.MakeLinear([skia.Point(0, start), skia.Point(0, height)], colours)
    canvas.drawRect(skia.Rect.MakeLTRB(0, start, SIDE, height), skia.Paint(Shader=shader))


def star_points(x, y, radius, spikes=5, inner=0.42):
    return [(x + radius * (1 if i % 2 == 0 else inner) * math.sin(i * math.pi / spikes),
             y - radius * (1 if i % 2 == 0 else inner) * math.cos(i * math.pi / spikes)) for i in range(2 * spikes)]


def draw_heart(canvas, x, y, r, colour):
    path = skia.Path()
    path.moveTo(x, y + 0.95 * r)
    path.cubicTo(x - 1.9 * r, y - 0.25 * r, x - 0.85 * r, y - 1.4 * r, x, y - 0.45 * r)
    path.cubicTo(x + 0.85 * r, y - 1.4 * r, x + 1.9 * r, y - 0.25 * r, x, y + 0.95 * r)
    canvas.drawPath(path, paint(colour))


def draw_tree(canvas, x, y, r, colour, random):
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.13 * r, y, x + 0.13 * r, y + r), paint((105, 66, 38)))
    for dx, dy, size in ((0, -0.45, 0.55), (-0.38, -0.1, 0.45), (0.38, -0.1, 0.45)):
        canvas.drawCircle(x + dx * r, y + dy * r, size * r, paint(colour))


def draw_house(canvas, x, y, r, colour, lit=False):
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.75 * r, y - 0.1 * r, x + 0.75 * r, y + 0.9 * r), paint(colour))
    roof = shade(colour, 0.55) if sum(colour) > 150 else (110, 110, 116)
    canvas.drawPath(polygon([(x - 0.95 * r, y - 0.1 * r), (x + 0.95 * r, y - 0.1 * r), (x, y - 0.95 * r)]), paint(roof))
    window = (255, 226, 120) if lit else shade(mix(colour, (255, 255, 255), 0.75), 0.97)
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.5 * r, y + 0.12 * r, x - 0.12 * r, y + 0.5 * r), paint(window))
    canvas.drawRect(skia.Rect.MakeLTRB(x + 0.15 * r, y + 0.25 * r, x + 0.5 * r, y + 0.9 * r), paint(shade(roof, 0.8)))


def draw_boat(canvas, x, y, r, colour):
    sail = (250, 250, 245) if sum(colour) < 690 else (205, 205, 212)
    hull = [(x - r, y + 0.35 * r), (x + r, y + 0.35 * r), (x + 0.6 * r, y + 0.85 * r), (x - 0.6 * r, y + 0.85 * r)]
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.05 * r, y - r, x + 0.05 * r, y + 0.4 * r), paint((105, 66, 38)))
    canvas.drawPath(polygon([(x + 0.1 * r, y - 0.9 * r), (x + 0.1 * r, y + 0.2 * r), (x + 0.8 * r, y + 0.2 * r)]), paint(sail))
    canvas.drawPath(polygon([(x - 0.1 * r, y - 0.6 * r), (x - 0.1 * r, y + 0.2 * r), (x - 0.65 * r, y + 0.2 * r)]),
                    paint(mix(sail, colour, 0.35)))
    canvas.drawPath(polygon(hull), paint(colour))


def draw_flower(canvas, x, y, r, colour):
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.06 * r, y, x + 0.06 * r, y + r), paint((60, 140, 60)))
    for i in range(6):
        angle = i * math.pi / 3
        canvas.drawCircle(x + 0.38 * r * math.sin(angle), y - 0.35 * r - 0.38 * r * math.cos(angle), 0.27 * r, paint(colour))
    heart = (255, 210, 60) if abs(colour[0] - 250) + abs(colour[1] - 214) > 60 else (150, 90, 40)
    canvas.drawCircle(x, y - 0.35 * r, 0.24 * r, paint(heart))


def draw_fish(canvas, x, y, r, colour):
    canvas.drawPath(polygon([(x - 0.5 * r, y), (x - 1.05 * r, y - 0.55 * r), (x - 1.05 * r, y + 0.55 * r)]), paint(shade(colour, 0.8)))
    canvas.drawOval(skia.Rect.MakeLTRB(x - 0.7 * r, y - 0.5 * r, x + r, y + 0.5 * r), paint(colour))
    canvas.drawCircle(x + 0.6 * r, y - 0.12 * r, 0.12 * r, paint((255, 255, 255)))
    canvas.drawCircle(x + 0.62 * r, y - 0.12 * r, 0.06 * r, paint((20, 20, 20)))


def draw_car(canvas, x, y, r, colour):
    canvas.drawPath(polygon([(x - 0.6 * r, y), (x - 0.35 * r, y - 0.45 * r), (x + 0.35 * r, y - 0.45 * r), (x + 0.65 * r, y)]), paint(colour))
    canvas.drawPath(polygon([(x - 0.42 * r, y), (x - 0.27 * r, y - 0.33 * r), (x + 0.27 * r, y - 0.33 * r), (x + 0.45 * r, y)]), paint((190, 220, 235)))
    canvas.drawRoundRect(skia.Rect.MakeLTRB(x - r, y - 0.05 * r, x + r, y + 0.42 * r), 0.12 * r, 0.12 * r, paint(colour))
    for dx in (-0.55, 0.55):
        canvas.drawCircle(x + dx * r, y + 0.42 * r, 0.24 * r, paint((40, 40, 44)))
        canvas.drawCircle(x + dx * r, y + 0.42 * r, 0.1 * r, paint((190, 190, 190)))


def draw_thing(canvas, name, x, y, r, colour, random, lit=False):
    """Draws the object `name` about (x, y); r is half its size, in pixels."""
    fill = paint(colour)
    if name == "circle":
        canvas.drawCircle(x, y, 0.95 * r, fill)
    elif name == "square":
        canvas.drawRect(skia.Rect.MakeLTRB(x - 0.85 * r, y - 0.85 * r, x + 0.85 * r, y + 0.85 * r), fill)
    elif name == "triangle":
        canvas.drawPath(polygon([(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)]), fill)
    elif name == "star":
        canvas.drawPath(polygon(star_points(x, y, 1.1 * r)), fill)
    elif name == "diamond":
        canvas.drawPath(polygon([(x, y - 1.1 * r), (x + 0.75 * r, y), (x, y + 1.1 * r), (x - 0.75 * r, y)]), fill)
    elif name == "ring":
        canvas.drawCircle(x, y, 0.75 * r, paint(colour, Style=skia.Paint.kStroke_Style, StrokeWidth=0.42 * r))
    elif name == "cross":
        canvas.drawRect(skia.Rect.MakeLTRB(x - 0.3 * r, y - r, x + 0.3 * r, y + r), fill)
        canvas.drawRect(skia.Rect.MakeLTRB(x - r, y - 0.3 * r, x + r, y + 0.3 * r), fill)
    elif name == "heart":
        draw_heart(canvas, x, y, r, colour)
    elif name == "tree":
        draw_tree(canvas, x, y, r, colour, random)
    elif name == "house":
        draw_house(canvas, x, y, r, colour, lit)
    else:
        {"boat": draw_boat, "flower": draw_flower, "fish": draw_fish, "car": draw_car}[name](canvas, x, y, r, colour)


def jitter(colour, random, amount=0.05):
    return tuple(max(0, min(255, c * (1 + random.uniform(-amount, amount)) + random.uniform(-4, 4))) for c in colour)


def draw_object(canvas, scene, random):
    background = jitter(COLOURS[scene["background"]], random)
    gradient(canvas, shade(background, 1.04), shade(background, 0.93))
    x, y = (SIDE * (p + random.uniform(-0.03, 0.03)) for p in PLACES[scene["place"]])
    r = SIDE * SIZES[scene["size"]] * random.uniform(0.9, 1.1)
    draw_thing(canvas, scene["object"], x, y, r, jitter(COLOURS[scene["colour"]], random), random)


def draw_sky(canvas, scene, random, horizon):
    top, low = SKIES[scene["time"]]
    if scene["sky colour"]:
        colour = shade(COLOURS[scene["sky colour"]], {"night": 0.45, "dusk": 0.7}.get(scene["time"], 1.0))
        top, low = shade(colour, 0.8), mix(colour, (255, 255, 255), 0.25)
    gradient(canvas, jitter(top, random, 0.04), jitter(low, random, 0.04), horizon + 20)
    dark = scene["time"] in ("night", "dusk")
    x = SIDE * random.uniform(0.2, 0.8)
    if scene["sky"] == "sun":
        low_sun = scene["time"] in ("sunset", "dawn")
        y = horizon * (random.uniform(0.62, 0.85) if low_sun else random.uniform(0.2, 0.4))
        colour = {"sunset": (255, 205, 90), "dawn": (255, 236, 180)}.get(scene["time"], (255, 232, 90))
        canvas.drawCircle(x, y, SIDE * 0.125, paint(mix(colour, low, 0.6)))
        canvas.drawCircle(x, y, SIDE * 0.09, paint(colour))
    elif scene["sky"] == "moon":
        y = horizon * random.uniform(0.25, 0.45)
        canvas.drawCircle(x, y, SIDE * 0.08, paint((244, 240, 214)))
        canvas.drawCircle(x + SIDE * 0.02, y - SIDE * 0.015, SIDE * 0.02, paint((224, 218, 190)))
    elif scene["sky"] == "stars":
        for _ in range(26):
            sx, sy = SIDE * random.random(), horizon * 0.9 * random.random()
            canvas.drawCircle(sx, sy, random.uniform(1.2, 2.6), paint((255, 252, 225)))
    elif scene["sky"] == "clouds":
        colour = mix((250, 250, 250), top, 0.55 if dark else 0.1)
        for _ in range(3):
            cx, cy = SIDE * random.uniform(0.1, 0.9), horizon * random.uniform(0.15, 0.6)
            for dx, dy, r in ((-22, 3, 12), (-6, -5, 17), (12, -1, 14), (26, 5, 9)):
                canvas.drawCircle(cx + dx, cy + dy, r, paint(colour))


def ridge(canvas, random, base, height, colour, steps, jagged):
    """A layer of land across the picture, its top about `base - height .. base`."""
    points = [(SIDE * i / steps, base - height * random.random()) for i in range(steps + 1)]
    path = skia.Path()
    path.moveTo(-5, SIDE)
    path.lineTo(-5, points[0][1])
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if jagged:
            path.lineTo(x1, y1)
        else:
            path.cubicTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1)
    path.lineTo(SIDE + 5, points[-1][1])
    path.lineTo(SIDE + 5, SIDE)
    canvas.drawPath(path, paint(colour))


def draw_city(canvas, scene, random, horizon, colour):
    gradient(canvas, shade(colour, 0.75), shade(colour, 0.5), SIDE, int(horizon + 26))
    lit = scene["time"] in ("night", "dusk", "sunset") or scene["futuristic"]
    for layer, dim in ((0, 1.15), (1, 0.72)):
        x = -random.uniform(0, 20)
        while x < SIDE:
            width = random.uniform(24, 40)
            top = horizon - random.uniform(25, 105) + layer * 40
            wall = shade(colour, dim * random.uniform(0.9, 1.1))
            canvas.drawRect(skia.Rect.MakeLTRB(x, top, x + width, horizon + 34), paint(wall))
            if scene["futuristic"]:
                glow = random.choice([(60, 235, 240), (250, 80, 200)])
                if random.random() < 0.5:
                    canvas.drawPath(polygon([(x, top), (x + width, top), (x + width / 2, top - 26)]), paint(wall))
                    canvas.drawRect(skia.Rect.MakeLTRB(x + width / 2 - 1.5, top - 42, x + width / 2 + 1.5, top - 20), paint(glow))
                canvas.drawRect(skia.Rect.MakeLTRB(x + width / 2 - 2.5, top + 6, x + width / 2 + 2.5, horizon + 26), paint(glow))
            elif layer:
                window = (255, 222, 120) if lit else mix(wall, (255, 255, 255), 0.45)
                for wy in np.arange(top + 7, horizon + 24, 14):
                    for wx in np.arange(x + 6, x + width - 8, 11):
                        if not lit or random.random() < 0.7:
                            canvas.drawRect(skia.Rect.MakeLTRB(wx, wy, wx + 5, wy + 7), paint(window))
            x += width + random.uniform(0, 3)


def draw_sea(canvas, scene, random, horizon, colour):
    gradient(canvas, mix(colour, SKIES[scene["time"]][1], 0.3), shade(colour, 0.8), SIDE, int(horizon))
    for _ in range(14):
        y = random.uniform(horizon + 8, SIDE)
        x, width = SIDE * random.random(), random.uniform(14, 44)
        light = mix(colour, (255, 255, 255), 0.35)
        canvas.drawRoundRect(skia.Rect.MakeLTRB(x, y, x + width, y + 3), 1.5, 1.5, paint(light))


def draw_forest(canvas, scene, random, horizon, colour):
    for layer, dim in ((0, 1.2), (1, 0.95), (2, 0.7)):
        base = horizon + 20 + 26 * layer
        canvas.drawRect(skia.Rect.MakeLTRB(0, base - 10, SIDE, SIDE), paint(shade(colour, dim)))
        x = random.uniform(-20, 0)
        while x < SIDE + 10:
            width, height = random.uniform(26, 38), random.uniform(60, 92)
            green = shade(colour, dim * random.uniform(0.88, 1.12))
            for part in range(2):
                low = base - part * height * 0.36
                half = width * (0.6 - 0.14 * part)
                canvas.drawPath(polygon([(x - half, low), (x + half, low), (x, low - height * 0.62)]), paint(green))
            x += width * random.uniform(0.7, 1.0)


def draw_ground(canvas, scene, random, horizon):
    light = LIGHT[scene["time"]]
    colour = COLOURS[scene["land colour"]] if scene["land colour"] else GROUND[scene["land"]]
    if scene["futuristic"] and not scene["land colour"]:
        colour = (72, 58, 120)
    colour = jitter(shade(colour, light), random, 0.05)
    land = scene["land"]
    if land == "city":
        draw_city(canvas, scene, random, horizon, colour)
    elif land == "sea":
        draw_sea(canvas, scene, random, horizon, colour)
    elif land == "forest":
        draw_forest(canvas, scene, random, horizon, colour)
    elif land == "mountains":
        draw_mountains(canvas, scene, random, horizon, colour, light)
    elif land == "desert":
        for layer, dim in ((0, 1.04), (1, 0.9), (2, 0.78)):
            ridge(canvas, random, horizon + 20 + 34 * layer, 36, shade(colour, dim), 3, False)
        if not scene["object"]:
            cactus = shade((60, 140, 70), light)
            x, y = SIDE * random.uniform(0.2, 0.8), horizon + 62
            canvas.drawRoundRect(skia.Rect.MakeLTRB(x - 5, y - 50, x + 5, y), 5, 5, paint(cactus))
            canvas.drawRoundRect(skia.Rect.MakeLTRB(x - 18, y - 30, x, y - 23), 3, 3, paint(cactus))
            canvas.drawRoundRect(skia.Rect.MakeLTRB(x - 18, y - 42, x - 11, y - 24), 3, 3, paint(cactus))
    else:
        for layer, dim in ((0, 1.15), (1, 0.95), (2, 0.75)):
            ridge(canvas, random, horizon + 16 + 34 * layer, 44, shade(colour, dim), 3, False)


def draw_mountains(canvas, scene, random, horizon, colour, light):
    x = random.uniform(-30, 20)
    while x < SIDE + 40:
        height, half = random.uniform(75, 135), random.uniform(55, 80)
        top, base = horizon + 20 - height, horizon + 40
        tone = random.uniform(0.85, 1.12)
        slope = half / (base - top)
        canvas.drawPath(polygon([(x, top), (x + half, base), (x - half, base)]), paint(shade(colour, tone)))
        canvas.drawPath(polygon([(x, top), (x + half, base), (x + half * 0.1, base)]), paint(shade(colour, 0.8 * tone)))
        snow = 26
        canvas.drawPath(polygon([(x, top), (x + slope * snow, top + snow), (x + 3, top + snow - 8), (x - slope * snow, top + snow)]),
                        paint(shade((246, 248, 255), light)))
        x += random.uniform(55, 85)
    ground = mix(shade((86, 128, 76), light), colour, 0.35)
    ridge(canvas, random, horizon + 44, 14, ground, 3, False)


def draw_land(canvas, scene, random):
    horizon = SIDE * random.uniform(0.54, 0.62)
    draw_sky(canvas, scene, random, horizon)
    draw_ground(canvas, scene, random, horizon)
    thing = scene["object"]
    if not thing:
        return
    dark = scene["time"] in ("night", "dusk")
    natural = {"tree": (44, 140, 60), "house": (214, 190, 160), "boat": (150, 84, 50), "car": (200, 60, 60)}[thing]
    light = mix((255, 255, 255), tuple(255 * f for f in LIGHT[scene["time"]]), 0.45)
    colour = shade(COLOURS[scene["colour"]] if scene["colour"] else natural, tuple(c / 255 for c in light))
    x = SIDE * (PLACES[scene["place"]][0] + random.uniform(-0.03, 0.03))
    y, r = SIDE * random.uniform(0.70, 0.76), SIDE * random.uniform(0.13, 0.16)
    if scene["land"] == "sea" and thing == "house":
        shore = shade((214, 190, 130), LIGHT[scene["time"]])
        canvas.drawOval(skia.Rect.MakeLTRB(x - 2.6 * r, y + 0.45 * r, x + 2.6 * r, y + 3.4 * r), paint(shore))
    draw_thing(canvas, thing, x, y, r, colour, random, lit=dark)


def smooth_noise(random_array, cells):
    """Noise in [-1, 1], interpolated smoothly from cells x cells random values."""
    coarse = random_array.uniform(-1, 1, (cells + 1, cells + 1)).astype(np.float32)
    at = np.linspace(0, cells, SIDE, endpoint=False)
    i, f = at.astype(int), (at - at.astype(int)).astype(np.float32)
    f = f * f * (3 - 2 * f)
    rows = coarse[i] * (1 - f[:, None]) + coarse[i + 1] * f[:, None]
    return rows[:, i] * (1 - f) + rows[:, i + 1] * f


def blur(picture):
    for axis in (0, 1):
        padding = [(1, 1) if a == axis else (0, 0) for a in range(picture.ndim)]
        wide = np.moveaxis(np.pad(picture, padding, "edge"), axis, 0)
        picture = np.moveaxis(0.25 * wide[:-2] + 0.5 * wide[1:-1] + 0.25 * wide[2:], 0, axis)
    return picture


def styled(picture, style, random):
    """Applies a style to uint8 [256, 256, 3]."""
    if style == "plain":
        return picture
    values = picture.astype(np.float32)
    if style == "pixel art":
        cells = values.reshape(32, 8, 32, 8, 3)
        return np.repeat(np.repeat(cells.mean((1, 3)), 8, 0), 8, 1).round().astype(np.uint8)
    if style == "sketch":
        grey = blur(values.mean(2))
        gx, gy = np.gradient(grey)
        lines = 246 - np.minimum(210, 9 * np.hypot(gx, gy)) - (255 - grey) * 0.18
        return np.repeat(np.clip(lines, 0, 255).round().astype(np.uint8)[..., None], 3, 2)
    stains = np.random.default_rng(random.getrandbits(32))
    values = blur(blur(values)) * 0.72 + np.array((252, 248, 238), np.float32) * 0.28
    values += 16 * smooth_noise(stains, 6)[..., None]
    return np.clip(values, 0, 255).round().astype(np.uint8)


def draw(scene, random):
    """The picture of a scene, uint8 [256, 256, 3]."""
    surface = skia.Surface(SIDE, SIDE)
    canvas = surface.getCanvas()
    (draw_object if scene["kind"] == "object" else draw_land)(canvas, scene, random)
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
    return styled(np.ascontiguousarray(pixels[..., :3]), scene["style"], random)
