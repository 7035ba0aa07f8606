"""Views turned into HTML."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tramkit_hal.ui import guide, labels
from tramkit_hal.ui.accessibility import action_of, buttons_of, options_of, stage_words
from tramkit_hal.ui.keyboard import layouts
from tramkit_hal.ui.keyboard.typing import Typing
from tramkit_hal.ui.pages import OPTIONS_PER_PAGE, Choose, View, fields_of
from tramkit_hal.words import LANGUAGES, Moment, Text, Value, render, show

HERE = Path(__file__).parent

_NUMBER_GAP = re.compile(r"(?<=\d) (?=[\d₫%°])")

LIVE_KINDS = frozenset({"wait", "capture", "call"})
"""Pages whose content moves by itself: a press on the revision before is meant for this one too."""


class Renderer:
    """Makes the HTML of views.

    :param boot: names this run of the station, so that a browser notices a restart.
    :param ghost_tap_ms: milliseconds after a page change in which taps are not meant for it.
    :param orientation: ``auto``, ``portrait`` or ``landscape``.
    :param emblem: the agency has given its emblem, which is served beside the page.
    """

    def __init__(self, boot: str, ghost_tap_ms: int, orientation: str, *, emblem: bool = False) -> None:
        self._boot = boot
        self._ghost_tap_ms = ghost_tap_ms
        self._media = {"auto": "(orientation: landscape)", "portrait": "not all", "landscape": "all"}[orientation]
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(  # pyright: ignore[reportUnknownMemberType]
            words=labels,
            qr=qr_svg,
            options_of=options_of,
            action_of=action_of,
            buttons_of=buttons_of,
            layouts=layouts,
            fields_of=fields_of,
            stage_words=stage_words,
            guide_of=guide.guide_of,
            guide_words=guide.WORDS,
            emblem=emblem,
            ways=[way for way in Typing if way is not Typing.PLAIN],
        )

    def state(self, view: View, serial: int) -> dict[str, Any]:
        """Return what the browser keeps beside the HTML."""
        return {
            "boot": self._boot,
            "serial": serial,
            "visit": view.visit,
            "page": view.page.id,
            "revision": view.page.revision,
            "kind": view.page.kind,
            "lang": view.language,
            "scale": f"{view.mode.text_scale:g}",
            "contrast": view.mode.contrast.value,
            "lowered": "yes" if view.mode.lowered else "no",
            "ghost": self._ghost_tap_ms,
            "per": OPTIONS_PER_PAGE,
        }

    def fragment(self, view: View, drafts: Mapping[str, str]) -> Markup:
        """Return head, page and bar."""

        def t(text: Text | None, **values: object) -> str:
            if text is None:
                return ""
            words = render(text, view.language)
            return _joined(words.format(**values) if values else words)

        def shown(value: Value) -> str:
            return _joined(show(value, view.language))

        def clock(at: datetime) -> str:
            return show(Moment(at=at), view.language)

        page = view.page
        html = self._environment.get_template(f"kinds/{page.kind}.html").render(
            t=t,
            view=view,
            page=page,
            drafts=drafts,
            kind=page.kind,
            languages=LANGUAGES,
            show=shown,
            clock=clock,
            keyboards=_keyboards(view),
            selected=page.selected if isinstance(page, Choose) else "",
        )
        return Markup(html)

    def document(self, view: View, serial: int, drafts: Mapping[str, str], typing: Typing) -> str:
        """Return the whole page."""
        return self._environment.get_template("document.html").render(
            state=self.state(view, serial),
            typing=typing.value,
            title=render(view.page.title, view.language),
            content=self.fragment(view, drafts),
            restarting=render(labels.RESTARTING, view.language),
            one_moment=render(labels.ONE_MOMENT, view.language),
            media=self._media,
        )

    def closed(self) -> str:
        """Return the page for a browser that has not opened the screen by its address."""
        return self._environment.get_template("closed.html").render()


def _joined(words: str) -> str:
    """Return words whose numbers stay on one line: the parts of a phone number, an amount and its unit."""
    return _NUMBER_GAP.sub("\u00a0", words)


def _keyboards(view: View) -> tuple[str, ...]:
    """Return the on-screen keyboards that the page's fields want, the first field's first."""
    fields = fields_of(view.page)
    return tuple(dict.fromkeys(f.control.keyboard for f in fields if f.control.keyboard != "none"))


def qr_svg(content: str) -> Markup | None:
    """Return a QR code as SVG without style attributes, dark on light with its quiet zone of four modules.

    None: the content is too long for a code (ISO/IEC 18004: 2,331 bytes at error level M).
    """
    try:
        code = segno.make_qr(content, error="m", boost_error=False)
    except segno.DataOverflowError:
        return None
    out = io.BytesIO()
    code.save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        border=4,
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return Markup(out.getvalue().decode().strip())
