"""Bringing a database's schema up to date. The only home of Alembic, loaded when there is something
to do: it takes 11 MiB and a quarter of a second."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

# Alembic keeps what it is at in the module: databases of several committees take turns.
_turn = Lock()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def known(revision: str) -> bool:
    """Whether this version of dondoc knows the revision; a newer one may have made it."""
    with _turn:
        scripts = ScriptDirectory.from_config(_config())
        return revision in {script.revision for script in scripts.walk_revisions()}


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    with _turn:
        command.upgrade(config, "head")
