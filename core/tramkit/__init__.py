"""Tramkit: the open framework for digital citizen stations. These names are all that a plugin needs."""

from tramkit_hal.vital import Reading as Reading
from tramkit_hal.vital import Vital as Vital
