"""deadline, reply: how words would be read. No settings, no database."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.cli.base import DAYS, ConfigOption, JsonOption, moment, one_line_errors, out, show
from bot.replies import to_contract as read_answer
from bot.settings import load
from deadlines import exam
from registry.clock import local_day


def deadline(
    phrase: Annotated[str, typer.Argument(metavar="CỤM_TỪ", help="Như trong văn bản.")] = "",
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAYS, help="Ngày của văn bản (mặc định: hôm nay)."),
    ] = None,
    inclusive: Annotated[
        bool, typer.Option("--inclusive", help='"trước ngày D" gồm cả ngày D.')
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="Đọc {text, reference} từng dòng từ đầu vào chuẩn.")
    ] = False,
) -> None:
    """Đọc một cụm từ thời hạn thành ngày, kèm giải thích."""
    if config is not None:
        with one_line_errors():
            inclusive = inclusive or load(config).committee.inclusive_before
    if lines:
        each_line(lambda given: exam.answer_line(given, inclusive=inclusive))
        return
    if not phrase.strip():
        raise typer.BadParameter("Thiếu cụm từ thời hạn, ví dụ: trước ngày 25 của tháng cuối quý")
    reference = start.date() if start is not None else local_day(moment())
    answer = exam.answer_line(
        {"text": phrase, "reference": reference.isoformat()}, inclusive=inclusive
    )
    if as_json:
        show(answer)
    else:
        out.print(answer["explain"], markup=False)
    if answer["kind"] == "unread":
        raise typer.Exit(1)


def each_line(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer JSON lines of standard input in order; a bad line stops with its number."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            result = answer(given)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            typer.echo(f"Lỗi: dòng {number} không đúng dạng JSON cần có: {error}", err=True)
            raise typer.Exit(1) from None
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def reply(
    text: Annotated[str, typer.Argument(metavar="CÂU", help="Như gõ trong trò chuyện.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="Đọc {text} từng dòng từ đầu vào chuẩn.")
    ] = False,
) -> None:
    """Cho biết một câu trả lời sẽ được hiểu thế nào; không cần cơ sở dữ liệu."""
    del config  # accepted like everywhere, though nothing of it matters here
    if lines:
        each_line(lambda given: dict(read_answer(str(given["text"]))))
        return
    answer = read_answer(text)
    if as_json:
        show(answer)
        return
    numbers = ", ".join(str(n) for n in answer["duties"] or ()) or "-"
    document = f"văn bản: {answer['number'] or '-'} · ngày: {answer['date'] or '-'}"
    out.print(f"Ý: {answer['intent']} · đầu việc: {numbers} · {document}", markup=False)
