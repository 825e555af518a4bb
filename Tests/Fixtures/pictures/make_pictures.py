"""Makes the files beside it: small pictures of many kinds, each with the RGB values that it must decode
to (NAME.rgb, rows of 17x11 pixels unless it is turned), and metadata as other programs write it.

Made with Pillow 13.0.0 and numpy; run it in its folder.
"""
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

WIDTH, HEIGHT = 17, 11
TEXT = "a castle, Ölgemälde\nNegative prompt: 雨\nSteps: 20, Sampler: Euler a, Seed: 1"
y, x = np.mgrid[:HEIGHT, :WIDTH]
rgb = np.stack([x * 15, y * 23, (x * 7 + y * 11) % 256], axis=2).astype(np.uint8)
alpha = ((x * 29 + y * 5) % 256).astype(np.uint8)
rgba = np.dstack([rgb, alpha])


def expect(name, values):
    np.asarray(values, dtype=np.uint8).tofile(name.rsplit(".", 1)[0] + ".rgb")


def over_white(rgba):
    values, opacity = rgba[..., :3].astype(int), rgba[..., 3:].astype(int)
    return (values * opacity + 255 * (255 - opacity) + 127) // 255


def save(name, array, expected, **options):
    Image.fromarray(array).save(name, **options)
    expect(name, expected)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def rgb16(name):
    """16 bits a channel, which Pillow cannot write; the low byte decides the rounding."""
    wide = rgb.astype(int) * 257 + (x * 13)[..., None]
    wide = np.minimum(wide, 65535)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    expect(name, (wide * 255 + 32767) // 65535)


def comment(payload, endian):
    exif = Image.Exif()
    exif.endian = endian
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + payload
    return exif


grey = rgb[..., 2]
save("grey.png", grey, np.repeat(grey[..., None], 3, axis=2))
save("grey_alpha.png", np.dstack([grey, alpha]), over_white(np.dstack([grey] * 3 + [alpha])))
save("alpha.png", rgba, over_white(rgba))
save("alpha.webp", rgba, over_white(rgba), lossless=True, exact=True)
rgb16("sixteen.png")
palette = Image.fromarray(rgb).quantize(16)
palette.save("palette.png", transparency=3)
faces = np.array(palette.convert("RGB"))
faces[np.array(palette) == 3] = 255
expect("palette.png", faces)

for name, options in {"baseline.jpg": {}, "progressive.jpg": {"progressive": True}}.items():
    Image.fromarray(rgb).save(name, quality=90, subsampling=0, **options)
    expect(name, Image.open(name).convert("RGB"))
Image.fromarray(grey).save("luminance.jpg", quality=90)
expect("luminance.jpg", Image.open("luminance.jpg").convert("RGB"))
Image.fromarray(255 - rgba, mode="CMYK").save("cmyk.jpg", quality=90)
expect("cmyk.jpg", Image.open("cmyk.jpg").convert("RGB"))

for orientation in range(1, 9):
    name = f"turned{orientation}.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(rgb).save(name, exif=exif)
    expect(name, ImageOps.exif_transpose(Image.open(name)))

exif = Image.Exif()
exif[0x0112] = 6
for name in ["aside.jpg", "beside.webp"]:
    Image.fromarray(rgb).save(name, exif=exif, lossless=True, subsampling=0)
    expect(name, ImageOps.exif_transpose(Image.open(name)).convert("RGB"))

small = Image.fromarray(rgb[:2, :2])
info = PngInfo()
info.add_text("parameters", TEXT)
small.save("text.png", pnginfo=info)
info = PngInfo()
info.add_text("parameters", "plain é")
small.save("text_latin1.png", pnginfo=info)
# A1111 writes the first; programs that rewrite the block make the second of it, others write the third.
small.save("text_big.jpg", exif=comment(TEXT.encode("utf-16-be"), ">"))
small.save("text_rewritten.jpg", exif=comment(TEXT.encode("utf-16-be"), "<"))
small.save("text_little.webp", exif=comment(TEXT.encode("utf-16-le"), "<"))
