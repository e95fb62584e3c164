"""committees list, check, add, adopt: the committees of one installation."""

import asyncio
import tomllib
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot import doctor, logs
from bot.cli.base import EXPECTED, JsonOption, Stop, moment, one_line_errors, out, show
from bot.cli.pages import Pages
from bot.cli.running import first_invite, write_example
from bot.committees import OWNER, open_own
from bot.installation import (
    DEFAULT_INSTALLATION,
    ENV_INSTALLATION,
    EXAMPLE,
    Claims,
    Entry,
    Installation,
    check_name,
    read_installation,
    settings_for,
)
from bot.opening import Tools, open_database
from bot.settings import ConfigTrouble, Settings, load
from bot.stillness import QUIET
from registry import marks
from registry.database import Database, DatabaseTrouble, sqlite_path
from registry.migrations import HEAD

group = Pages("Nhiều ban trong một tiến trình: xem, kiểm tra, thêm.")

FileOption = Annotated[
    Path,
    typer.Option("--installation", envvar=ENV_INSTALLATION, help="Tệp kê các ban."),
]
NameArgument = Annotated[str, typer.Argument(metavar="TÊN_BAN", help="Tên ban: a-z, 0-9, dấu '-'.")]
# A tick that finds nothing new writes nothing down for so long.
AT_WORK = QUIET + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A committee from outside. `trouble`: why it cannot work; "" where it can."""

    name: str
    config: str
    title: str = ""
    channels: tuple[str, ...] = ()
    state: str = ""
    trouble: str = ""


@group.command("list")
def list_committees(
    installation: FileOption = DEFAULT_INSTALLATION, as_json: JsonOption = False
) -> None:
    """Các ban và tình trạng từng ban."""
    with one_line_errors():
        found = [_seen(entry, known) for entry, known in _read(_installation(installation))]
    if as_json:
        keys = ("name", "config", "title", "channels", "state", "trouble")
        show([{key: getattr(each, key) for key in keys} for each in found])
        return
    for each in found:
        said = f"{each.title}: {', '.join(each.channels)}; {each.state}" if not each.trouble else ""
        out.print(
            f"{'✘' if each.trouble else '✔'} {each.name}  {said or each.trouble}", markup=False
        )


@group.command("check")
def check_committees(
    installation: FileOption = DEFAULT_INSTALLATION, as_json: JsonOption = False
) -> None:
    """Kiểm tra từng ban như dondoc doctor; thoát 1 nếu có ban chưa ổn."""
    found: dict[str, list[doctor.Finding]] = {}
    with one_line_errors():
        for entry, known in _read(_installation(installation)):
            found[entry.name] = _examined(entry, known)
    if as_json:
        show({name: [asdict(each) for each in all_] for name, all_ in found.items()})
    else:
        for name, findings in found.items():
            out.print(f"[{name}]", markup=False)
            for each in findings:
                out.print(each.line)
    if not all(each.ok for findings in found.values() for each in findings):
        raise typer.Exit(1)


@group.command("add")
def add_committee(
    name: NameArgument,
    installation: FileOption = DEFAULT_INSTALLATION,
    as_json: JsonOption = False,
) -> None:
    """Thêm một ban: thư mục, config.toml, cơ sở dữ liệu và mã mời quản trị đầu tiên."""
    with one_line_errors():
        check_name(name)
        if not installation.exists():
            write_example(installation, EXAMPLE)
        known = read_installation(installation)
        if name in {entry.name for entry in known.entries}:
            raise Stop(f"Ban {name} đã có trong {installation}.")
        config = installation.resolve().parent / name / "config.toml"
        if not config.exists():
            write_example(config)
        settings = load(config, environment=False)
        db = open_own(settings, name, moment())
        try:
            code = db.write_now(first_invite, moment(), settings.invites.valid_days)
        finally:
            db.close()
        _write_down(installation, name)
    if as_json:
        show({"name": name, "config": str(config), "invite": code})
        return
    out.print(f"Đã thêm ban {name}: điền tên ban và token vào {config}.", markup=False)
    if code:
        out.print(f"Mã mời quản trị đầu tiên (dùng một lần): {code}")
    out.print("Ban bắt đầu làm việc khi khởi động lại hoặc systemctl reload dondoc.")


@group.command("adopt")
def adopt_database(name: NameArgument, installation: FileOption = DEFAULT_INSTALLATION) -> None:
    """Nhận cơ sở dữ liệu đang ghi tên ban khác (sau khi đổi tên ban hoặc chép có chủ ý)."""
    with one_line_errors():
        entry = _installation(installation).entry(name)
        settings = load(entry.config, environment=False)
        db = open_database(settings, moment())
        try:
            db.write_now(marks.put, OWNER, name, moment())
        finally:
            db.close()
    out.print(f"Cơ sở dữ liệu nay ghi tên ban {name}.", markup=False)


Known = Settings | ConfigTrouble | DatabaseTrouble


def _installation(path: Path) -> Installation:
    found = read_installation(path)
    redact = logs.SharedRedactor([found.web.metrics_token.get_secret_value()])
    logs.configure(found.logs.level, redact)
    for entry, known in _read(found):
        if isinstance(known, Settings):
            redact.learn(entry.name, known.secrets())
    return found


def _read(installation: Installation) -> list[tuple[Entry, Known]]:
    """Each committee's settings, or why it cannot work by them."""
    claims = Claims()
    read: dict[Entry, Known] = {}
    for entry in installation.entries:
        try:
            read[entry] = settings = settings_for(entry, installation.web)
            claims.put(entry.name, settings)
        except (ConfigTrouble, DatabaseTrouble) as error:
            read[entry] = error
    for entry, known in read.items():
        try:
            if isinstance(known, Settings):
                claims.check(entry.name)
        except ConfigTrouble as error:
            read[entry] = error
    return list(read.items())


def _seen(entry: Entry, known: Known) -> _Seen:
    config = str(entry.config)
    if not isinstance(known, Settings):
        return _Seen(entry.name, config, trouble=str(known))
    bots = [name for name, bot in known.zalo.bots.items() if bot.on]
    channels = [*(["telegram"] if known.telegram.on else []), *bots,
                *(["zalo_oa"] if known.zalo_oa.on else [])]  # fmt: skip
    try:
        state, trouble = _state(known, entry.name), ""
    except DatabaseTrouble as error:
        state, trouble = "", str(error)
    return _Seen(entry.name, config, known.committee.name, tuple(channels), state, trouble)


def _state(settings: Settings, name: str) -> str:
    """How its database says it is, looked at without changing anything. Raises DatabaseTrouble."""
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        return "chưa có cơ sở dữ liệu"
    db = Database(settings.database_url)
    try:
        if db.revision() != HEAD:
            return "chưa chạy lần nào với phiên bản này"
        owner, tick = db.read_now(marks.get, OWNER), db.read_now(marks.get, "tick")
    finally:
        db.close()
    if owner is not None and owner.value != name:
        raise DatabaseTrouble(f"Cơ sở dữ liệu này là của ban {owner.value}.")
    at_work = tick is not None and abs(moment() - tick.at) < AT_WORK
    return "đang làm việc" if at_work else "không chạy"


def _examined(entry: Entry, known: Known) -> list[doctor.Finding]:
    """What the doctor finds, or the one line that keeps him out."""
    if not isinstance(known, Settings):
        return [doctor.Finding(ok=False, what=str(known))]
    try:
        tools = Tools.of(known, moment())
        db = open_own(known, entry.name, moment())
    except EXPECTED as error:
        return [doctor.Finding(ok=False, what=str(error))]
    try:
        return asyncio.run(doctor.examine(known, tools, db, moment()))
    finally:
        db.close()


def _write_down(path: Path, name: str) -> None:
    """Add the committee's line behind the last one of [committees]. Raises Stop where the file is
    written in a way that a line cannot be added to, and leaves it as it was."""
    before = path.read_text(encoding="utf-8")
    lines = before.rstrip("\n").split("\n")
    new = f'{name} = "{name}/config.toml"'
    heads = [place for place, line in enumerate(lines) if line.strip().startswith("[")]
    ours = [place for place in heads if line_names(lines[place], "committees")]
    if not ours:
        lines += ["", "[committees]", new]
    else:
        end = next((place for place in heads if place > ours[0]), len(lines))
        while not lines[end - 1].strip():
            end -= 1
        lines.insert(end, new)
    after = "\n".join(lines) + "\n"
    wanted = tomllib.loads(before)
    wanted.setdefault("committees", {})[name] = f"{name}/config.toml"
    try:
        added = tomllib.loads(after) == wanted
    except tomllib.TOMLDecodeError:
        added = False
    if not added:
        raise Stop(f"Không tự ghi được vào {path}; hãy thêm vào mục [committees] dòng: {new}")
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(after, encoding="utf-8")
    aside.chmod(path.stat().st_mode & 0o777)
    aside.replace(path)


def line_names(line: str, table: str) -> bool:
    """Whether a line of TOML opens this table."""
    return line.partition("#")[0].strip() == f"[{table}]"
