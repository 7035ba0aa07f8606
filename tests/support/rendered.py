"""What Chromium's accessibility tree says of the page that is rendered, in the words of ``describe()``.

That tree is what a screen reader has. Roles and names are read from it alone; nothing is taken from the model.
"""

from __future__ import annotations

from typing import Any

from playwright.async_api import CDPSession

from tramkit_hal.ui import labels
from tramkit_hal.ui.accessibility import describe, options_of
from tramkit_hal.ui.pages import AnyPage, Ask, Attract, Availability, Control, FieldView, Pay, View, fields_of
from tramkit_hal.ui.screen import Shown
from tramkit_hal.words import render

Node = dict[str, Any]

_ANSWERS = ("radio", "checkbox")


async def rendered(session: CDPSession) -> list[Shown]:
    """Return what stands on the page of a session, in reading order."""
    answer = await session.send("Accessibility.getFullAXTree")
    nodes: dict[str, Node] = {node["nodeId"]: node for node in answer["nodes"]}
    found: list[Shown] = []
    _walk(answer["nodes"][0], nodes, found)
    return [item for item in found if item.name or item.value]


def expected(view: View) -> list[Shown]:
    """Return what the model says of a view, as a screen reader would hear it from the web screen.

    The content is ``describe(view)``; what differs is only how controls are built there: the words of an answer and
    its hint are one name, an answer outside a form is a button, what answers a whole page by its title is not named
    a second time, and a code is a picture with a number.
    """
    page, language = view.page, view.language
    fields = {field.name: field for field in fields_of(page)}
    said: list[Shown] = []
    field: FieldView | None = None
    codes = getattr(page, "codes", ()) or ((page.code,) if isinstance(page, Pay) and page.code else ())
    services = [render(option.label, language) for option in getattr(page, "services", ())]
    within: list[str] = []
    for item in describe(view):
        if item.role == "field":
            field = fields[item.action]
            hint = render(field.hint, language) if field.hint else ""
            within = [] if field.control in (Control.CHOICE, Control.YES_NO) else [hint, item.error]
            alone = len(fields) == 1 and field.label == page.title
            said += _field(item, field, hint, language, alone=alone)
        elif item.role == "text" and field and field.control is Control.CONSENT and item.name in within:
            continue
        elif item.role == "option":
            words = [item.name, *_reason(item, page, language)]
            other = isinstance(page, Ask) and item.action in {each.value for each in page.options}
            role = "option" if fields and not other else "button"
            state = "selected" if item.state == "selected" and fields else ""
            words += [render(labels.SELECTED, language)] if item.state == "selected" and not fields else []
            said.append(Shown(role=role, name=" ".join(part for part in words if part), state=state))
        elif item.role == "text" and isinstance(page, Attract) and any(item.name == name for name in services):
            words = [item.name, *_reason(item, page, language)]
            said.append(Shown(role="text", name=" ".join(part for part in words if part)))
        elif item.role == "text" and item.value:
            said += [Shown(role="text", name=item.value), Shown(role="text", name=item.name)]
        elif item.role == "fact":
            said.append(item.model_copy(update={"action": ""}))
            change = f"{render(labels.CHANGE, language)}: {item.name}"
            said += [Shown(role="button", name=change)] if item.action else []
        elif item.role == "code":
            number = sum(each.role == "code" for each in said) + 1
            of = render(labels.CODE_OF.model_copy(update={"params": {"n": number, "m": len(codes)}}), language)
            said.append(Shown(role="code", name=f"QR {of}"))
        else:
            said.append(item.model_copy(update={"action": "", "value": "" if item.role == "picture" else item.value}))
    return said


def _field(item: Shown, field: FieldView, hint: str, language: str, *, alone: bool) -> list[Shown]:
    """Return a question as it is heard; its answers and hints follow by themselves.

    :param alone: the page's title asks it already.
    """
    wrong = [Shown(role="text", name=item.error)] if item.error else []
    name = _optional(item.name, field, language)
    match field.control:
        case Control.SIGNATURE:  # a picture that says whether something is drawn
            drawn = f"{item.name}: {item.value}" if item.value else item.name
            return [Shown(role="text", name=item.name), Shown(role="picture", name=drawn), *wrong]
        case Control.CONSENT:
            state = "selected" if item.value == "yes" else ""
            return [Shown(role="option", name=f"{item.name} {hint}".strip(), state=state), *wrong]
        case Control.CHOICE | Control.YES_NO:
            return [*([] if alone else [Shown(role="text", name=name)]), *wrong]
        case _:
            told = f"{item.error} {hint}".strip() if item.error else ""
            return [Shown(role="field", name=name, value=item.value, error=told), *wrong]


def _optional(name: str, field: FieldView, language: str) -> str:
    return name if field.required else f"{name} {render(labels.OPTIONAL, language)}"


def _reason(item: Shown, page: AnyPage, language: str) -> list[str]:
    """Return what stands beside an answer: its state in words, its hint, its reason."""
    options = [*getattr(page, "options", ()), *getattr(page, "services", ())]
    for field in getattr(page, "fields", ()):
        options += options_of(field)
    option = next(each for each in options if render(each.label, language) == item.name)
    hint = render(option.hint, language) if option.hint else ""
    if option.state is Availability.AVAILABLE:
        return [hint]
    reason = f". {render(option.reason, language)}" if option.reason else ""
    return [hint, render(labels.STATES[option.state], language) + reason]


def _role(node: Node) -> str:
    return str(node.get("role", {}).get("value", ""))


def _name(node: Node) -> str:
    return " ".join(str(node.get("name", {}).get("value", "")).split())


def _property(node: Node, name: str) -> str:
    for each in node.get("properties", []):
        if each["name"] == name:
            return str(each["value"].get("value", "")).lower()
    return ""


def _children(node: Node, nodes: dict[str, Node]) -> list[Node]:
    return [nodes[id] for id in node.get("childIds", []) if id in nodes]


def _words(node: Node, nodes: dict[str, Node]) -> str:
    """Return all that is written in a node."""
    if _role(node) == "StaticText":
        return _name(node)
    words = " ".join(part for child in _children(node, nodes) if (part := _words(child, nodes)))
    return words.replace(" .", ".")


def _walk(node: Node, nodes: dict[str, Node], found: list[Shown]) -> None:
    role, name = _role(node), _name(node)
    if node.get("ignored"):
        role = ""
    match role:
        case "heading":
            found.append(Shown(role="heading" if _property(node, "level") == "1" else "text", name=name))
        case "button":
            state = "selected" if "true" in (_property(node, "pressed"), _property(node, "current")) else ""
            found.append(Shown(role="button", name=name, state=state))
        case "link":
            found.append(Shown(role="error", name=name))
        case "radio" | "checkbox":
            state = "selected" if _property(node, "checked") == "true" else ""
            found.append(Shown(role="option", name=name, state=state))
        case "textbox":
            wrong = _property(node, "invalid") == "true"
            said = " ".join(str(node.get("description", {}).get("value", "")).split())
            value = str(node.get("value", {}).get("value", ""))
            found.append(Shown(role="field", name=name, value=value, error=said if wrong else ""))
        case "image" | "img" | "Canvas":
            found.append(Shown(role="code" if name.startswith("QR") else "picture", name=name))
        case "term":
            found.append(Shown(role="fact", name=_words(node, nodes)))
        case "definition" if not any(_role(child) == "button" for child in _children(node, nodes)):
            label = found.pop()
            found.append(label.model_copy(update={"value": _words(node, nodes)}))
        case "StaticText":
            found.append(Shown(role="text", name=name))
        case "LabelText":
            for child in _children(node, nodes):
                if _holds_controls(node, nodes):
                    _walk_controls(child, nodes, found)
        case "meter" | "Figcaption":
            return
        case "paragraph" | "listitem" | "strong" | "status" if not _holds_controls(node, nodes):
            found.append(Shown(role="text", name=_words(node, nodes)))
        case _:
            for child in _children(node, nodes):
                _walk(child, nodes, found)


def _walk_controls(node: Node, nodes: dict[str, Node], found: list[Shown]) -> None:
    """A label's words are its control's name already."""
    if _role(node) in _ANSWERS:
        _walk(node, nodes, found)
    else:
        for child in _children(node, nodes):
            _walk_controls(child, nodes, found)


def _holds_controls(node: Node, nodes: dict[str, Node]) -> bool:
    return any(
        _role(child) in ("button", "link", "textbox", *_ANSWERS) or _holds_controls(child, nodes)
        for child in _children(node, nodes)
    )
