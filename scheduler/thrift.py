"""How sparingly a bot with a monthly limit is used. Pure.

Below 85 % nothing changes; staff hear of 70 %. From 85 % on each person has one message a day of
early reminders, urges and news; answers, alerts to staff and last-day reminders go as ever. When
nothing is left, whatever its reader can hear on another messenger goes there, the rest waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.budget import Budget, Usage

WARN_AT = 0.70
SAVE_AT = 0.85
# Of the people and groups a bot may serve: time to make another bot.
CROWDED_AT = 0.90


class Level(StrEnum):
    """How a bot's month stands, from plenty to nothing."""

    PLENTY = "plenty"
    WARN = "warn"
    SAVE = "save"
    SPENT = "spent"


def level_of(budget: Budget) -> Level:
    if not budget.limit:
        return Level.PLENTY
    if budget.left == 0:
        return Level.SPENT
    if budget.share >= SAVE_AT:
        return Level.SAVE
    return Level.WARN if budget.share >= WARN_AT else Level.PLENTY


def crowded(usage: Usage) -> bool:
    """Whether hardly anybody more can be bound to the bot."""
    counts = (
        (usage.users, usage.tariff.users),
        (usage.groups, usage.tariff.groups),
    )
    return any(most and count >= most * CROWDED_AT for count, most in counts)


@dataclass(frozen=True, slots=True)
class Thrift:
    """Which bots gather a day's messages, and which may send nothing."""

    saving: frozenset[str] = frozenset()
    spent: frozenset[str] = frozenset()

    @classmethod
    def of(cls, budgets: Mapping[str, Budget]) -> "Thrift":
        levels = {name: level_of(budget) for name, budget in budgets.items()}
        return cls(
            frozenset(name for name, level in levels.items() if level == Level.SAVE),
            frozenset(name for name, level in levels.items() if level == Level.SPENT),
        )
