"""Pictures that clients send, and how answers are read."""

import io
import struct
import zlib

from PIL import Image, ImageChops, ImageDraw


def file(picture, form="PNG"):
    """The bytes of a picture's file."""
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def opened(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def gradient(width, height):
    """Colours that change from corner to corner, so that no two pixels near each other are the same."""
    bands = [Image.linear_gradient("L").rotate(angle).resize((width, height)) for angle in (0, 90, 180)]
    return Image.merge("RGB", bands)


def noise(width, height):
    """What no format makes small."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 200) for _ in range(3)])


def box(size, place, inside=255, outside=0):
    """A mask: a rectangle of one grey on another."""
    mask = Image.new("L", size, outside)
    left, top, right, bottom = place
    ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=inside)
    return mask


def differ(one, other, mask=None):
    """Whether two pictures differ; with a mask, where it is white."""
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    if mask is not None:
        difference = Image.composite(difference, Image.new("RGB", one.size), mask)
    return difference.getbbox() is not None


def bomb(side=16000):
    """A PNG of some kilobytes that a careless reader unpacks to hundreds of megabytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
