"""A running station's figures for Prometheus; nothing of a resident, and nothing of one visit.

Names follow https://prometheus.io/docs/practices/naming: base units, ``_total`` for what only rises.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from tramkit.operator.health import StationHealth
from tramkit.station.station import Station
from tramkit_hal.device.base import DeviceState
from tramkit_hal.device.roles import Role

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _StationCollector(Collector):
    def __init__(self, station: Station, version: str) -> None:
        self._station = station
        self._version = version
        self._health = StationHealth(station)

    def collect(self) -> Iterator[Metric]:
        station = self._station
        yield InfoMetricFamily(
            "tramkit_station", "Which station this is.", {"station": station.profile.id, "version": self._version}
        )
        health = GaugeMetricFamily("tramkit_check_well", "1 where this is well.", labels=["check"])
        for check in self._health.checks():
            health.add_metric([check.name], float(check.well))
        yield health
        yield GaugeMetricFamily("tramkit_ready", "1 while a resident can begin a visit.", float(self._health.ready))
        yield from self._visits()
        yield from self._devices()
        waiting = sum(not call.acknowledged for call in station.bell.calls)
        yield GaugeMetricFamily("tramkit_staff_calls_waiting", "Calls for staff that nobody has answered.", waiting)

    def _visits(self) -> Iterator[Metric]:
        station = self._station
        under_way = float(station.progress is not None)
        yield GaugeMetricFamily("tramkit_visit_under_way", "1 while somebody is at the station.", under_way)
        ended = CounterMetricFamily("tramkit_visits", "Visits since the start, by how they ended.", labels=["ending"])
        for ending, count in station.endings.items():
            ended.add_metric([ending], count)
        yield ended
        faces = CounterMetricFamily("tramkit_faces", "Faces touched at the end of a visit.", labels=["face"])
        for face, count in station.faces.items():
            faces.add_metric([face], count)
        yield faces

    def _devices(self) -> Iterator[Metric]:
        usable = GaugeMetricFamily(
            "tramkit_device_usable", "1 where a device can be used.", labels=["role", "index", "driver"]
        )
        state = GaugeMetricFamily(
            "tramkit_device_state", "1 for the state that a device is in.", labels=["role", "index", "state"]
        )
        for role in Role:
            for index, device in enumerate(self._station.devices.of(role)):
                usable.add_metric([role.value, str(index), device.info.driver], float(device.state.usable))
                for each in DeviceState:
                    state.add_metric([role.value, str(index), each.value], float(device.state is each))
        yield usable
        yield state


class Metrics:
    """The figures of one station.

    :param version: of Tramkit.
    """

    def __init__(self, station: Station, version: str) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_StationCollector(station, version))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return them in Prometheus's text format."""
        return generate_latest(self._registry)
