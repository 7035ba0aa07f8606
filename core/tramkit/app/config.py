"""``station.toml``: what a site says of its station.

Longer than 400 lines: the sections of one file, and how it is read.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tramkit.app.site_check import Site, plain_secrets, site_problems
from tramkit.conversation.timeouts import Timeouts
from tramkit.plugins.importing import settings_model
from tramkit.plugins.installed import Installed, KeptOutError
from tramkit.plugins.isolation import Grant, Isolation, isolation_of
from tramkit.problems import FileError, describe, did_you_mean, read_toml
from tramkit.settings import PluginSettings, settle
from tramkit.station.drivers import DriverError, load_driver
from tramkit_hal.device.isolated import can_be_isolated
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.loopback import fixed_token
from tramkit_hal.role_contracts import CONTRACTS
from tramkit_hal.words import LANGUAGES, Nfc


class ConfigError(FileError):
    """A ``station.toml`` that cannot be used; each line names file, key, what is wrong, what would be right."""


class _Section(BaseModel):
    """Takes no unknown key and guesses no type: ``true`` is no port."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


T = TypeVar("T")
FromToml = Annotated[T, Field(strict=False)]
"""TOML knows neither tuples nor roles: read from a list, from a text."""


class StationSection(_Section):
    """``[station]``: who the station is.

    :param id: names it to the outside world: letters, digits, hyphens.
    :param agency: whose station it is; stands on top of every page.
    :param languages: offered on every page; the first one is spoken first.
    :param calendar: a calendar.toml of the operator's own: holidays and moved working days; empty: Tramkit's.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    site: Nfc = Field(min_length=1, max_length=120)
    agency: Nfc = Field(min_length=1, max_length=120)
    languages: FromToml[tuple[str, ...]] = ("vi", "en")
    calendar: str = ""

    @field_validator("languages")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError('at least one language is needed, e.g. ["vi", "en"]')
        for language in value:
            if language not in LANGUAGES:
                raise ValueError(f'"{language}" is no language of this station{did_you_mean(language, LANGUAGES)}')
        return value


class HelpSection(_Section):
    """``[help]``: whom residents can call.

    :param phone: shown when help is asked for and nobody has come yet.
    """

    phone: str = Field(default="", max_length=30)


class PanelSection(_Section):
    """``[panel]``: the operator's page, on the station's own loopback address.

    :param token: fixed secret of its address; empty: a new one at each start.
    :param viewer_token: fixed secret of an address at which everything can be looked at and nothing done; empty: none.
    :param tcp: False: there is the socket only, and no secret that could be copied.
    :param socket: a Unix socket at which users of this machine are known by the kernel's word; empty: none.
    :param operators: users, or groups as ``@group``, who may do everything at the socket, beside root and the station.
    :param viewers: users, or groups, who may look.
    """

    enabled: bool = True
    port: int = Field(default=8081, ge=0, le=65535)
    token: str = ""
    viewer_token: str = ""
    tcp: bool = True
    socket: str = ""
    operators: FromToml[tuple[str, ...]] = ()
    viewers: FromToml[tuple[str, ...]] = ()

    @field_validator("token", "viewer_token")
    @classmethod
    def _good_secret(cls, value: str) -> str:
        return fixed_token(value) if value else value


class LogSection(_Section):
    """``[log]``: JSON lines on standard error, or in a file."""

    level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    file: str = ""


class SelfTestSection(_Section):
    """``[self_test]``: the devices are used each morning, and what was found is kept.

    :param at: hour and minute of the day in Việt Nam, ``HH:MM``; empty: no self-test.
    :param file: where the last result lies.
    """

    at: str = Field(default="", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")
    file: str = Field(default="var/self-test.json", min_length=1)


class OrdersSection(_Section):
    """``[orders]``: what residents have committed to.

    :param data: folder of the ledger; empty: this station takes no orders.
    :param key: file of the station's key; it must not lie in the folder of the ledger.
    """

    data: str = ""
    key: str = "var/station.key"


class IdentitySection(_Section):
    """``[identity]``: by what the station knows for sure who somebody is.

    :param country_certificates: folder of the country's certificates (CSCA); the chip of an identity card is believed
        where one of them issued its signer. Empty: no chip is. Folder and files must be root's, or signed.
    :param country_list_key: whose signature beside a file makes it count whoever owns it: an Ed25519 public key, 32
        bytes in base64. Empty: only root's files count.
    """

    country_certificates: str = ""
    country_list_key: str = ""

    @field_validator("country_list_key")
    @classmethod
    def _a_key(cls, value: str) -> str:
        try:
            size = len(base64.b64decode(value, validate=True))
        except ValueError:
            size = 1
        if size not in (0, 32):
            raise ValueError("an Ed25519 public key is 32 bytes in base64")
        return value

    @field_validator("country_certificates")
    @classmethod
    def _a_folder(cls, value: str) -> str:
        if value and Path(value).is_file():
            raise ValueError(f'"{value}" is a file; name the folder that it lies in')
        return value


class UploadsSection(_Section):
    """``[uploads]``: papers that residents send from their own phones.

    :param host: the station's own address in the network that phones reach; ``auto``: found out, and followed when
        the network comes, goes or changes; empty: off.
    :param loopback: with ``auto``: while there is no network, a browser on this machine may open the links; for trying
        out only.
    :param address: what phones open instead of host and port, e.g. a proxy that speaks TLS.
    :param megabytes: of one file, at most.
    :param minutes: so long a link is valid.
    """

    host: str = ""
    port: int = Field(default=8090, ge=0, le=65535)
    address: str = Field(default="", pattern=r"^([Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9.:\[\]-]+/?)?$")
    loopback: bool = False
    megabytes: int = Field(default=10, ge=1, le=30)
    minutes: float = Field(default=8, ge=1, le=60)

    @field_validator("host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value in ("", "auto"):
            return value
        try:
            found = ipaddress.ip_address(value)
        except ValueError:
            raise ValueError('an IP address of this machine is needed, e.g. "192.0.2.10", or "auto"') from None
        if found.is_unspecified:
            raise ValueError("one address of this machine is needed, since phones open it: not all of them")
        return value


class PluginsSection(_Section):
    """``[plugins]``: which of the installed plugins run here, in the order of the menu."""

    enabled: FromToml[tuple[str, ...]] = ()


class Binding(BaseModel):
    """One driver bound to a role; the other keys are the driver's settings.

    :param process: the driver runs in a process of its own, since its library may crash or hang.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    process: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class StationConfig(_Section):
    """A station's configuration.

    :param roles: for each role its drivers, first choice first.
    :param grants: for each plugin what it may have.
    :param settings: for each plugin its own table.
    """

    station: StationSection
    help: HelpSection = HelpSection()
    timeouts: Timeouts = Timeouts()
    panel: PanelSection = PanelSection()
    log: LogSection = LogSection()
    self_test: SelfTestSection = SelfTestSection()
    orders: OrdersSection = OrdersSection()
    uploads: UploadsSection = UploadsSection()
    identity: IdentitySection = IdentitySection()
    roles: dict[FromToml[Role], FromToml[tuple[Binding, ...]]] = {}
    plugins: PluginsSection = PluginsSection()
    grants: FromToml[dict[str, Grant]] = {}
    settings: dict[str, dict[str, Any]] = {}

    def isolation(self, plugin: Installed) -> Isolation:
        """Return how a plugin runs at this station."""
        return isolation_of(
            plugin.name, plugin.distribution, plugin.version, plugin.manifest, self.grants.get(plugin.name)
        )


def default_config_file() -> Path:
    """Return the configuration that is used where none is given: every device simulated, real ones first."""
    return Path(str(resources.files("tramkit.app") / "default_station.toml"))


def read_config(path: Path, installed: tuple[Installed, ...] | None = None) -> StationConfig:
    """Read and check a configuration; of a plugin only the model of its settings is imported.

    :param installed: the plugins that are installed, whose settings are checked too; None: not here, since a station
        starts without a plugin whose settings are wrong and says so.
    :raises ConfigError: with a line for each thing that is wrong.
    """
    try:
        data = read_toml(path)
    except FileError as problem:
        raise ConfigError(problem.file, problem.problems) from None
    config, problems = _sections(data)
    problems += [*_roles(config, data), *_believed(config), *site_problems(_site(config))]
    if installed is not None:
        problems += [*_plugins(config, installed), *plain_secrets(path, config.settings, _models(config, installed))]
    if problems:
        raise ConfigError(str(path), problems)
    return config


def _site(config: StationConfig) -> Site:
    ports: list[tuple[str, int]] = []
    if config.panel.enabled and config.panel.tcp:
        ports.append(("panel.port", config.panel.port))
    if config.uploads.host:
        ports.append(("uploads.port", config.uploads.port))
    for number, binding in enumerate(config.roles.get(Role.SCREEN, ())):
        if isinstance(port := binding.settings.get("port"), int):
            ports.append((f"roles.{Role.SCREEN.value}.{number}.port", port))
    drivers = {role: [binding.driver for binding in bindings] for role, bindings in config.roles.items()}
    return Site(ports, config.orders.data, config.orders.key, config.log.file, drivers)


_STAND_INS: dict[str, Any] = {"station": {"id": "x", "site": "x", "agency": "x"}}
"""For sections that cannot be left out, while the others are looked at."""


def _sections(data: dict[str, Any]) -> tuple[StationConfig, list[str]]:
    """Return the configuration, and what is wrong with its form; a section that is wrong is looked at no further."""
    try:
        return StationConfig.model_validate(data), []
    except ValidationError as error:
        problems = describe(error, StationConfig)
        wrong = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
    rest = {name: value for name, value in data.items() if name not in wrong}
    return StationConfig.model_validate(_STAND_INS | rest), problems


def with_screen(config: StationConfig, driver: str) -> StationConfig:
    """Return the configuration with only that driver as its screen, with the settings that it gives for it, if any.

    :raises ConfigError: there is no such driver, or it is no screen.
    """
    own = tuple(binding for binding in config.roles.get(Role.SCREEN, ()) if binding.driver == driver)
    roles = {**config.roles, Role.SCREEN: own or (Binding(driver=driver),)}
    changed = config.model_copy(update={"roles": roles})
    if problems := [each for each in _roles(changed, {}) if each.startswith(f"roles.{Role.SCREEN.value}.")]:
        raise ConfigError("--screen", problems)
    return changed


def _roles(config: StationConfig, data: Mapping[str, Any]) -> list[str]:
    """Check that each driver exists, is of its role's kind, and takes its settings.

    :param data: as they were read: roles that are wrong in form are told of elsewhere.
    """
    problems: list[str] = []
    if not config.roles.get(Role.SCREEN) and (config.roles or not data.get("roles")):
        problems.append('roles.screen: a station needs a screen, e.g. [[roles.screen]] with driver = "web"')
    for role, bindings in config.roles.items():
        for number, binding in enumerate(bindings):
            where = f"roles.{role.value}.{number}"
            try:
                driver = load_driver(binding.driver)
            except DriverError as problem:
                problems.append(f"{where}.driver: {problem}")
                continue
            if not issubclass(driver, CONTRACTS[role]):
                problems.append(
                    f'{where}.driver: "{binding.driver}" is no {CONTRACTS[role].__name__}, '
                    f"which the role {role.value} needs"
                )
                continue
            if binding.process and not can_be_isolated(driver):
                problems.append(
                    f"{where}.process: a {CONTRACTS[role].__name__} gives pictures, sound or pages all the time and "
                    "cannot run in a process of its own"
                )
            try:
                driver.Settings.model_validate(binding.settings)
            except ValidationError as error:
                problems += describe(error, driver.Settings, where)
    return problems


def _believed(config: StationConfig) -> list[str]:
    """Check that no simulated card is believed where real cards are read too."""
    trusted = config.identity.country_certificates
    readers = config.roles.get(Role.ID_READER, ())
    real = [binding.driver for binding in readers if not _is_simulated(binding.driver)]
    return [
        f"roles.{Role.ID_READER.value}.{number}.publish_country: this simulator's cards would be believed beside those "
        f'of "{real[0]}", which reads real ones; take the simulator out, or publish_country'
        for number, binding in enumerate(readers)
        if trusted and real and _same_folder(str(binding.settings.get("publish_country", "")), trusted)
    ]


def reads_real_cards(config: StationConfig) -> bool:
    """Tell whether a card reader is bound that is no simulator."""
    return any(not _is_simulated(binding.driver) for binding in config.roles.get(Role.ID_READER, ()))


def _is_simulated(driver: str) -> bool:
    try:
        return issubclass(load_driver(driver), Simulated)
    except DriverError:  # told of elsewhere
        return False


def _same_folder(one: str, other: str) -> bool:
    return bool(one) and Path(one).resolve() == Path(other).resolve()


def _models(config: StationConfig, installed: tuple[Installed, ...]) -> dict[str, type[PluginSettings]]:
    """Return the models of the enabled plugins' settings that may be imported here."""
    found: dict[str, type[PluginSettings]] = {}
    for plugin in installed:
        if plugin.name in config.plugins.enabled and plugin.manifest is not None:
            with contextlib.suppress(KeptOutError, ValueError):
                if config.isolation(plugin).kind != "sandbox":
                    found[plugin.name] = settings_model(plugin)
    return found


def _plugins(config: StationConfig, installed: tuple[Installed, ...]) -> list[str]:
    """Check that each plugin is installed and takes its settings.

    A plugin that is broken itself is no error of the configuration: it is quarantined when the station starts.
    """
    by_name: Mapping[str, Installed] = {plugin.name: plugin for plugin in installed}
    problems = [
        f'plugins.enabled: no plugin "{name}" is installed{did_you_mean(name, by_name)}'
        for name in config.plugins.enabled
        if name not in by_name
    ]
    problems += [
        f"settings.{name}: plugins.enabled has no plugin of that name{did_you_mean(name, config.plugins.enabled)}"
        for name in config.settings
        if name not in config.plugins.enabled
    ]
    for name in config.plugins.enabled:
        plugin = by_name.get(name)
        if plugin is None or plugin.manifest is None:
            continue
        try:
            if config.isolation(plugin).kind == "sandbox":  # nothing of it is imported here
                continue
            settle(settings_model(plugin), name, config.settings.get(name, {}))
        except KeptOutError:
            continue
        except ValueError as error:
            problems += str(error).splitlines()
    return problems
