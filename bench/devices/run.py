"""``python -m bench devices``: the identity card, from the number to the verified person.

``card_*``
    a virtual card with a portrait of 15 KB behind a model of a real chip: 424 kbit/s, 30 ms a READ BINARY, 300 ms an
    elliptic-curve step. The peer (the floor) is the same APDUs, byte for byte, sent to the same model by a reader that
    does no cryptography at all. The phases are those that a resident waits for.
``card_2048_byte_answers_*``
    the same where the operator has set ``answer_bytes``, since reader and card take long answers together.
``card_reader_cpu``
    processor seconds of one reading without the model, the virtual chip's own taken out.
``card_reads_growth_*``
    what a thousand readings leave behind.
"""

from __future__ import annotations

from bench.devices.card import growth, model, processor
from bench.options import Options

LONG_ANSWERS = 2048


async def run(options: Options) -> None:
    """Measure and print."""
    await model(1 if options.quick else 5)
    await model(1 if options.quick else 5, LONG_ANSWERS)
    await processor(5 if options.quick else 50)
    await growth(20 if options.quick else 1_000)
