"""Figures for Prometheus, read when they are asked for. The only home of prometheus-client.

A registry of our own: the library's default one would add the figures of whatever else runs here.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector
from sqlmodel import Session, col, func, select

from bot.backups import newest
from bot.web.site import Site
from registry import inbound, marks
from registry.budget import budget_of
from registry.tables import Notice
from registry.types import NoticeState
from scheduler.spread import Spread

__all__ = ["CONTENT_TYPE", "DATABASE_WITHIN", "Metrics", "text_of_all"]

log = logging.getLogger(__name__)

# Seconds a database may take to answer whoever watches.
DATABASE_WITHIN = 1.5


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database says at one moment."""

    queued: int
    due: int
    unhandled: int
    tick_age: float | None
    budgets: Mapping[str, int]
    backup_age: float | None


class Metrics:
    """The page of one process; counters begin at its start."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def text(self) -> bytes:
        site = self._site
        stored = await site.db.read(_stored, site, site.clock())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Snapshot([*_of_process(site), *_of_database(stored)]))
        return generate_latest(registry)


async def text_of_all(sites: Mapping[str, Site | None]) -> bytes:
    """The page of an installation: the same figures with the label `committee`, and whether each
    committee is at work. Figures of a database that is slow are left out, and hold up nobody."""
    working = {name: site for name, site in sites.items() if site is not None}
    found = await asyncio.gather(*map(_figures, working.values()))
    up = GaugeMetricFamily("dondoc_committee_up", "1: at work, 0: not", labels=["committee"])
    for name in sites:
        up.add_metric([name], int(name in working))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot([up, *_merged(dict(zip(working, found, strict=True)))]))
    return generate_latest(registry)


async def _figures(site: Site) -> list[Metric]:
    try:
        async with asyncio.timeout(DATABASE_WITHIN):
            stored = await site.db.read(_stored, site, site.clock())
    except Exception as error:  # noqa: BLE001 -- whatever it is, the database does not answer
        log.warning("metrics: a database does not answer (%s)", type(error).__name__)
        return list(_of_process(site))
    return [*_of_process(site), *_of_database(stored)]


def _merged(found: Mapping[str, Iterable[Metric]]) -> list[Metric]:
    """One family of each name, its samples told apart by committee."""
    families: dict[str, Metric] = {}
    for committee, metrics in found.items():
        for each in metrics:
            family = families.setdefault(
                each.name, Metric(each.name, each.documentation, each.type)
            )
            family.samples += [
                sample._replace(labels={"committee": committee, **sample.labels})
                for sample in each.samples
            ]
    return list(families.values())


class _Snapshot(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _stored(session: Session, site: Site, now: datetime) -> _Stored:
    queued = select(func.count()).select_from(Notice).where(Notice.state == NoticeState.QUEUED)
    return _Stored(
        session.exec(queued).one(),
        session.exec(queued.where(col(Notice.next_at) <= now)).one(),
        inbound.waiting(session),
        site.vitals.tick_age(marks.get(session, "tick"), now),
        _budgets(session, site, now),
        _backup_age(site, now),
    )


def _backup_age(site: Site, now: datetime) -> float | None:
    """Seconds since the newest backup of ours; None where there is none, or others make them."""
    last = newest(site.settings.backup_dir, now) if site.db.sqlite else None
    return (now - last).total_seconds() if last is not None else None


def _budgets(session: Session, site: Site, now: datetime) -> dict[str, int]:
    """Messages that may still be sent this month, for channels whose tariff counts them."""
    found = {}
    for name in site.channels:
        limit = site.settings.tariff(name).messages
        left = budget_of(session, name, limit, now).left
        if left is not None:
            found[name] = left
    return found


def _of_process(site: Site) -> Iterator[Metric]:
    vitals, counts = site.vitals, site.vitals.counts
    for name, value, words in (
        ("dondoc_sent", counts.sent, "Messages a messenger took"),
        ("dondoc_failed", counts.failed, "Messages that were refused for good"),
        ("dondoc_uncertain", counts.uncertain, "Sends whose answer never came"),
        ("dondoc_retried", counts.retried, "Sends that will be tried again"),
        ("dondoc_ticks_failed", vitals.failed_ticks, "Ticks that ended in an error"),
    ):
        yield CounterMetricFamily(name, words, value=value)
    came = CounterMetricFamily("dondoc_inbound", "Updates that came in", labels=["channel"])
    up = GaugeMetricFamily("dondoc_channel_up", "1: open, 0: not", labels=["channel"])
    for name in site.channels:
        came.add_metric([name], vitals.received[name])
        up.add_metric([name], int(name in vitals.infos and name not in vitals.standing))
    yield came
    yield up
    yield _histogram("dondoc_lateness_seconds", "From due to sent", counts.late)
    yield _histogram("dondoc_tick_seconds", "How long ticks took", vitals.ticks)


def _of_database(stored: _Stored) -> Iterator[Metric]:
    yield GaugeMetricFamily("dondoc_queued", "Notices in the outbox", value=stored.queued)
    yield GaugeMetricFamily("dondoc_queued_due", "Those of them that are due", value=stored.due)
    yield GaugeMetricFamily(
        "dondoc_inbound_waiting", "Updates stored and not handled", value=stored.unhandled
    )
    if stored.tick_age is not None:
        yield GaugeMetricFamily(
            "dondoc_tick_age_seconds", "Since the last tick", value=stored.tick_age
        )
    if stored.backup_age is not None:
        yield GaugeMetricFamily(
            "dondoc_backup_age_seconds", "Since the newest backup", value=stored.backup_age
        )
    left = GaugeMetricFamily(
        "dondoc_budget_left", "Messages that may still be sent this month", labels=["channel"]
    )
    for name, value in stored.budgets.items():
        left.add_metric([name], value)
    yield left


def _histogram(name: str, words: str, spread: Spread) -> HistogramMetricFamily:
    buckets = [
        ("+Inf" if bound == float("inf") else f"{bound:g}", count)
        for bound, count in spread.cumulative()
    ]
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=spread.total)
