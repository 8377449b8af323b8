"""What /metrics tells, in Prometheus' text. One registry a worker; names begin with `parley_`."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from .device_memory import DeviceMemory

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


disable_created_metrics()  # type: ignore[no-untyped-call]  # the package has no types for it


class Meters:
    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.queue_wait = Histogram(
            "parley_queue_wait_seconds", "Wait before the engine took a job", buckets=SECONDS, registry=registry
        )
        self.requests = Histogram(
            "parley_request_seconds",
            "Whole requests to the engine, by how they ended: ok, refused, failed, hung_up",
            ["outcome"],
            buckets=SECONDS,
            registry=registry,
        )
        self.first_output = Histogram(
            "parley_first_output_seconds",
            "From the engine's start on a job to its first text or audio",
            buckets=SECONDS,
            registry=registry,
        )
        self.real_time_factor = Histogram(
            "parley_real_time_factor",
            "Time at work by length of the audio; under 1 is faster than life",
            buckets=FACTORS,
            registry=registry,
        )
        self.audio = Counter("parley_audio_seconds", "Audio heard or made by finished jobs", registry=registry)

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        Gauge(name, what, registry=self._registry).set_function(read)

    def tell(self, name: str, what: str, facts: dict[str, str]) -> None:
        """Facts that do not change, as labels of a gauge that is always 1."""
        Gauge(name, what, list(facts), registry=self._registry).labels(**facts).set(1)

    def watch_memory(self, read: Callable[[], DeviceMemory | None]) -> None:
        gauge = Gauge(
            "parley_device_memory_bytes", "Memory of the card, of all processes", ["kind"], registry=self._registry
        )
        gauge.labels("used").set_function(lambda: _part(read(), "used"))
        gauge.labels("total").set_function(lambda: _part(read(), "total"))

    def text(self) -> bytes:
        return generate_latest(self._registry)


def _part(memory: DeviceMemory | None, kind: str) -> float:
    if memory is None:
        return float("nan")
    return memory.used if kind == "used" else memory.total
