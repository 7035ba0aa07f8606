"""A data file of a package, instead of which an operator may name one of their own: catalogues, rules, words."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from tramkit.problems import MAX_FILE, read_settings
from tramkit_hal.data import Data
from tramkit_hal.words import Text, bilingual

M = TypeVar("M", bound=BaseModel)

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""What names an entry of a data file to the program."""


class Words(Data):
    """The same in Vietnamese and in English, where a data file says it and no catalogue of translations."""

    vi: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)

    @property
    def text(self) -> Text:
        return bilingual(vi=self.vi, en=self.en)

    @property
    def within_sentence(self) -> Text:
        """The same where it does not begin a sentence."""
        return bilingual(vi=self.vi[:1].lower() + self.vi[1:], en=self.en[:1].lower() + self.en[1:])


class DataFile(Generic[M]):
    """A TOML file of a package that is read into a model.

    :param model: of the whole file.
    :param bundled: the package's own file.
    :param most: bytes that such a file may have.
    """

    def __init__(self, model: type[M], bundled: Path, most: int = MAX_FILE) -> None:
        self._model = model
        self._path = bundled
        self._most = most

    def read(self, file: Path) -> M:
        """Read an operator's own file.

        :raises FileError: it is missing or malformed; the words name file and key.
        """
        return read_settings(file, self._model, self._most)

    def bundled(self) -> M:
        """Return what comes with the package, read once."""
        return self._bundled

    def settled(self, own: Path | None) -> M:
        """Return what an operator's own file says, where they name one, otherwise what comes with the package.

        :raises FileError: as for :meth:`read`.
        """
        return self.bundled() if own is None else self.read(own)

    @cached_property
    def _bundled(self) -> M:
        return self.read(self._path)
