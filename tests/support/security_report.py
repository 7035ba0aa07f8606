"""``docs/security.md`` from what tests show: ``python -m support.security_report`` in ``tests/`` writes it anew.

A test names what it shows: ``@pytest.mark.shows("ASVS V6", "EN 5.1")``. What no test shows stands there as not shown,
and what is not met stands with why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "security.md"
FOLDERS = (ROOT / "tests", ROOT / "plugins")


@dataclass(frozen=True)
class Requirement:
    """A chapter of ASVS 5.0 at level 2, or a provision of EN 303 645 V3.1.3.

    :param open: what of it is not met, and why; empty: nothing that is known.
    :param outside: why it does not apply; empty: it does.
    """

    id: str
    title: str
    open: str = ""
    outside: str = ""


ASVS = (
    Requirement("ASVS V1", "Encoding and sanitisation"),
    Requirement("ASVS V2", "Validation and business logic"),
    Requirement(
        "ASVS V3", "Web front end", "cookies bear no `__Host-` prefix: the desk is also served on loopback without TLS"
    ),
    Requirement("ASVS V4", "API and web service"),
    Requirement("ASVS V5", "File handling", "no virus scanner (5.4.3): files are rebuilt instead, and confined"),
    Requirement(
        "ASVS V6",
        "Authentication",
        "passkeys are demanded only with `require_passkeys = true`; passwords are held against rules and a short list, "
        "not against the 3,000 commonest (6.2.4), since the commonest of ten characters and more are few",
    ),
    Requirement(
        "ASVS V7", "Session management", "a session is not bound to the browser's key (DBSC is no standard yet)"
    ),
    Requirement("ASVS V8", "Authorisation"),
    Requirement("ASVS V9", "Self-contained tokens"),
    Requirement("ASVS V10", "OAuth and OIDC"),
    Requirement("ASVS V11", "Cryptography", "no inventory of algorithms in a machine-readable form (11.1.2)"),
    Requirement("ASVS V12", "Secure communication", "TLS is the proxy's; Tramkit refuses http to other machines"),
    Requirement(
        "ASVS V13",
        "Configuration",
        "the desk's sign-in is budgeted, not a process of its own; the payment receiver's holds its providers' keys",
    ),
    Requirement(
        "ASVS V14",
        "Data protection",
        "what was typed is gone from Python's memory when its page is freed, which Python does not promise; backups "
        "made before an erasure hold the key that was thrown away: keep them shorter than the answer may take",
    ),
    Requirement("ASVS V15", "Secure coding and architecture"),
    Requirement(
        "ASVS V16", "Security logging and error handling", "logs are not signed (16.4.2): ship them off the machine"
    ),
    Requirement("ASVS V17", "WebRTC", "the TURN server is the facility's own"),
)
EN_303_645 = (
    Requirement("EN 5.1", "No universal default passwords"),
    Requirement(
        "EN 5.2", "A way to report vulnerabilities", "the address is the operator's to fill in: see SECURITY.md"
    ),
    Requirement(
        "EN 5.3", "Keep software updated", "updates are the system's packages; Tramkit has no updater of its own"
    ),
    Requirement(
        "EN 5.4",
        "Store sensitive security parameters",
        "no hardware-backed key: systemd credentials with a TPM are the way",
    ),
    Requirement("EN 5.5", "Communicate securely"),
    Requirement("EN 5.6", "Minimise exposed attack surfaces"),
    Requirement("EN 5.7", "Ensure software integrity", "no verified boot of its own: the machine's"),
    Requirement("EN 5.8", "Personal data are secure"),
    Requirement("EN 5.9", "Resilient to outages"),
    Requirement("EN 5.10", "Examine telemetry", outside="nothing is sent to the maker"),
    Requirement("EN 5.11", "Easy to delete user data"),
    Requirement("EN 5.12", "Installation and maintenance are easy"),
    Requirement("EN 5.13", "Validate input data"),
    Requirement("EN 6", "Data protection for consumer IoT"),
)


def shown() -> dict[str, list[str]]:
    """Return the tests that show each requirement, as ``file: sentence``."""
    found: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for file in sorted(folder.rglob("test_*.py")):
            for requirement, test in _marks(ast.parse(file.read_text(encoding="utf-8"))):
                said = test.removeprefix("test_").replace("_", " ")
                found.setdefault(requirement, []).append(f"`{file.relative_to(ROOT)}`: {said}")
    return found


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.shows":
                for value in decorator.args:
                    assert isinstance(value, ast.Constant)
                    yield str(value.value), node.name


def document() -> str:
    """Return the page."""
    tests = shown()
    unknown = tests.keys() - {each.id for each in (*ASVS, *EN_303_645)}
    assert not unknown, f"no such requirement: {unknown}"
    head = (Path(__file__).parent / "security_head.md").read_text(encoding="utf-8")
    parts = [head.rstrip()]
    for title, requirements in (
        ("## OWASP ASVS 5.0, level 2, by chapter", ASVS),
        ("## ETSI EN 303 645, by provision", EN_303_645),
    ):
        parts.append(title)
        parts.append("| | | what tests show | what is not met, and why |\n|---|---|---|---|")
        rows = [
            f"| {each.id} | {each.title} | {_state(each, tests)} | {each.outside or each.open or '–'} |"
            for each in requirements
        ]
        parts[-1] += "\n" + "\n".join(rows)
        for each in requirements:
            if lines := tests.get(each.id):
                parts.append(f"### {each.id}: {each.title}\n\n" + "\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def _state(requirement: Requirement, tests: dict[str, list[str]]) -> str:
    if requirement.outside:
        return "does not apply"
    count = len(tests.get(requirement.id, ()))
    return f"{count} tests" if count else "not shown by a test"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
