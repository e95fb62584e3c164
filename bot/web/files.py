"""`GET /tep/TOKEN/NAME`: a stored file, for whoever holds its link and while the link lives."""

import asyncio
import logging
from urllib.parse import quote

from fastapi import APIRouter, Response
from sqlmodel import Session

from bot.web.answers import gone
from bot.web.site import Site
from registry import files
from registry.file_links import FOLDER, Links
from registry.tables import StoredFile

log = logging.getLogger(__name__)


def routes(site: Site) -> APIRouter:
    router = APIRouter()
    links = Links.at(site.settings.paths.data_dir, site.settings.web.public_url)

    @router.api_route(f"/{FOLDER}/{{token}}/{{name}}", methods=["GET", "HEAD"])
    async def download(token: str, name: str) -> Response:
        del name  # for people: what is served is named by its row
        file = await site.db.read(_find, links, token, site)
        if file is None:
            return gone()
        try:
            data = await asyncio.to_thread(files.read, site.settings.files_dir, file)
        except files.FileGone as error:
            log.warning("a linked file cannot be served: %s", error)
            return gone()
        return Response(data, media_type=file.media_type, headers=_as_attachment(file.name))

    return router


def _find(session: Session, links: Links, token: str, site: Site) -> StoredFile | None:
    return links.find(session, token, site.clock())


def _as_attachment(name: str) -> dict[str, str]:
    """Saved under its own name, never shown (RFC 6266): a page somebody sent must not run here."""
    plain, full = files.plain_name(name), quote(name, safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"}
