"""Messages about agencies and their changes: one typed function each. The words are in
`templates/messages/`."""

from collections.abc import Sequence
from datetime import date

from registry.agency_changes import Change
from registry.agency_moves import Carried, Passed
from reports.agency_cards import Card, GroupCard
from reports.figures import ROLE_NAMES
from reports.render import Rendered, Renderer

LISTED_DUTIES = 30
LISTED_AGENCIES = 120


def passed(renderer: Renderer, passes: Sequence[Passed], *, joined: bool) -> Rendered:
    """To somebody of the agency that takes over; `joined`: they came with the agency that ended."""
    return renderer.render("messages/agency_passed", passes=passes, joined=joined)


def carried(renderer: Renderer, done: Carried, today: date) -> Rendered:
    """To staff: what has come into force, and what waits for their word."""
    return renderer.render("messages/agency_carried", c=done, today=today, most=LISTED_DUTIES)


def change(
    renderer: Renderer,
    planned: Change,
    effects: Carried,
    today: date,
    *,
    done: bool,
    ask: bool = False,
) -> Rendered:
    """To staff, before (`done` False) or after: what changes from which day and what it moves.
    `ask`: their word is waited for."""
    return renderer.render(
        "messages/agency_change",
        change=planned,
        c=effects,
        done=done,
        ask=ask,
        ahead=planned.day > today,
        most=LISTED_DUTIES,
    )


def card(renderer: Renderer, shown: Card) -> Rendered:
    """One agency."""
    return renderer.render("messages/agency_card", card=shown, role_names=ROLE_NAMES)


def listing(renderer: Renderer, groups: Sequence[GroupCard], done: Carried) -> Rendered:
    """All agencies in force, by group."""
    left = LISTED_AGENCIES
    rows = []
    for group in groups:
        rows.append({"group": group, "shown": group.agencies[:left]})
        left -= len(rows[-1]["shown"])  # type: ignore[arg-type]
    return renderer.render("messages/agency_list", rows=rows, c=done, most=LISTED_DUTIES)
