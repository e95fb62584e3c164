"""`python -m tests.faults [SCENE ...]`: plays the scenes and reports what was lost, doubled, late.

Ends with 1 where a goal is missed: nothing lost; said twice only where the messenger's answer may
have been lost, and marked.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.faults import scenes_data, scenes_network, scenes_process
from tests.faults.ground import Missed, Stage, Verdict
from tests.faults.messengers import KINDS, Kind

Scene = Callable[[Stage], Verdict]


def on_each(scenes: dict[str, Scene]) -> dict[str, Scene]:
    """Scenes that are played on every messenger by itself, named after it."""
    return {
        f"{kind.prefix}{name}": partial(_on, scene, kind)
        for kind in KINDS
        for name, scene in scenes.items()
    }


def _on(scene: Scene, kind: Kind, stage: Stage) -> Verdict:
    return scene(stage.on(kind))


EVERYWHERE = scenes_process.EVERYWHERE | scenes_network.EVERYWHERE
SCENES: dict[str, Scene] = (
    scenes_process.SCENES | scenes_data.SCENES | on_each(EVERYWHERE) | scenes_network.SCENES
)
SEED = 20260910
HEAD = (
    "scene",
    "expected",
    "delivered",
    "lost",
    "marked",
    "unmarked",
    "p50 s",
    "max s",
    "took s",
    "cpu s",
)


def play(name: str, stage: Stage) -> Verdict:
    began = time.monotonic()
    stage = stage.apart()
    try:
        verdict = SCENES[name](stage)
    except Missed as missed:
        verdict = Verdict(faults=[str(missed)])
    except Exception:  # noqa: BLE001 -- one scene must not hide the others
        verdict = Verdict(faults=[traceback.format_exc()])
    verdict.seconds, verdict.cpu = time.monotonic() - began, sum(stage.cpu)
    verdict.check(verdict.lost == 0, f"{verdict.lost} lost")
    verdict.check(verdict.unmarked == 0, f"{verdict.unmarked} said twice without a mark")
    say("  ".join([mark(verdict), *row(name, verdict), *verdict.faults]))
    return verdict


def mark(verdict: Verdict) -> str:
    if verdict.skipped:
        return "skipped"
    return "MISSED" if verdict.faults else "ok"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def row(name: str, it: Verdict) -> tuple[str, ...]:
    counts = (it.expected, it.delivered, it.lost, it.marked, it.unmarked)
    took = (it.p50, it.latest, it.seconds, it.cpu)
    return (name, *map(str, counts), *(f"{seconds:.1f}" for seconds in took))


def report(found: dict[str, Verdict]) -> None:
    rows = [(*HEAD, "verdict"), *((*row(name, it), mark(it)) for name, it in found.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    say("")
    for each in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)).rstrip())
    say("")
    for name, it in found.items():
        for line in (*it.faults, *it.notes, *([it.skipped] if it.skipped else [])):
            say(f"{name}: {line}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--at-once", type=int, default=4, help="scenes played at the same time")
    args = parser.parse_args()
    unknown = set(args.scenes) - SCENES.keys()
    if unknown:
        parser.error(f"no scene {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    names = args.scenes or list(SCENES)
    say(f"seed {args.seed}")
    with tempfile.TemporaryDirectory(prefix="dondoc-faults-") as folder:
        stage = Stage(Path(folder), args.seed)
        with ThreadPoolExecutor(args.at_once) as pool:
            played = list(pool.map(lambda name: play(name, stage), names))
    found = dict(zip(names, played, strict=True))
    report(found)
    return any(verdict.faults for verdict in played)


if __name__ == "__main__":
    raise SystemExit(main())
