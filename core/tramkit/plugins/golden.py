"""The golden pages of a plugin: what its service really shows, as data that ships with it in ``golden.json``.

From them the station learns at loading whether its screen can show the plugin, ``make gallery`` takes its pictures and
``make accessibility`` measures what a resident will meet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable

from pydantic import TypeAdapter, ValidationError

from tramkit_hal import TramkitError
from tramkit_hal.ui.pages import AnyPage

FILE = "golden.json"

_PAGES: TypeAdapter[dict[str, AnyPage]] = TypeAdapter(dict[str, AnyPage])


class GoldenError(TramkitError):
    """The file of golden pages cannot be used; the message says where and why."""


def read(package: Traversable) -> Mapping[str, AnyPage]:
    """Return a package's golden pages by name; empty when it brings none.

    :param package: the folder of the package.
    :raises GoldenError: the file is no JSON, or a page in it is none.
    """
    file = package / FILE
    if not file.is_file():
        return {}
    try:
        return _PAGES.validate_python(json.loads(file.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise GoldenError(f"{FILE}, line {error.lineno}: not JSON ({error.msg})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise GoldenError(f"{FILE}, {where}: {first['msg']}") from None
