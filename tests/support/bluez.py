"""A stand-in of BlueZ on a D-Bus of the test's own: the objects of ``org.bluez`` that a client of GATT uses.

It speaks what BlueZ's own documentation of its D-Bus interface says (``org.bluez.Adapter``, ``Device``,
``GattCharacteristic``): a sensor is found while it advertises, its services are there once it is connected, and what it
notifies comes as a changed ``Value``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

ADAPTER = "/org/bluez/hci0"
MANAGER, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
ADAPTER1, DEVICE1 = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE1, CHARACTERISTIC1 = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"

Interfaces = dict[str, dict[str, Variant]]


class BlueZ:
    """One adapter, and one sensor in its reach that is paired already.

    :param sensor: its address.
    :param services: for each service's UUID those of its characteristics.
    :param values: what is read of a characteristic; one with a value is read, the others notify.
    """

    def __init__(
        self, sensor: str, services: Mapping[str, Sequence[str]], values: Mapping[str, bytes] | None = None
    ) -> None:
        self.device = f"{ADAPTER}/dev_{sensor.replace(':', '_')}"
        self.address = sensor
        self.away = False
        self.silent = False
        """It answers nothing any more, as a daemon that hangs."""
        self.discovering = False
        self.connections = 0
        self.written: list[tuple[str, bytes]] = []
        self._values = dict(values or {})
        self._objects: dict[str, Interfaces] = {ADAPTER: {ADAPTER1: self._adapter()}}
        self._paths: dict[str, str] = {}
        self._gatt: dict[str, Interfaces] = self._gatt_objects(services)
        self._listened: set[str] = set()
        self._bus: MessageBus | None = None

    async def start(self, bus: MessageBus) -> None:
        """Take the name ``org.bluez`` on a bus."""
        self._bus = bus
        self._objects[self.device] = {DEVICE1: self._device()}
        bus.add_message_handler(self._handle)
        await bus.request_name("org.bluez")

    @property
    def connected(self) -> bool:
        return bool(self._objects[self.device][DEVICE1]["Connected"].value)

    def listens(self, uuid: str) -> bool:
        """Tell whether the client has asked for what this characteristic notifies."""
        return self.connected and self._paths[uuid] in self._listened

    def notify(self, uuid: str, data: bytes) -> None:
        """Have the sensor send something; who does not listen does not hear it."""
        if self.listens(uuid):
            self._changed(self._paths[uuid], CHARACTERISTIC1, Value=Variant("ay", data))

    def advertise(self) -> None:
        """Have the sensor advertise once; who looks for sensors hears it."""
        if self.discovering and not self.away and not self.connected:
            self._changed(self.device, DEVICE1, RSSI=Variant("n", -52))

    def leave(self) -> None:
        """Take the sensor out of reach: the connection ends."""
        self.away = True
        self._disconnect()

    # ── objects ──

    def _adapter(self) -> dict[str, Variant]:
        return {
            "Address": Variant("s", "00:1A:7D:DA:71:13"),
            "Name": Variant("s", "station"),
            "Powered": Variant("b", True),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
        }

    def _device(self) -> dict[str, Variant]:
        return {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "sensor"),
            "Alias": Variant("s", "sensor"),
            "Adapter": Variant("o", ADAPTER),
            "Paired": Variant("b", True),
            "Trusted": Variant("b", True),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "UUIDs": Variant("as", []),
        }

    def _gatt_objects(self, services: Mapping[str, Sequence[str]]) -> dict[str, Interfaces]:
        objects: dict[str, Interfaces] = {}
        handle = 0x10
        for service, characteristics in services.items():
            path = f"{self.device}/service{handle:04x}"
            objects[path] = {
                SERVICE1: {
                    "UUID": Variant("s", service),
                    "Device": Variant("o", self.device),
                    "Primary": Variant("b", True),
                    "Includes": Variant("ao", []),
                }
            }
            for uuid in characteristics:
                handle += 2
                self._paths[uuid] = f"{path}/char{handle:04x}"
                flags = ["read"] if uuid in self._values else ["indicate", "notify", "write"]
                objects[self._paths[uuid]] = {
                    CHARACTERISTIC1: {
                        "UUID": Variant("s", uuid),
                        "Service": Variant("o", path),
                        "Flags": Variant("as", flags),
                        "Value": Variant("ay", b""),
                        "Notifying": Variant("b", False),
                        "MTU": Variant("q", 247),
                    }
                }
            handle += 0x10
        return objects

    # ── what happens ──

    def _handle(self, message: Message) -> bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.path is None:
            return None
        if not (message.path == "/" or message.path.startswith("/org/bluez")):
            return None
        if not self.silent:
            self._answer(message)
        return True

    def _answer(self, message: Message) -> None:
        path = str(message.path)
        match message.member:
            case "GetManagedObjects":
                self._reply(message, "a{oa{sa{sv}}}", [self._objects])
            case "SetDiscoveryFilter":
                self._reply(message)
            case "StartDiscovery" | "StopDiscovery":
                self.discovering = message.member == "StartDiscovery"
                self._reply(message)
            case "Connect" if self.away:
                self._refuse(message, "org.bluez.Error.Failed", "le-connection-abort-by-timeout")
            case "Connect":
                self._connect()
                self._reply(message)
            case "Disconnect":
                self._disconnect()
                self._reply(message)
            case _ if path not in self._objects:
                self._refuse(message, "org.freedesktop.DBus.Error.UnknownObject", path)
            case "StartNotify":
                self._listened.add(path)
                self._reply(message)
            case "StopNotify":
                self._listened.discard(path)
                self._reply(message)
            case "ReadValue":
                self._reply(message, "ay", [self._values[self._uuid(path)]])
            case "WriteValue":
                self.written.append((self._uuid(path), bytes(message.body[0])))
                self._reply(message)
            case _:
                self._refuse(message, "org.freedesktop.DBus.Error.UnknownMethod", str(message.member))

    def _uuid(self, path: str) -> str:
        return next(uuid for uuid, at in self._paths.items() if at == path)

    def _connect(self) -> None:
        self.connections += 1
        self._changed(self.device, DEVICE1, Connected=Variant("b", True))
        for path, interfaces in self._gatt.items():
            self._objects[path] = interfaces
            self._signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])
        self._changed(self.device, DEVICE1, ServicesResolved=Variant("b", True))

    def _disconnect(self) -> None:
        if not self.connected:
            return
        self._listened.clear()
        for path, interfaces in self._gatt.items():
            if self._objects.pop(path, None) is not None:
                self._signal("/", MANAGER, "InterfacesRemoved", "oas", [path, list(interfaces)])
        self._changed(self.device, DEVICE1, ServicesResolved=Variant("b", False), Connected=Variant("b", False))

    # ── the wire ──

    def _changed(self, path: str, interface: str, **values: Variant) -> None:
        self._objects[path][interface].update(values)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, values, []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _reply(self, message: Message, signature: str = "", body: list[Any] | None = None) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_method_return(message, signature, body or []))

    def _refuse(self, message: Message, name: str, words: str) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_error(message, name, words))
