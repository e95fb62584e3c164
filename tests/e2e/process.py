"""The product as users run it: `python -m bot.cli ...` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests import leaks

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of a developer, with the tree importable."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DONDOC_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"} | more


def wait_for(true: Callable[[], bool], what: str, patience: float = 30.0) -> None:
    """Wait until something is so; fail after `patience` seconds."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)  # each look costs a parse of all that was said


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def fine(self) -> str:
        """What it wrote. Fails where it was refused."""
        assert self.code == 0, (self.code, self.out, self.err)
        return self.out

    def refused(self, code: int = 1) -> str:
        """The one line of a refusal. Fails where it was not refused, or not in one line."""
        assert self.code == code, (self.code, self.out, self.err)
        assert "Traceback" not in self.out + self.err, self.err
        if code == 1:
            assert len(self.err.strip().splitlines()) == 1, self.err
        return self.err


def dondoc(*arguments: str, cwd: Path, given: str = "", env: dict[str, str] | None = None) -> Done:
    """Run one command to its end."""
    return _ended(*_ZYGOTE.run(arguments, cwd, given, env or environment()))


def dondoc_by(
    command: Sequence[str], *arguments: str, cwd: Path, env: dict[str, str] | None = None
) -> Done:
    """Run one command to its end, by another interpreter or program than this tree's."""
    ended = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )
    return _ended(ended.returncode, ended.stdout, ended.stderr)


def _ended(code: int, out: str, err: str) -> Done:
    assert "Traceback" not in err + out, err
    leaks.sent(out + err)
    return Done(code, out, err)


class Zygote:
    """The process that runs commands quickly; see `zygote.py`. Started when first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, arguments: Sequence[str], cwd: Path, given: str, env: dict[str, str]
    ) -> tuple[int, str, str]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with TemporaryDirectory(prefix="dondoc-command-") as folder:
            files = {name: Path(folder, name) for name in ("stdin", "stdout", "stderr")}
            for name, file in files.items():
                file.write_text(given if name == "stdin" else "", encoding="utf-8")
            paths = {name: str(file) for name, file in files.items()}
            order = {"arguments": arguments, "cwd": str(cwd), "env": env, **paths}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            code = process.stdout.readline()
            assert code, "the process that runs commands has died"
            said = [files[name].read_text("utf-8") for name in ("stdout", "stderr")]
        return int(code), said[0], said[1]

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.zygote"],
                cwd=ROOT, env=environment(), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=20)
            self._process = None


_ZYGOTE = Zygote()
stop_commands = _ZYGOTE.stop


@dataclass
class Running:
    """`dondoc run` in the background; what it writes goes to files in the folder."""

    folder: Path
    as_of: str
    env: dict[str, str]
    name: str = "run"
    process: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Self:
        with (
            (self.folder / f"{self.name}.out").open("ab") as out,
            (self.folder / f"{self.name}.err").open("ab") as err,
        ):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "run", "--config",
                 str(self.folder / "config.toml"), "--as-of", self.as_of],
                cwd=self.folder, env=self.env, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        leaks.sent(self.said())

    def kill(self) -> None:
        """As a lost power line does."""
        assert self.process.poll() is None, "it had ended by itself: " + self.said()
        self.process.kill()
        self.process.wait(20)

    def terminate(self) -> float:
        """Ask it to end; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began

    def said(self) -> str:
        """All it wrote so far."""
        files = [self.folder / f"{self.name}.{kind}" for kind in ("out", "err")]
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())
