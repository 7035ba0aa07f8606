"""The console's Textual application."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, ClassVar, cast

from rich.text import Text as RichText
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Header, RichLog, Static, TabbedContent, TabPane

from tramkit.log import visible
from tramkit.operator.console.client import LogLine, PanelClient, PanelError
from tramkit_hal.words import VIETNAM, Messages, Text, render

_ = Messages("tramkit")

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0
"""A reset is asked for twice within this."""

_LABELS = {
    "reset": _("Reset"),
    "close": _("Close / open"),
    "acknowledge": _("I am coming"),
    "language": _("Language"),
    "quit": _("Quit"),
}
_COLUMNS = (_("Device"), _("Model"), _("State"), _("What to do"))
_PLUGIN_COLUMNS = (_("Plugin"), _("Version"), _("State"), _("Reason"))
_TABS = {"devices": _("Devices"), "plugins": _("Plugins and services"), "log": _("Log")}
_TABLES = {"devices": "device-table", "plugins": "plugin-table"}
_OPEN, _CLOSED = _("In service"), _("Closed for service")
_STYLES = {
    **dict.fromkeys(("ready", "busy", "enabled", "available", "info"), "green"),
    **dict.fromkeys(("degraded", "starting", "limited", "warning"), "yellow"),
    **dict.fromkeys(("absent", "offline", "fault", "quarantined", "closed", "error", "critical"), "bold red"),
}


class Console(App[None]):
    """Shows one station: its devices, plugins, services, the visit's progress, calls for staff, its log.

    :param client: the station's panel.
    :param language: of the operator.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { overflow: hidden; }
    #now { height: auto; padding: 0 1; background: $boost; }
    #trouble { height: auto; padding: 0 1; background: $error; color: $text; display: none; }
    DataTable { height: 1fr; }
    #mend { height: auto; padding: 0 1; background: $boost; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reset", "Reset"),
        Binding("c", "close", "Close / open"),
        Binding("a", "acknowledge", "I am coming"),
        Binding("l", "language", "Language"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, client: PanelClient, language: str = "vi") -> None:
        super().__init__()
        self.client = client
        self.language = language
        self._report: dict[str, Any] = {}
        self._logged = 0
        self._asked: tuple[str, float] = ("", 0.0)

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static(id="trouble")
        yield Static(id="now")
        with TabbedContent(initial="devices", id="tabs"):
            with TabPane("", id="devices"):
                yield DataTable(id="device-table", cursor_type="row", zebra_stripes=True)
            with TabPane("", id="plugins"):
                yield DataTable(id="plugin-table", cursor_type="row", zebra_stripes=True)
            with TabPane("", id="log"):
                yield RichLog(id="log-lines", wrap=True)
        yield Static(id="mend")
        yield Footer()

    async def on_mount(self) -> None:
        self._name_everything()
        self._table("device-table").focus()
        await self.look()
        self.set_interval(LOOK_SECONDS, self.look)

    def _t(self, text: Text) -> str:
        return render(text, self.language)

    def _name_everything(self) -> None:
        """Write every label in the language."""
        tabs = self.query_one(TabbedContent)
        for name, label in _TABS.items():
            tabs.get_tab(name).label = self._t(label)
        for key, name in (("r", "reset"), ("c", "close"), ("a", "acknowledge"), ("l", "language"), ("q", "quit")):
            self._bindings.key_to_bindings[key] = [Binding(key, name, self._t(_LABELS[name]))]
        self.refresh_bindings()
        for name, columns in (("device-table", _COLUMNS), ("plugin-table", _PLUGIN_COLUMNS)):
            table = self._table(name)
            table.clear(columns=True)
            table.add_columns(*(self._t(column) for column in columns))

    async def look(self) -> None:
        """Ask the station how it is and show it; where it does not answer, say so and keep what was last known."""
        trouble = ""
        lines: list[LogLine] = []
        try:
            self._report = await self.client.report(self.language)
            lines = await self.client.log(self._logged)
        except PanelError as error:
            trouble = str(error)
        if not self.query("#trouble"):
            return  # the console was closed meanwhile
        self._trouble(trouble)
        if trouble:
            return
        self.title = f"{self._report['station']} · {self._report['site']}"
        self.sub_title = self._report["agency"]
        self.query_one("#now", Static).update(self._now())
        self._fill("device-table", [row for role in self._report["roles"] for row in self._devices(role)])
        self._fill("plugin-table", self._plugins())
        self._write(lines)

    def _table(self, name: str) -> DataTable[Any]:
        return cast("DataTable[Any]", self.query_one(f"#{name}"))

    def on_data_table_row_highlighted(self) -> None:
        """Say in full, below the table, what the row under the cursor has no room for."""
        self._say_row()

    def on_tabbed_content_tab_activated(self) -> None:
        self._say_row()

    def _say_row(self) -> None:
        name = _TABLES.get(self.query_one(TabbedContent).active)
        table = self._table(name) if name else None
        words = str(table.get_row_at(table.cursor_row)[-1]) if table and table.row_count else ""
        mend = self.query_one("#mend", Static)
        mend.update(RichText(words))
        mend.display = bool(words)

    def _trouble(self, words: str) -> None:
        banner = self.query_one("#trouble", Static)
        banner.update(words)
        banner.display = bool(words)

    def _now(self) -> RichText:
        report = self._report
        visit = report["visit"]
        lines = [self._t(_CLOSED if report["closed"] else _OPEN)]
        if visit is None:
            lines.append(self._t(_("Nobody is at the station.")))
        else:
            doing = self._t(_("The resident {doing}", doing=visit["doing"]))
            lines.append(" · ".join(each for each in (visit["service"], doing, visit["since"]) if each))
        lines += [f"▲ {call['reason']} {call['asked']}" for call in report["calls"] if not call["acknowledged"]]
        text = RichText("\n".join(lines))
        text.highlight_regex(r"▲.*", "bold red")
        return text

    def _devices(self, role: dict[str, Any]) -> list[tuple[str, ...]]:
        return [
            (
                f"{role['role']}/{device['index']}",
                device["state"],
                role["title"],
                device["model"] or device["driver"],
                device["state_words"],
                " ".join(each for each in (device["trouble_words"], device["mend_words"]) if each),
            )
            for device in role["devices"]
        ]

    def _plugins(self) -> list[tuple[str, ...]]:
        plugins = [
            (
                each["name"],
                each["state"],
                each["title"] or each["name"],
                each["version"],
                each["state_words"],
                each["reason"],
            )
            for each in self._report["plugins"] or ()
        ]
        services = [
            (each["id"], each["state"], f"  {each['title']}", "", each["state_words"], each["reason"])
            for each in self._report["services"]
        ]
        identity = [
            (each["level"], each["state"], f"  {each['title']}", "", each["state_words"], each["reason"])
            for each in self._report["identity"]
        ]
        conditions = [
            (each["title"], each["state"], f"  {each['title']}", "", each["state_words"], each["reason"])
            for each in self._report["conditions"]
        ]
        return plugins + services + conditions + identity

    def _fill(self, name: str, rows: list[tuple[str, ...]]) -> None:
        """Show rows: a key, a state that colours the third cell, four cells."""
        table = self._table(name)
        at = table.cursor_row
        table.clear()
        for key, state, first, second, third, fourth in rows:
            table.add_row(first, second, RichText(third, _STYLES.get(state, "")), fourth, key=key)
        table.move_cursor(row=min(at, len(rows) - 1) if rows else 0)

    def _write(self, lines: list[LogLine]) -> None:
        log = self.query_one("#log-lines", RichLog)
        for line in lines:
            self._logged = line.number
            fields = visible(" ".join(f"{name}={value}" for name, value in line.fields.items() if name != "logger"))
            text = RichText(f"{_clock(line.at)} {line.level:<8}{visible(line.event)} ")
            text.stylize(_STYLES.get(line.level, ""), 9, 17)
            log.write(text.append(fields, "dim"))

    # ── what the operator does ────────────────────────────────────────────────────────────────────────────

    async def action_reset(self) -> None:
        """Reset the device under the cursor; a second press within a few seconds confirms."""
        table = self._table("device-table")
        if not table.row_count:
            return
        key = str(table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value)
        asked, when = self._asked
        if asked != key or time.monotonic() - when > AGAIN_SECONDS:
            self._asked = (key, time.monotonic())
            name = " ".join(str(cell) for cell in table.get_row(key)[:2])
            self.notify(self._t(_("Press once more to reset: {device}", device=name)), timeout=AGAIN_SECONDS)
            return
        self._asked = ("", 0.0)
        role, _slash, index = key.partition("/")
        await self._do(self.client.reset(role, int(index), self.language))

    async def action_close(self) -> None:
        """Close the station for service, or open it again."""
        if self._report:
            await self._do(self.client.close_station(not self._report["closed"], self.language))

    async def action_acknowledge(self) -> None:
        """Answer the oldest call for staff."""
        waiting = [call for call in self._report.get("calls", ()) if not call["acknowledged"]]
        if waiting:
            await self._do(self.client.acknowledge(waiting[-1]["id"], self.language))

    async def action_language(self) -> None:
        """Change between the languages of the panel."""
        languages = list(self._report.get("languages", {"vi": "", "en": ""}))
        at = languages.index(self.language) if self.language in languages else 0
        self.language = languages[(at + 1) % len(languages)]
        self._name_everything()
        await self.look()

    async def _do(self, asked: Any) -> None:
        try:
            await asked
        except PanelError as trouble:
            self.notify(str(trouble), severity="error")
        await self.look()


def _clock(at: str) -> str:
    try:
        return datetime.fromisoformat(at).astimezone(VIETNAM).strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"
