"""How fast deadlines are read, against dateparser in the same run, and the worst text for it.

    .venv/bin/python bench/deadlines.py

dateparser is no dependency of the project. To measure against it, give it an environment of its
own and run this file with that environment's Python as the peer:

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install dateparser
    .venv/bin/python bench/deadlines.py --peer /tmp/peer/bin/python

Both read the same phrases, those of tests/deadlines. Without a peer its column is left out.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deadlines import WorkCalendar, read  # noqa: E402
from tests.deadlines.table import cases  # noqa: E402

REFERENCE = date(2025, 11, 22)
NOISE = {
    "digits": "1 ",
    "slashes": "15 / ",
    "dates": "ngày 15/3/2025 và ",
    "days without months": "ngày 15, ",
    "bounds without days": "trước ngày ",
    "periods": "hằng tháng, quý, ",
    "reports": "báo cáo ",
    "document names": "Quyết định của Ủy ban nhân dân ",
    "document numbers": "số 12/QĐ-UBND ngày ",
    "terms": "05 ngày làm việc kể từ ngày ",
    "brackets": "((((",
    "one long word": "a",
    "marks": "ê̂́",
    "plain prose": "Giao Sở Nội vụ chủ trì, phối hợp với các sở, ban, ngành tham mưu. ",
}
# Run by the peer's Python: the seconds to search every phrase for dates.
PEER = """
import json, sys, time
from datetime import datetime
from dateparser.search import search_dates
phrases, language = json.load(sys.stdin)
languages = [language] if language else None
settings = {"RELATIVE_BASE": datetime(2025, 11, 22), "PREFER_DATES_FROM": "future"}
search_dates(phrases[0], languages=languages, settings=settings)
start = time.perf_counter()
found = sum(bool(search_dates(one, languages=languages, settings=settings)) for one in phrases)
print(json.dumps([time.perf_counter() - start, found]))
"""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peer_rate(python: str, phrases: list[str], language: str | None) -> float:
    """Phrases a second that dateparser's search manages."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", PEER],
        input=json.dumps([phrases, language]),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    taken, _ = json.loads(done.stdout)
    return len(phrases) / float(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peer", metavar="PYTHON", help="a Python that has dateparser")
    peer = parser.parse_args().peer
    calendar = WorkCalendar()
    tables = ("cases.tsv", "held_back.tsv", "second.tsv")
    phrases = [case.text for name in tables for case in cases(name)]

    def once(reference: date) -> None:
        for phrase in phrases:
            read(phrase, reference, calendar=calendar)

    once(REFERENCE)  # the holidays of the years in question are computed once
    days = [REFERENCE + timedelta(days=n) for n in range(1, 6)]
    rate = len(days) * len(phrases) / seconds(lambda: [once(day) for day in days])
    again = len(phrases) / seconds(lambda: once(days[-1]))
    print(f"{len(phrases)} phrases, each new: {rate:,.0f} a second")
    print(f"the same again from the same day: {again:,.0f} a second (remembered)")
    if peer:
        for language in ("vi", None):
            some = phrases if language else phrases[:40]
            other = peer_rate(peer, some, language)
            said = "told it is Vietnamese" if language else "finding the language itself"
            print(f"dateparser search, {said}: {other:,.0f} a second; we are {rate / other:,.0f}x")
    else:
        print("dateparser: no --peer given, not measured")

    print("100 kB of noise:")
    for name, piece in NOISE.items():
        text = (piece * (100_000 // len(piece.encode()) + 1))[:100_000]
        taken = seconds(lambda text=text: read(text, REFERENCE, calendar=calendar))  # type: ignore[misc]
        print(f"  {name:22} {taken:6.2f} s")
        assert taken < 5, name


if __name__ == "__main__":
    main()
