"""The benches run and print what they promise: JSON lines with finite figures. Nothing is timed here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

METRICS = {
    "call": {
        "accept_to_first_frame_doctor_p50",
        "accept_to_first_frame_kiosk_p50",
        "accept_to_first_frame_both_p95",
        "fps_to_doctor",
        "fps_to_kiosk",
        "picture_delay_to_doctor_p50",
        "picture_delay_to_kiosk_p95",
        "media_cpu",
    },
    "devices": {
        "card_open",
        "card_sod",
        "card_dg1",
        "card_dg2",
        "card_chip",
        "card_passive",
        "card_whole",
        "card_reader_cpu",
        "card_reads_growth_memory",
        "card_reads_growth_threads",
        "card_reads_growth_descriptors",
    },
    "ledger": {"commit_p50", "commit_p99", "effects_per_second", "file_growth", "ready_after_restart"},
    "services": {"catalogue_load_ms", "search_ms", "file_pages", "bill_evn_taps", "my_numbers_machine_seconds"},
    "screens": {
        "tap_to_painted_p50",
        "tap_to_painted_p95",
        "heard_to_painted_p95",
        "page_changes",
        "first_load",
        "memory_growth_20_pages",
        "heap_growth_per_page",
        "terminal_tap_to_drawn_p95",
        "terminal_key_to_drawn_p95",
        "cold_start_p50",
    },
}
WITH_PEER = (
    "card_whole",
    "commit",
    "effects",
    "ready",
    "accept_to_first_frame",
    "fps",
    "picture_delay",
    "media_cpu",
    "tap_to_painted",
    "heard_to_painted",
    "cold_start",
    "catalogue_load",
    "search",
)


@pytest.mark.parametrize(
    "bench",
    [
        "ledger",
        pytest.param("services", marks=pytest.mark.slow),
        pytest.param("call", marks=[pytest.mark.slow, pytest.mark.browser]),
        pytest.param("screens", marks=[pytest.mark.slow, pytest.mark.browser]),
    ],
)
def test_a_bench_prints_json_lines_with_its_peer(bench: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", bench, "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert {line["metric"] for line in lines} >= METRICS[bench]
    for line in lines:
        assert line["bench"] == bench
        assert math.isfinite(line["value"])
        assert isinstance(line["unit"], str)
        if line["metric"].startswith(WITH_PEER):
            assert line["peer"]
            assert math.isfinite(line["peer_value"])
            assert "ratio" in line
