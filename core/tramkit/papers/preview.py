"""The pages of a PDF as small pictures, drawn from what is sent on and not from what was brought."""

from __future__ import annotations

import io
from typing import Any

HEIGHT = 1000
"""Pixels of the longer side: what the station's screen shows of a page."""
QUALITY = 70


def pages_of(data: bytes) -> tuple[bytes, ...]:
    """Return each page as a JPEG; none where no renderer is installed (``pip install tramkit[papers]``).

    :param data: the PDF that was made.
    """
    try:
        import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        return ()
    drawn: list[bytes] = []
    document: Any = pypdfium2.PdfDocument(data)
    try:
        for number in range(len(document)):
            drawn.append(_drawn(document, number))
    finally:
        document.close()
    return tuple(drawn)


def _drawn(document: Any, number: int) -> bytes:
    page = document[number]
    try:
        longer = max(1.0, *page.get_size())
        image: Any = page.render(scale=HEIGHT / longer, may_draw_forms=False).to_pil().convert("RGB")
    finally:
        page.close()
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
