"""What may leave at this moment: by working hours, messengers, their limits and their budgets."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry import sparing
from registry.budget import Budget, Tariff, budget_of
from registry.claiming import Batch, claim
from registry.clock import local_day, moment_of
from registry.posts import SENDER, Posts
from scheduler.channel import Channel
from scheduler.hours import allowed, next_opening
from scheduler.messengers import Messengers
from scheduler.plan import DAY, Policy
from scheduler.thrift import Thrift

# Contacts taken ahead of their turn: as many as a messenger takes in so many seconds, and no fewer
# and no more than these.
AHEAD_SECONDS = 10.0
AHEAD_LEAST = 80
AHEAD = 1024
# A bot with no message left this month is looked at again after this: a person may have bound
# another chat, an administrator may have raised the limit.
SPENT_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class InHand:
    """What was taken and is not done with: contacts with a message in flight, contacts with one
    that waits for its turn, and how many messages that is by messenger."""

    busy: tuple[int, ...]
    in_line: tuple[int, ...]
    messages: Counter[str]


class Taking:
    """Claims for one process. tariffs: messages a month, for the bots that have a limit."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        messengers: Messengers,
        policy: Policy,
        calendar: WorkCalendar,
        posts: Posts,
        tariffs: Mapping[str, Tariff],
    ) -> None:
        self._channels = channels
        self._messengers = messengers
        self._policy = policy
        self._calendar = calendar
        self._posts = posts
        self._limits = {
            name: tariff.messages
            for name, tariff in tariffs.items()
            if name in channels and tariff.messages
        }

    def take(self, session: Session, now: datetime, hand: InHand) -> list[Batch]:
        """What is to be sent next; nothing where another process has become the sender."""
        if not self._posts.sure(session, SENDER):
            return []
        budgets = {name: self._budget(session, name, now, hand) for name in self._limits}
        thrift = Thrift.of(budgets)
        moving = [name for name in self._messengers.moving(now) if name not in thrift.spent]
        self._spare(session, thrift, moving, now)
        return claim(
            session,
            now,
            only=allowed(now, self._policy, self._calendar),
            busy=hand.busy,
            in_line=hand.in_line,
            channels=moving,
            stopped=self._messengers.stopped(now) | dict.fromkeys(thrift.spent, "spent"),
            room=self._room(budgets, hand) | dict.fromkeys(self._messengers.in_doubt, 0),
            contacts=AHEAD,
        )

    def until_open(self, now: datetime) -> float:
        """Seconds until the next working hours, at least one."""
        opening = next_opening(now, self._policy, self._calendar)
        return max((opening - now).total_seconds(), 1.0)

    def _room(self, budgets: Mapping[str, Budget], hand: InHand) -> dict[str, int]:
        """How many more messages each messenger can be given now."""
        room: dict[str, int] = {}
        for name, channel in self._channels.items():
            ahead = max(AHEAD_LEAST, min(AHEAD, int(channel.limits.per_second * AHEAD_SECONDS)))
            room[name] = max(ahead - hand.messages[name], 0)
            if name in budgets:
                room[name] = min(room[name], budgets[name].left or 0)
        return room

    def _budget(self, session: Session, name: str, now: datetime, hand: InHand) -> Budget:
        """With what is in hand, which is as good as sent."""
        known = budget_of(session, name, self._limits[name], now)
        return Budget(known.limit, known.used + hand.messages[name])

    def _spare(self, session: Session, thrift: Thrift, moving: list[str], now: datetime) -> None:
        today = local_day(now)
        if thrift.saving:
            tomorrow = next_opening(moment_of(today + DAY, time.min), self._policy, self._calendar)
            saving = sparing.Look(thrift.saving, moving, now)
            sparing.hold_back(session, saving, moment_of(today, time.min), tomorrow)
        if thrift.spent:
            later = next_opening(now + SPENT_PAUSE, self._policy, self._calendar)
            spent = sparing.Look(thrift.spent, moving, now)
            sparing.send_on(session, spent)
            sparing.lay_by(session, spent, later)
