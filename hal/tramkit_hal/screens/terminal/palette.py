"""How the parts of a terminal page look: one style a part and contrast, text at 7:1 or more."""

from __future__ import annotations

from rich.style import Style

from tramkit_hal.ui.pages import Contrast

_NORMAL = {
    "ground": "#10243A on #FFFFFF",
    "head": "bold #FFFFFF on #0A4B84",
    "language": "#FFFFFF on #0A4B84",
    "language.selected": "bold #0A4B84 on #FFFFFF",
    "heading": "bold #0A4B84 on #FFFFFF",
    "text": "#10243A on #FFFFFF",
    "large": "bold #10243A on #DCEBFA",
    "warning": "bold #10243A on #FFF3C4",
    "success": "bold #FFFFFF on #0B6138",
    "error": "bold #9B111B on #FFFFFF",
    "alarm": "bold #FFFFFF on #9B111B",
    "fact": "#10243A on #FFFFFF",
    "option": "#10243A on #EEF3F8",
    "option.selected": "bold #10243A on #DCEBFA",
    "field": "#10243A on #F3F6F9",
    "field.active": "#10243A on #DCEBFA",
    "picture": "#10243A on #F3F6F9",
    "code": "#000000 on #FFFFFF",
    "button": "bold #FFFFFF on #0A4B84",
    "button.selected": "bold #FFFFFF on #0A4B84",
    "back": "bold #0A4B84 on #DCEBFA",
    "more": "bold #0A4B84 on #EEF3F8",
    "frame": "#10243A on #F3F6F9",
    "bar": "bold #0A4B84 on #DCEBFA",
    "key": "bold #10243A on #FFFFFF",
    "keys": "#10243A on #DCEBFA",
    "focus": "bold #10243A on #FFD60A",
    "scroll": "#0A4B84 on #FFFFFF",
}
_DARK_GROUND = ("ground", "heading", "text", "fact", "picture", "frame", "scroll")
_DARK = {
    **_NORMAL,
    **dict.fromkeys(_DARK_GROUND, "#F3F6F9 on #0B1622"),
    "heading": "bold #F3F6F9 on #0B1622",
    "error": "bold #FFB4B8 on #0B1622",
    **dict.fromkeys(("option", "field", "more"), "#F3F6F9 on #16283C"),
    **dict.fromkeys(("option.selected", "field.active", "large"), "bold #F3F6F9 on #23415F"),
    **dict.fromkeys(("back", "bar"), "bold #F3F6F9 on #23415F"),
    "key": "bold #F3F6F9 on #23415F",
    "keys": "#F3F6F9 on #0B1622",
}
_HIGH = {
    **dict.fromkeys(_NORMAL, "#FFFFFF on #000000"),
    **dict.fromkeys(("heading", "back", "bar", "more", "large", "warning", "key"), "bold #FFE14D on #000000"),
    **dict.fromkeys(("button", "button.selected", "language.selected"), "bold #000000 on #FFE14D"),
    **dict.fromkeys(("option.selected", "field.active"), "bold #FFFFFF on #000000"),
    **dict.fromkeys(("error", "alarm"), "bold underline #FFFFFF on #000000"),
    "code": "#000000 on #FFFFFF",
    "focus": "bold #000000 on #FFFFFF",
    "keys": "#FFFFFF on #000000",
}

PALETTES: dict[Contrast, dict[str, Style]] = {
    contrast: {look: Style.parse(style) for look, style in styles.items()}
    for contrast, styles in ((Contrast.NORMAL, _NORMAL), (Contrast.DARK, _DARK), (Contrast.HIGH, _HIGH))
}
"""Styles by contrast and look."""
