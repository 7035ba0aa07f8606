"""Pictures that are handed over: decoded, scaled to eight bits, and written anew."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tramkit.papers.problem import Made, PaperRefusedError, Problem

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 60_000_000
LEAST_PIXELS = 200
"""A picture whose shorter side has less cannot be read by anybody."""
LARGEST_SIDE = 3508
"""The long side of A4 at 300 dpi; larger pictures are reduced to it."""
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")


def picture(data: bytes, formats: tuple[str, ...] = FORMATS) -> Made:
    """Decode a picture and write it anew: what hangs on it (place, time, thumbnails, comments) stays behind.

    :param formats: the decoders that may look at it, by Pillow's names.
    :raises PaperRefusedError: too many pixels, or too few.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and checked before anything is decoded
    image: Image.Image = Image.open(io.BytesIO(data), formats=formats)
    if image.width * image.height > MAX_PIXELS:
        raise PaperRefusedError(Problem.PIXELS, "picture")
    if min(image.size) < LEAST_PIXELS:
        raise PaperRefusedError(Problem.SMALL, "picture")
    image.load()
    return Made("image/jpeg", jpeg(ImageOps.exif_transpose(image)), 1)


def heif(data: bytes) -> Made:
    """Decode a phone's HEIC, where a decoder is installed (``pip install tramkit[heic]``).

    :raises PaperRefusedError: ``HEIC``: there is none, or it cannot read this one.
    """
    try:
        import pillow_heif  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

        pillow_heif.register_heif_opener(thumbnails=False)  # pyright: ignore
        return picture(data, ("HEIF",))
    except PaperRefusedError:
        raise
    except Exception:  # no decoder, or one that does not know this kind: the resident is helped by the same advice
        raise PaperRefusedError(Problem.HEIC, "picture") from None


def jpeg(image: Image.Image) -> bytes:
    """Return a picture as JPEG without anything that hangs on it, on white where it is transparent, not too large."""
    from PIL import Image

    image = eight_bits(image)
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.new("RGB", clear.size, (255, 255, 255))
        image.paste(clear, mask=clear.getchannel("A"))
    image = image.convert("RGB")
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    plain = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def eight_bits(image: Image.Image) -> Image.Image:
    """Return greyscale of any depth in eight bits, scaled and never clipped; every other picture as it is.

    PNG's samples fill the range of their depth (PNG 3rd edition, section 13.12), so 65,535 becomes 255. A grey that
    is declared transparent (``tRNS``) becomes so at its own depth, before two greys can fall together.
    """
    from PIL import Image

    if image.mode == "F":
        low, high = image.getextrema()
        spread = float(high) - float(low)  # pyright: ignore[reportArgumentType]
        return image.point(lambda grey: (grey - low) * (255 / spread if spread else 0)).convert("L")  # pyright: ignore
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    clear = image.info.get("transparency")
    grey = image.convert("I") if image.mode != "I" else image
    scaled = grey.point(lambda value: value * (1 / 256)).convert("L")  # pyright: ignore
    if not isinstance(clear, int):
        return scaled
    apart = grey.point(lambda value: value * 1 - clear)  # pyright: ignore[reportOperatorIssue, reportUnknownLambdaType]
    seen = Image.eval(_sign(apart), lambda value: 255 if value else 0)
    scaled.putalpha(seen)
    return scaled


def _sign(apart: Image.Image) -> Image.Image:
    """Return 0 where a difference is 0 and something else elsewhere, in eight bits (conversion clips at both ends)."""
    from PIL import ImageChops

    above = apart.convert("L")
    below = apart.point(lambda value: value * -1).convert("L")  # pyright: ignore
    return ImageChops.lighter(above, below)
