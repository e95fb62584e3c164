"""audit verify, audit export: the journal, checked and handed out."""

import csv
import json
import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from bot.cli.base import (
    DAYS,
    ConfigOption,
    JsonOption,
    Stop,
    one_line_errors,
    opened,
    out,
    show,
)
from bot.cli.pages import Pages
from bot.disk_words import why
from registry import audit
from registry.clock import moment_of

group = Pages("Nhật ký: kiểm tra toàn vẹn, xuất ra tệp.")


@group.command()
def verify(
    head: Annotated[
        str, typer.Option(help="Mã đầu chuỗi đã ghi lại lần trước; phải còn nằm trong chuỗi.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kiểm tra chuỗi nhật ký; in mã đầu chuỗi để ghi lại ở nơi khác."""
    head = head.strip().lower()
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        if head and not re.fullmatch(r"[0-9a-f]{64}", head):
            raise Stop("Mã --head gồm đúng 64 chữ số và chữ a–f, như dondoc audit verify in ra.")
        found = db.read_now(audit.verify, head)
    if as_json:
        show({"rows": found.rows, "sealed": found.sealed, "head": found.head,
              "whole": found.broken is None, "broken": found.broken})  # fmt: skip
    elif found.broken is None:
        out.print(
            f"Nhật ký toàn vẹn: {found.rows} sự kiện. Mã đầu chuỗi: {found.head or '(trống)'}"
        )
    else:
        where = f"từ sự kiện số {found.broken}" if found.broken else "ở cuối chuỗi"
        out.print(f"Nhật ký KHÔNG toàn vẹn {where}: đã bị sửa, xóa hoặc chèn ngoài chương trình.")
    if found.broken is not None:
        raise typer.Exit(1)


@group.command()
def export(
    to: Annotated[Path, typer.Option("--out", help="Tệp .csv hoặc .jsonl.")],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAYS, help="Từ ngày, giờ Việt Nam.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAYS, help="Đến hết ngày, giờ Việt Nam.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Xuất nhật ký (giờ UTC), kèm mã của từng sự kiện."""
    if to.suffix.lower() not in _WRITERS:
        raise typer.BadParameter("tệp phải kết thúc bằng .csv hoặc .jsonl")
    with one_line_errors(), opened(config) as (_settings, _tools, db):
        if to.exists():
            raise Stop(f"Tệp {to} đã có; chọn tên khác.")
        count = db.read_now(_export, to, first, last)
    out.print(f"Đã ghi {count} sự kiện vào {to}.", markup=False)


def _export(session: Session, to: Path, first: datetime | None, last: datetime | None) -> int:
    since = moment_of(first.date(), time(0)) if first else None
    until = moment_of(last.date() + timedelta(days=1), time(0)) if last else None
    rows = list(audit.plain(audit.events(session, since, until)))
    try:
        _WRITERS[to.suffix.lower()](to, rows)
    except OSError as error:
        raise Stop(f"Không ghi được tệp {to}: {why(error)}.") from None
    return len(rows)


def _csv(to: Path, rows: list[dict[str, Any]]) -> None:
    with to.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, audit.EXPORTED)
        writer.writeheader()
        writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)


# What a spreadsheet reads as a formula, or as blanks in front of one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet would take for a formula is shown as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _jsonl(to: Path, rows: list[dict[str, Any]]) -> None:
    with to.open("x", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_WRITERS = {".csv": _csv, ".jsonl": _jsonl}
