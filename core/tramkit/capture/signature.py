"""The resident's signature: drawn on the screen, or the full name typed where a hand or a screen cannot draw."""

from __future__ import annotations

import io
import unicodedata
from typing import Annotated

from PIL import Image, ImageDraw

from tramkit import forms
from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.forms import Form
from tramkit.host.attachment import Attachment
from tramkit_hal.ui.pages import Ask, Control, FieldView, Option
from tramkit_hal.ui.strokes import HEIGHT, SHORTEST, WIDTH, Stroke, length, parse
from tramkit_hal.words import Messages, Text, verbatim

_ = Messages("tramkit")

FIELD = "signature"
SCALE = 2
"""Drawn so many times larger and reduced: smooth lines."""
PIXELS = (750, 300)
LINE = 4


class TypedName(Form):
    """The full name, in place of a drawn signature."""

    name: Annotated[str, forms.name(_("Full name"))]


async def sign(visit: StationVisit, title: Text, body: tuple[Text, ...], name: str) -> Attachment:
    """Have the resident sign; see :meth:`Visit.sign`."""
    typed = await visit.one_step(f"sign:{name}", name, lambda: _sign(visit, title, body))
    if FIELD in typed:
        return Attachment.of(name, "image/png", picture(parse(typed[FIELD])))
    return Attachment.of(name, "text/plain", typed["name"].encode())


async def _sign(visit: StationVisit, title: Text, body: tuple[Text, ...]) -> dict[str, str]:
    """Return what was drawn or typed, under the name of its field."""
    id = visit.page_id(visit.current)
    typed: dict[str, str] = dict(visit.kept() or {})
    drawing = visit.screen_draws and "name" not in typed
    error: Text | None = None
    attempts = 0
    while True:
        page = _pad(id, title, body, typed, error, attempts)
        if not drawing:
            page = _typing(visit, id, title, body, typed, error, attempts)
        answered = await visit.exchange(page, Idle.READING)
        if answered.choice in ("type", "draw"):
            drawing, typed, error, attempts = answered.choice == "draw", {}, None, 0
            continue
        typed = dict(answered.values)
        error = _wrong_with_drawing(typed) if drawing else _wrong_with_name(visit, typed)
        if error is None:
            return typed
        attempts += 1


def _pad(id: str, title: Text, body: tuple[Text, ...], typed: dict[str, str], error: Text | None, attempts: int) -> Ask:
    field = FieldView(
        name=FIELD,
        control=Control.SIGNATURE,
        label=_("Your signature"),
        hint=_("Sign with your finger in the box"),
        value=typed.get(FIELD, ""),
        error=error,
        max_length=4_000,
    )
    return Ask(
        id=id,
        title=title,
        body=body,
        fields=(field,),
        options=(Option(value="type", label=_("I cannot sign here: type my full name instead")),),
        action=_("Done"),
        attempts=attempts,
        fallback=_("This screen cannot be drawn on: type your full name instead."),
    )


def _typing(
    visit: StationVisit,
    id: str,
    title: Text,
    body: tuple[Text, ...],
    typed: dict[str, str],
    error: Text | None,
    attempts: int,
) -> Ask:
    draw = (Option(value="draw", label=_("Sign with my finger instead")),) if visit.screen_draws else ()
    return Ask(
        id=f"{id}-typed",
        title=title,
        body=(*body, _("Your full name, typed by you, stands for your signature.")),
        fields=TypedName.views(typed, {"name": error} if error else {}, {}),
        options=draw,
        action=_("Sign with this name"),
        attempts=attempts,
    )


def _wrong_with_drawing(typed: dict[str, str]) -> Text | None:
    try:
        strokes = parse(typed.get(FIELD, ""))
    except ValueError:
        return _("That could not be read. Please clear it and sign again.")
    if not strokes:
        return _("Please sign in the box.")
    if length(strokes) < SHORTEST:
        return _("That is too little for a signature. Please clear it and sign again.")
    return None


def _wrong_with_name(visit: StationVisit, typed: dict[str, str]) -> Text | None:
    found, errors = TypedName.read(typed)
    if found is None:
        return errors["name"]
    person = visit.person
    if person is not None and _folded(found.name) != _folded(person.name):
        return _("Please type your name as it stands on your card: {name}", name=verbatim(person.name))
    return None


def _folded(name: str) -> str:
    """Return a name as it is compared: without marks, case and wide gaps."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(c))
    return " ".join(bare.replace("đ", "d").split())


def picture(strokes: tuple[Stroke, ...]) -> bytes:
    """Return a drawing as PNG, dark on white, the same bytes for the same strokes."""
    wide, high = PIXELS[0] * SCALE, PIXELS[1] * SCALE
    image = Image.new("L", (wide, high), 255)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(x * wide / WIDTH, y * high / HEIGHT) for x, y in stroke]
        draw.line(points, fill=0, width=LINE * SCALE, joint="curve")
        for x, y in points:
            draw.circle((x, y), LINE * SCALE / 2, fill=0)
    out = io.BytesIO()
    image.resize(PIXELS, Image.Resampling.LANCZOS).quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()
