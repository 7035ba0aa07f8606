"""Puts pictures of a gallery onto one small sheet: ``make sheet``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

WIDE = 220
"""Pixels across of a picture on the sheet."""
ACROSS = 7
GAP = 6


def sheet(folder: Path, pattern: str) -> Image.Image:
    """Return the pictures of a folder whose name fits, in their order, seven in a row."""
    pictures = [Image.open(file).convert("RGB") for file in sorted(folder.glob(pattern))]
    if not pictures:
        raise SystemExit(f"no picture in {folder} is called {pattern}")
    high = max(picture.height * WIDE // picture.width for picture in pictures)
    rows = -(-len(pictures) // ACROSS)
    whole = Image.new("RGB", (ACROSS * (WIDE + GAP) + GAP, rows * (high + GAP) + GAP), "#8A9BAE")
    for number, picture in enumerate(pictures):
        small = picture.resize((WIDE, picture.height * WIDE // picture.width), Image.Resampling.LANCZOS)
        whole.paste(small, (GAP + number % ACROSS * (WIDE + GAP), GAP + number // ACROSS * (high + GAP)))
    return whole


if __name__ == "__main__":
    sheet(Path(sys.argv[1]), sys.argv[2]).save(sys.argv[3], quality=70)
