"""Installs small plugins into a folder, as pip would: a package and its ``.dist-info``."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

MANIFEST = """
api = 1
name = "{name}"
title = {{ vi = "Thử", en = "Toy" }}

[[services]]
id = "{name}.hello"
title = {{ vi = "Chào", en = "Hello {name}" }}
"""

CODE = """
from tramkit import Messages, Service, hookimpl

_ = Messages("tests")

class Hello(Service):
    id = "{name}.hello"

    async def serve(self, visit):
        await visit.tell(_("Hello"))

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""


def install(folder: Path, name: str, *, code: str = CODE, manifest: str | None = MANIFEST) -> None:
    """Put a plugin into a folder.

    :param code: of its module, ``{name}`` filled in.
    :param manifest: of its ``plugin.toml``; None: it has none.
    """
    package = folder / f"toy_{name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "plugin.py").write_text(dedent(code).replace("{name}", name), encoding="utf-8")
    if manifest is not None:
        (package / "plugin.toml").write_text(manifest.format(name=name), encoding="utf-8")
    info = folder / f"toy_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[tramkit.plugins]\n{name} = toy_{name}.plugin\n", encoding="utf-8")


BROKEN: dict[str, tuple[str, str, str]] = {
    "at_import": ("raise RuntimeError('no such library')", MANIFEST, "import"),
    "exits": ("import sys\nsys.exit(3)", MANIFEST, "import"),
    "syntax": ("def (", MANIFEST, "import"),
    "register": (
        """
        from tramkit import hookimpl

        @hookimpl
        def tramkit_services(setings, context):
            return []
        """,
        MANIFEST,
        "register",
    ),
    "misspelt": (
        """
        from tramkit import hookimpl

        @hookimpl
        def tramkit_service(settings, context):
            return []
        """,
        MANIFEST,
        "register",
    ),
    "unmarked": ("def tramkit_services(settings, context):\n    return []", MANIFEST, "register"),
    "raises": (
        """
        from tramkit import hookimpl

        @hookimpl
        def tramkit_services(settings, context):
            raise KeyError("desk")
        """,
        MANIFEST,
        "verify",
    ),
    "no_list": (
        """
        from tramkit import hookimpl

        @hookimpl
        def tramkit_services(settings, context):
            return "services"
        """,
        MANIFEST,
        "verify",
    ),
    "undeclared": (CODE.replace("{name}.hello", "{name}.other"), MANIFEST, "verify"),
    "missing": (
        """
        from tramkit import hookimpl

        @hookimpl
        def tramkit_services(settings, context):
            return []
        """,
        MANIFEST,
        "verify",
    ),
    "title_in_code": (CODE.replace("    async def", '    title = _("Hello")\n\n    async def', 1), MANIFEST, "verify"),
    "title_is_a_number": (CODE, MANIFEST.replace('en = "Hello {name}"', "en = 7"), "manifest"),
    "wants_in_a_base": (
        CODE.replace("(Service)", "(Base)").replace(
            "class Hello", "Base = type('Base', (Service,), {'__module__': 'lib', 'wants': ('camera',)})\n\nclass Hello"
        ),
        MANIFEST,
        "verify",
    ),
    "pays_undeclared": (
        CODE
        + """
from tramkit import Invitation, Outcome, PaymentMethod, Properties

class Free(PaymentMethod):
    id = "{name}.free"
    title = _("Free")
    properties = Properties(can_be_asked=True)

    def invitation(self, payment):
        return Invitation()

    async def collect(self, payment):
        return Outcome(state="done")

    async def inquire(self, payment):
        return Outcome(state="done")

@hookimpl
def tramkit_payment_methods(settings, context):
    return [Free()]
""",
        MANIFEST,
        "verify",
    ),
    "signs_in_undeclared": (
        CODE
        + """
from tramkit import IdentityMethod, Level, Person, SignIn

class Anybody(IdentityMethod):
    id = "{name}.anybody"
    title = _("Anybody")

    async def begin(self):
        return SignIn(code="x", seconds=60, handle="x")

    async def wait(self, sign_in):
        return Person(level=Level.VNEID, name="X", number="079054001234")

@hookimpl
def tramkit_identity_methods(settings, context):
    return [Anybody()]
""",
        MANIFEST,
        "verify",
    ),
    "newer": (CODE, MANIFEST.replace("api = 1", "api = 9"), "manifest"),
    "no_toml": (CODE, "api = ", "manifest"),
    "misnamed": (CODE, MANIFEST.replace('name = "{name}"', 'name = "somebody"'), "manifest"),
    "mistyped": (CODE, MANIFEST + '\nservces = "x"\n', "manifest"),
}
"""Plugins that fail: code, manifest, and the step at which they must be kept out."""
