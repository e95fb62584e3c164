"""What the web server of an installation sees of a committee. Imports no web framework."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.web.site import Site


@dataclass
class Place:
    """A committee's place under `/c/NAME/`. site: what is at work there, if anything is. trouble:
    why nothing is, in a line for staff."""

    site: Site | None = None
    trouble: str = ""


Places = dict[str, Place]
Changed = Callable[[str, Place], None]
