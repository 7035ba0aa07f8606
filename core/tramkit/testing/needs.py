"""What the kit uses of other packages only where a test asks for it; whoever lacks one is told how to get it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from tramkit_hal import TramkitError


class MissingDependencyError(TramkitError, ImportError):
    """A package that this part of the kit needs is not installed; the message says how to install it."""


@contextlib.contextmanager
def needs(package: str) -> Generator[None]:
    """Import inside this block what only some tests need.

    :param package: the distribution, as pip names it.
    :raises MissingDependencyError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"{package} is not installed ({error}); run: pip install 'tramkit[testing]'"
        ) from error
