"""The other side's addresses, made known to every section of its description.

aiortc 1.16 keeps remote candidates by transport, and a bundle has one transport: the section that comes last decides,
and a browser writes its candidates into the first one only (RFC 9143 §7.3.3). Without them the station sends no
connectivity check at all, and across a NAT neither side is reached. A canary test tells when aiortc has mended this.
"""

from __future__ import annotations

CANDIDATE = "a=candidate:"
"""RFC 8839 §5.1."""

END = "a=end-of-candidates"
"""RFC 8840 §8.2. Left out: names are looked up after the answer was taken, and who has no address that we reach may
call us; that a leg has failed is told by its silence.
"""

HIDDEN = ".local"
"""Ends the name that stands for an address in a browser without leave for the camera
(draft-ietf-mmusic-mdns-ice-candidates).
"""


def in_every_section(sdp: str) -> str:
    """Return a description in which each section without candidates has those of the first section that has some.

    :param sdp: a description whose sections share one transport (RFC 9143, BUNDLE).
    """
    sections = _sections(sdp)
    candidates = next((found for lines in sections[1:] if (found := _candidates(lines))), [])
    for lines in sections[1:]:
        if not _candidates(lines):
            lines.extend(candidates)
    return "".join(f"{line}\r\n" for lines in sections for line in lines)


def split_hidden(sdp: str) -> tuple[str, list[str]]:
    """Return a description without addresses that are hidden behind names, and those, each once.

    Looking a name up takes a second where nobody answers; the others need not wait for it.
    """
    lines = sdp.splitlines()
    hidden = [line for line in lines if _is_hidden(line)]
    rest = [line for line in lines if not _is_hidden(line) and line != END]
    return "".join(f"{line}\r\n" for line in rest), list(dict.fromkeys(hidden))


def _is_hidden(line: str) -> bool:
    fields = line.split()
    return line.startswith(CANDIDATE) and len(fields) > 4 and fields[4].endswith(HIDDEN)


def _sections(sdp: str) -> list[list[str]]:
    """Return the lines of the session and of each m-section."""
    sections: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return sections


def _candidates(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(CANDIDATE)]
