"""`GET /ical/TOKEN.ics`: the calendar a person or an agency subscribed to."""

import hashlib
import re
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from bot.web.answers import gone
from bot.web.site import Site
from registry import calendar_feeds
from registry.clock import local_day
from reports.calendar_feed import Ringing, entries, feed
from scheduler.plan import Policy

_NAME = re.compile(r"[A-Za-z0-9_-]{20,64}(?=\.ics$)")


@dataclass(frozen=True, slots=True)
class _Made:
    body: bytes
    etag: str


def routes(site: Site) -> APIRouter:
    router = APIRouter()

    @router.api_route("/ical/{name}", methods=["GET", "HEAD"])
    async def calendar(name: str, request: Request) -> Response:
        token = _NAME.match(name)
        made = await site.db.read(_make, token[0], site) if token else None
        if made is None:
            return gone()
        # Kept by the subscriber alone, and asked about again every time.
        headers = {"ETag": made.etag, "Cache-Control": "private, no-cache"}
        if same(request.headers.get("if-none-match", ""), made.etag):
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="don-doc.ics"'
        return Response(made.body, media_type="text/calendar; charset=utf-8", headers=headers)

    return router


def _make(session: Session, token: str, site: Site) -> _Made | None:
    row = calendar_feeds.find(session, token)
    scope = calendar_feeds.scope_of(session, row) if row is not None else None
    if scope is None:
        return None
    today = local_day(site.clock())
    found = entries(session, scope.agency_ids, today, site.calendar)
    body = feed(
        site.renderer, found, scope.title, calendar_feeds.known_namespace(session),
        ringing(site.settings.policy), site.calendar,
    )  # fmt: skip
    return _Made(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def ringing(policy: Policy) -> Ringing:
    """Calendars ring when the messengers remind."""
    return Ringing(policy.leads, policy.update_leads, policy.at)


def same(asked: str, etag: str) -> bool:
    """Whether If-None-Match names what we have; weak tags count (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return "*" in tags or etag in tags
