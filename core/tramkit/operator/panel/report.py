"""The panel's report: everything it shows, as data in the operator's language and without personal data.

What a simulator's ``shown()`` says is the exception: a bystander sees it too, for as long as it is there.

Longer than 400 lines: one report, read from top to bottom as the page shows it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import cast

from pydantic import Field

from tramkit.conversation.staff import StaffCall
from tramkit.conversation.system_pages import FACES
from tramkit.facts import Change
from tramkit.host.days import day_of
from tramkit.host.person import Level
from tramkit.operator.open_orders import OpenOrders
from tramkit.operator.panel import words
from tramkit.operator.panel.watch import Watch
from tramkit.operator.self_test import SelfTest
from tramkit.station.conditions import Condition
from tramkit.station.menu import menu
from tramkit.station.station import Station
from tramkit_hal.data import Data
from tramkit_hal.device.base import Device, DeviceInfo
from tramkit_hal.device.errors import Mend
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import SimControl, Simulated
from tramkit_hal.ui.pages import Availability
from tramkit_hal.ui.screen import Screen
from tramkit_hal.words import LANGUAGES, Day, Moment, Money, Text, render, show

_log = logging.getLogger(__name__)

PluginsReport = Callable[[], Sequence[Mapping[str, object]]]
"""Returns for each plugin ``name``, ``state`` (``enabled``, ``installed``, ``quarantined``), and where known
``title``, ``version`` and ``reason``."""


ChangesReport = Callable[[], Sequence[Change]]
"""Returns the dated values that begin or end soon."""


SelfTestReport = Callable[[], SelfTest | None]
"""Returns the last self-test; None: there was none."""


class OptionReport(Data):
    value: str
    label: str


class ControlReport(Data):
    """A simulator's control, see :class:`tramkit_hal.simulated.Control`."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[OptionReport, ...] = ()


class DeviceReport(Data):
    """One device.

    :param index: its place in the role's order, from 0.
    :param in_use: it is the one that residents get now.
    :param claimed: the visit under way holds it.
    :param facts: readings of the last look: label and value.
    :param shown: what a bystander sees of a simulator; None: not a simulator.
    :param paper: where the picture of the paper in the slot is; empty: there is none.
    :param addresses: what can be opened in a browser: what for, and where.
    """

    index: int
    driver: str
    model: str
    serial: str
    simulated: bool
    state: str
    state_words: str
    in_use: bool
    claimed: bool
    quarantined: bool
    trouble: str = ""
    trouble_words: str = ""
    mend: str = ""
    mend_words: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    controls: tuple[ControlReport, ...] = ()
    shown: str | None = None
    paper: str = ""
    addresses: dict[str, str] = Field(default_factory=dict)


class RoleReport(Data):
    role: str
    title: str
    usable: bool
    devices: tuple[DeviceReport, ...]


class CallReport(Data):
    """A call for staff; ``acknowledged`` is empty while nobody has answered.

    :param urgent: somebody is in danger: the panel is red and sounds, the longer the more often.
    :param waiting_seconds: for how long, in steps of ten, nobody has answered an urgent one.
    """

    id: int
    reason: str
    asked: str
    acknowledged: str
    urgent: bool = False
    waiting_seconds: int = 0


class VisitReport(Data):
    """The visit under way: which, what for, what kind of page, since when. Nothing of the resident."""

    id: str
    service: str
    page: str
    doing: str
    since: str


class ServiceReport(Data):
    id: str
    title: str
    state: str
    state_words: str
    reason: str


class IdentityReport(Data):
    """A level of identity: whether residents can reach it here, and why not."""

    level: str
    title: str
    state: str
    state_words: str
    reason: str


class ConditionReport(Data):
    """The clock or the ledger: whether it can be used, and what it says."""

    title: str
    state: str
    state_words: str
    reason: str


class PluginReport(Data):
    name: str
    title: str
    version: str
    state: str
    state_words: str
    reason: str


class ChangeReport(Data):
    """A dated value that begins or ends soon."""

    on: str
    words: str
    note: str


class OrderReport(Data):
    """An order that is not at its end, see :class:`~tramkit.operator.open_orders.OpenOrder`."""

    code: str
    plugin: str
    title: str
    amount: str
    state: str
    state_words: str
    why: str
    placed: str


class OrdersReport(Data):
    """The orders that are not at their end: how many of each state, and the first of them, stuck ones first."""

    stuck: int
    late: int
    open: int
    orders: tuple[OrderReport, ...]


class TodayReport(Data):
    """What has happened today: counts and sums, nothing of anybody.

    :param since: from when visits are counted: those before the start of the station are not among them.
    :param endings: how visits have ended, and how many each.
    :param services: which were chosen and how often, the most chosen first.
    :param money: orders placed, payments that came, VND received, VND given back; empty: the station takes no orders.
    """

    since: str
    visits: int
    endings: tuple[tuple[str, int], ...]
    services: tuple[tuple[str, int], ...]
    money: tuple[tuple[str, str], ...] = ()


class SelfTestSummary(Data):
    """The last self-test; ``at`` is empty where there was none, ``failed`` has a line for each device that failed."""

    at: str = ""
    passed: bool = False
    failed: tuple[str, ...] = ()


class Report(Data):
    """What the panel shows.

    :param faces: how often each of the five faces was touched since the station began, from worst to best.
    :param last_wipe_certain: None before the end of the first visit.
    :param plugins: None where the station was started without a report of plugins.
    :param changes: fees, rates, forms that begin or end soon.
    :param self_test: None where the station makes none by itself.
    :param orders: None where the station takes none.
    """

    language: str
    languages: dict[str, str]
    station: str
    agency: str
    site: str
    roles: tuple[RoleReport, ...]
    phone: str
    calls: tuple[CallReport, ...]
    visit: VisitReport | None
    visits: int
    faces: tuple[int, ...]
    today: TodayReport
    closed: bool
    last_wipe_certain: bool | None
    services: tuple[ServiceReport, ...]
    identity: tuple[IdentityReport, ...]
    conditions: tuple[ConditionReport, ...]
    plugins: tuple[PluginReport, ...] | None
    changes: tuple[ChangeReport, ...] = ()
    self_test: SelfTestSummary | None = None
    orders: OrdersReport | None = None


class Reporter:
    """Makes reports of one station.

    :param changes: tells which dated values begin or end soon.
    """

    def __init__(
        self,
        station: Station,
        watch: Watch,
        plugins: PluginsReport | None,
        changes: ChangesReport | None = None,
        self_test: SelfTestReport | None = None,
        orders: OpenOrders | None = None,
    ) -> None:
        self._station = station
        self._orders = orders
        self._watch = watch
        self._plugins = plugins
        self._changes = changes or (lambda: ())
        self._self_test = self_test
        self._silent: set[Device] = set()

    def report(self, language: str) -> Report:
        """Return the station as it is now, in a language."""
        station = self._station
        over = station.visits - (station.progress is not None)
        return Report(
            language=language,
            languages=LANGUAGES,
            station=station.profile.id,
            agency=station.profile.agency,
            site=station.profile.site,
            roles=tuple(self._role(role, language) for role in Role if station.devices.of(role)),
            phone=station.bell.phone,
            calls=self._calls(language),
            visit=self._visit(language),
            visits=station.visits,
            faces=tuple(station.faces[face] for face in FACES),
            today=self._today(language),
            closed=station.closed,
            last_wipe_certain=station.last_wipe_certain if over else None,
            services=self._services(language),
            identity=tuple(self._identity(level, language) for level in words.IDENTITY),
            conditions=tuple(_condition(each, language) for each in station.conditions.now),
            plugins=self._plugin_reports(language),
            changes=tuple(_change(each, language) for each in self._changes()),
            self_test=_tested(self._self_test(), language) if self._self_test is not None else None,
            orders=self._open_orders(language),
        )

    # ── devices ───────────────────────────────────────────────────────────────────────────────────────────

    def _role(self, role: Role, language: str) -> RoleReport:
        devices = self._station.devices
        usable = devices.usable(role, Device)
        first = usable[0] if usable else None
        return RoleReport(
            role=role.value,
            title=render(words.ROLES[role], language),
            usable=bool(usable),
            devices=tuple(
                self._device(index, device, device is first, language) for index, device in enumerate(devices.of(role))
            ),
        )

    def _device(self, index: int, device: Device, in_use: bool, language: str) -> DeviceReport:
        health = self._watch.health(device)
        trouble = device.trouble or (health.trouble if health else None)
        quarantined = self._station.devices.is_quarantined(device)
        info = self._info(device)
        facts = health.facts if health and device.state.usable else {}
        trouble_words = render(trouble.words, language) if trouble else ""
        mend_words = render(words.MENDS[trouble.mend], language) if trouble else ""
        if not trouble and quarantined:
            trouble_words = render(words.QUARANTINED, language)
        elif not trouble and health is None and device.state.usable:
            trouble_words = render(words.NOT_LOOKED, language)
        controls, shown, paper = self._simulator(device, language)
        return DeviceReport(
            index=index,
            driver=info.driver,
            model=own_words(device, info.model, language),
            serial=info.serial,
            simulated=info.simulated or shown is not None,
            state=device.state.value,
            state_words=render(words.STATES[device.state], language),
            in_use=in_use,
            claimed=device.owner is not None,
            quarantined=quarantined,
            trouble=trouble.value if trouble else "",
            trouble_words=trouble_words,
            mend=trouble.mend.value if trouble else "",
            mend_words=mend_words,
            facts=tuple(
                (own_words(device, name, language), own_words(device, value, language)) for name, value in facts.items()
            ),
            controls=controls,
            shown=shown,
            paper=f"/api/devices/{device.context.role.value}/{index}/paper?v={paper}" if paper else "",
            addresses=without_secrets(device.addresses) if isinstance(device, Screen) else {},
        )

    def _simulator(self, device: Device, language: str) -> tuple[tuple[ControlReport, ...], str | None, str]:
        """Return a simulator's controls, what it shows, and the mark of its paper."""
        if not isinstance(device, Simulated):
            return (), None, ""
        try:
            controls = tuple(_control(device, control, language) for control in device.controls())
            shown, paper = _shown(device, language), self._watch.paper(device)
        except Exception as error:  # the driver's edge: one simulator must not blank the panel
            self._say_once(device, "simulator cannot be shown", error)
            return (), "", ""
        return controls, shown, paper

    def _info(self, device: Device) -> DeviceInfo:
        try:
            return device.info
        except Exception as error:  # the driver's edge: one that cannot tell who it is must not blank the panel
            self._say_once(device, "device cannot tell who it is", error)
            return DeviceInfo(driver=device.driver, model="", serial="")

    def _say_once(self, device: Device, event: str, error: Exception) -> None:
        if device not in self._silent:
            self._silent.add(device)
            _log.error(event, extra={"role": device.context.role.value, "error": place(error)})

    # ── people and software ───────────────────────────────────────────────────────────────────────────────

    def _waits(self, call: StaffCall) -> int:
        if not call.urgent or call.acknowledged_at is not None:
            return 0
        return int((self._station.bell.now() - call.asked_at).total_seconds()) // 10 * 10

    def _calls(self, language: str) -> tuple[CallReport, ...]:
        return tuple(
            CallReport(
                id=call.id,
                reason=render(call.reason, language),
                asked=show(Moment(at=call.asked_at), language),
                acknowledged=show(Moment(at=call.acknowledged_at), language) if call.acknowledged_at else "",
                urgent=call.urgent,
                waiting_seconds=self._waits(call),
            )
            for call in reversed(self._station.bell.calls)
        )

    def _visit(self, language: str) -> VisitReport | None:
        progress = self._station.progress
        if progress is None:
            return None
        titles = {offer.service.id: offer.service.title for offer in self._station.offers}
        title = titles.get(progress.service)
        doing = words.PAGES.get(progress.page)
        return VisitReport(
            id=progress.visit,
            service=render(title, language) if title else progress.service,
            page=progress.page,
            doing=render(doing, language) if doing else progress.page,
            since=show(Moment(at=progress.since), language),
        )

    def _today(self, language: str) -> TodayReport:
        today = self._station.today.now()
        titles = {offer.service.id: offer.service.title for offer in self._station.offers}
        money = self._orders.today if self._orders is not None else None
        return TodayReport(
            since=show(Moment(at=today.since), language),
            visits=today.endings.total(),
            endings=tuple((render(words.ENDINGS[each], language), n) for each, n in today.endings.most_common()),
            services=tuple(
                (render(titles[id], language) if id in titles else id, n) for id, n in today.services.most_common()
            ),
            money=()
            if money is None
            else (
                (render(words.LABELS["orders_placed"], language), str(money.orders)),
                (render(words.LABELS["paid"], language), str(money.paid)),
                (render(words.LABELS["received"], language), show(Money(amount=money.received), language)),
                (render(words.LABELS["refunded"], language), show(Money(amount=money.refunded), language)),
            ),
        )

    def _services(self, language: str) -> tuple[ServiceReport, ...]:
        return tuple(
            ServiceReport(
                id=option.value,
                title=render(option.label, language),
                state=option.state.value,
                state_words=render(words.SERVICES[Availability(option.state)], language),
                reason=render(option.reason, language) if option.reason else "",
            )
            for option in menu(self._station.offers, self._station.means, self._station.faults)
        )

    def _open_orders(self, language: str) -> OrdersReport | None:
        if self._orders is None:
            return None
        titles = {offer.service.id: offer.service.title for offer in self._station.offers}
        return OrdersReport(
            **self._orders.counts,
            orders=tuple(
                OrderReport(
                    code=each.code,
                    plugin=each.plugin,
                    title=render(titles[each.service], language) if each.service in titles else each.service,
                    amount=show(Money(amount=each.amount), language) if each.amount else "",
                    state=each.state,
                    state_words=render(words.ORDERS[each.state], language),
                    why=render(each.why, language),
                    placed=show(Moment(at=each.placed_at), language),
                )
                for each in self._orders.now
            ),
        )

    def _identity(self, level: Level, language: str) -> IdentityReport:
        means = self._station.means
        why = means.why_not(level, exactly=True) if level is Level.VNEID else means.card_lacks(level)
        trust = means.trust
        about_trust = [trust.unavailable(), *trust.problems()] if level is Level.CHIP else []
        state = Availability.CLOSED if why else Availability.AVAILABLE
        return IdentityReport(
            level=level.value,
            title=render(words.IDENTITY[level], language),
            state=state.value,
            state_words=render(words.SERVICES[state], language),
            reason=" ".join(render(each, language) for each in (why, *about_trust) if each),
        )

    def _plugin_reports(self, language: str) -> tuple[PluginReport, ...] | None:
        if self._plugins is None:
            return None
        return tuple(_plugin(plugin, language) for plugin in self._plugins())


def place(error: Exception) -> str:
    """Return what was raised and where, without its message, which may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where


def controls_of(device: Device) -> tuple[SimControl, ...]:
    """Return the controls of a simulator; none for a real device."""
    return device.controls() if isinstance(device, Simulated) else ()


def own_words(device: Device, text: str, language: str) -> str:
    """Return a driver's own English words (a label, a reading) as its package's catalogue translates them."""
    package = type(device).__module__.partition(".")[0]
    return render(Text(id=text, domain="" if package == "__main__" else package), language)


OF_THE_VISIT = frozenset({Role.RECEIPT_PRINTER, Role.VOICE, Role.SCREEN})
"""Devices that show what a visit gave them, in its language; those words are never looked up in a catalogue."""


def _shown(device: Simulated, language: str) -> str:
    """Return what a bystander sees: a simulator's own sentences, translated, with a measured value after the colon."""
    text = device.shown()
    if not isinstance(device, Device) or device.context.role in OF_THE_VISIT:
        return text
    return "\n".join(_line(device, line, language) for line in text.splitlines())


def _line(device: Device, line: str, language: str) -> str:
    label, colon, value = line.partition(": ")
    said = own_words(device, label, language)
    return f"{said}: {own_words(device, value, language)}" if colon else said


def _control(device: Device, control: SimControl, language: str) -> ControlReport:
    return ControlReport(
        name=control.name,
        label=own_words(device, control.label, language),
        kind=control.kind,
        value=control.value,
        options=tuple(OptionReport(value=v, label=own_words(device, v, language)) for v in control.options),
    )


def _condition(condition: Condition, language: str) -> ConditionReport:
    state = {True: "available", False: "closed", None: "offline"}[condition.well]
    return ConditionReport(
        title=render(condition.name, language),
        state=state,
        state_words=render(words.CONDITIONS[condition.well], language),
        reason=render(condition.says, language),
    )


def _change(change: Change, language: str) -> ChangeReport:
    said = words.BEGINS if change.begins else words.ENDS
    value = change.value
    return ChangeReport(
        on=show(Day(day=change.on), language),
        words=f"{render(said, language)}: {render(value.label, language)}",
        note=" · ".join(filter(None, (value.source, value.doubt))),
    )


def _tested(test: SelfTest | None, language: str) -> SelfTestSummary:
    if test is None:
        return SelfTestSummary()
    return SelfTestSummary(
        at=f"{show(Day(day=day_of(test.at)), language)} {show(Moment(at=test.at), language)}",
        passed=test.passed,
        failed=tuple(
            f"{render(words.ROLES[Role(each.role)], language)}: {each.driver} {each.serial}, {each.found}. "
            + (render(words.MENDS[Mend(each.mend)], language) if each.mend else "")
            for each in test.tested
            if each.outcome == "failed"
        ),
    )


def _plugin(plugin: Mapping[str, object], language: str) -> PluginReport:
    def said(key: str) -> str:
        value = plugin.get(key)
        if isinstance(value, Mapping):  # words in every language, as a manifest has them
            value = cast("Mapping[str, object]", value).get(language)
        if value is None:
            return ""
        return render(value, language) if isinstance(value, Text) else str(value)

    state = said("state")
    state_words = words.PLUGINS.get(state)
    return PluginReport(
        name=said("name"),
        title=said("title"),
        version=said("version"),
        state=state,
        state_words=render(state_words, language) if state_words else state,
        reason=said("reason"),
    )


def without_secrets(addresses: Mapping[str, str]) -> dict[str, str]:
    """Return where a screen is, without what lets a browser in: only the screen's launcher is told that."""
    return {name: address.partition("?")[0] for name, address in addresses.items()}
