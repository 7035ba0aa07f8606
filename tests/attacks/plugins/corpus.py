"""All hostile plugins."""

from __future__ import annotations

from .forges import FORGES
from .harms import HARMS, PIPES
from .keeps import KEEPS
from .reaches import REACHES
from .reads import READS

ATTACKS = [*READS, *REACHES, *KEEPS, *HARMS, *FORGES]
"""Each first succeeds inline."""

__all__ = ["ATTACKS", "KEEPS", "PIPES"]
