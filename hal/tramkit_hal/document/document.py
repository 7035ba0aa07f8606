"""What is printed: a document of words and values, in no language until it is printed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tramkit_hal.data import Data
from tramkit_hal.words import Text, render


class Heading(Data):
    """A heading within the document."""

    type: Literal["heading"] = "heading"
    text: Text


class Paragraph(Data):
    """Running words."""

    type: Literal["paragraph"] = "paragraph"
    text: Text


class Row(Data):
    """A label and its value."""

    type: Literal["row"] = "row"
    label: Text
    value: Text


class Rule(Data):
    """A line across."""

    type: Literal["rule"] = "rule"


class Code(Data):
    """A QR code (ISO/IEC 18004) and the words under it."""

    type: Literal["code"] = "code"
    content: str
    caption: Text | None = None


Block = Annotated[Heading | Paragraph | Row | Rule | Code, Field(discriminator="type")]


class Document(Data):
    """A document for a printer.

    :param letterhead: whose paper it is and where it comes from, above everything.
    :param title: stands on top, large.
    :param blocks: from top to bottom.
    """

    title: Text
    letterhead: tuple[Text, ...] = Field(default=(), exclude_if=lambda given: not given)
    blocks: tuple[Block, ...] = ()

    def lines(self, language: str) -> list[str]:
        """Return the document as lines of plain text, unwrapped."""
        lines = [*(render(text, language) for text in self.letterhead), render(self.title, language)]
        for block in self.blocks:
            match block:
                case Heading(text=text):
                    lines += ["", render(text, language)]
                case Paragraph(text=text):
                    lines.append(render(text, language))
                case Row(label=label, value=value):
                    lines.append(f"{render(label, language)}: {render(value, language)}")
                case Rule():
                    lines.append("-" * 24)
                case Code(content=content, caption=caption):
                    lines.append(f"[{content}]" + (f" {render(caption, language)}" if caption else ""))
        return lines
