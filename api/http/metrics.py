"""Metrics of the log for Prometheus: how well it is being written.

Labels are entry kinds, results and states: closed sets. No metric and no label can describe a
person. Counters count in this process since it started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from answerable.audit.health import (
    AnchorsAsked,
    Checkpointed,
    CheckpointFailed,
    Deferred,
    Event,
    Health,
    HealthState,
    Refused,
    Replayed,
    Spooled,
    Succeeded,
)
from answerable.audit.watched import Watch

__all__ = ["LogMetrics"]

_RESULTS: dict[type[Event], str] = {
    Succeeded: "appended",
    Refused: "failed",
    Spooled: "spooled",
    Replayed: "replayed",
    Deferred: "deferred",
}


class LogMetrics:
    """The metrics of one log in one process.

    Parameters
    ----------
    watch : Watch
        Tells of every change of the log.
    """

    def __init__(self, watch: Watch) -> None:
        self._registry = CollectorRegistry()
        self._entries = Counter(
            "answerable_log_entries",
            "Entries by what became of them: appended, failed, spooled, replayed, deferred.",
            ("result", "kind"),
            registry=self._registry,
        )
        self._outages = Counter(
            "answerable_log_outages",
            "Times the log could not be changed, by cause.",
            ("cause",),
            registry=self._registry,
        )
        self._published = Counter(
            "answerable_log_checkpoints",
            "Checkpoints and the asking of anchors, by how they ended: done, failed.",
            ("what", "result"),
            registry=self._registry,
        )
        self._registry.register(_Gauges(lambda: watch.health, watch.clock))
        watch.listen(self._count)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)

    def _count(self, before: Health, event: Event, now: Health) -> None:
        result = _RESULTS.get(type(event))
        if result is not None:
            for kind in getattr(event, "kinds", ()):
                self._entries.labels(result, kind.value).inc()
        published = _published(event)
        if published is not None:
            self._published.labels(*published).inc()
        if now.failures and not before.failures:
            self._outages.labels(now.cause).inc()


def _published(event: Event) -> tuple[str, str] | None:
    """Return what was published and how it ended, None for any other event."""
    match event:
        case Checkpointed():
            return "checkpoint", "done"
        case CheckpointFailed():
            return "checkpoint", "failed"
        case AnchorsAsked(cause=cause):
            return "anchors", "failed" if cause else "done"
        case _:
            return None


class _Gauges(Collector):
    """What is true at the moment somebody asks."""

    def __init__(self, health: Callable[[], Health], clock: Callable[[], int]) -> None:
        self._health = health
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        health, now = self._health(), self._clock()
        states = GaugeMetricFamily(
            "answerable_log_state", "1 for the state the log is in.", labels=("state",)
        )
        for state in HealthState:
            states.add_metric((state.value,), float(health.state is state))
        yield states
        gauges: dict[str, tuple[str, float | None]] = {
            "failures": ("Failed attempts since the last success.", health.failures),
            "spool_entries": ("Entries that wait in the spool.", health.waiting),
            "spool_aside": ("Frames that somebody must settle.", health.aside),
            "state_seconds": ("How long the state lasts.", max(now - health.since, 0) / 1e6),
            "last_success_seconds": (
                "How long ago the log was last changed by this process.",
                None if health.last_success is None else max(now - health.last_success, 0) / 1e6,
            ),
            "checkpoint_age_seconds": (
                "How long ago this process signed a checkpoint.",
                health.checkpoint_age_s(now),
            ),
        }
        for name, (text, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(f"answerable_log_{name}", text, value=value)
