"""One line in, one line out: the contract of `dondoc deadline --jsonl`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from deadlines.calendar import WorkCalendar
from deadlines.reader import Reading, read


def answer_line(
    line: Mapping[str, Any], *, calendar: WorkCalendar | None = None, inclusive: bool = False
) -> dict[str, Any]:
    """The answer to {"text", "reference"}: {"text", "kind", "due", "time", "sure", "explain"}.

    The reference (ISO day) stands for every anchor that the phrase leaves open. Raises ValueError
    with a Vietnamese sentence where the line lacks its text or a proper reference.
    """
    text, reference = line.get("text"), line.get("reference")
    if not isinstance(text, str):
        raise ValueError('Thiếu "text": cần một chuỗi chữ')  # noqa: TRY004 - bad input, not a bug
    try:
        day = date.fromisoformat(str(reference))
    except ValueError as error:
        raise ValueError(f'"reference" không phải ngày dạng NNNN-TT-NN: {reference!r}') from error
    return answer(read(text, day, calendar=calendar, inclusive=inclusive))


def answer(reading: Reading) -> dict[str, Any]:
    """A reading as the plain values that the command prints."""
    return {
        "text": reading.text,
        "kind": reading.kind,
        "due": [day.isoformat() for day in reading.due],
        "time": f"{reading.time:%H:%M}" if reading.time else None,
        "sure": reading.sure,
        "explain": reading.explain,
    }
