"""The fake Telegram server in a process of its own, for tests that kill the product.

with RemoteTelegram(tmp_path / "telegram.jsonl") as telegram:
    user = telegram.do("user", name="Lê Thị Hoa")
    telegram.do("say", user=user, text="/start MA")
    telegram.do("snapshot")["sent"]
"""

import json
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fakes.telegram_world import TOKEN

_ROOT = Path(__file__).parents[2]


class RemoteTelegram:
    """Starts the server on entry and ends it on exit; `url` and `token` are for the product."""

    def __init__(self, state: Path, *, strict: bool = False) -> None:
        self.token = TOKEN
        self.url = ""
        self.state = state
        self._strict = strict
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.fakes.telegram_server", "--state", str(self.state)]
        self._process = subprocess.Popen(
            [*command, "--strict"] if self._strict else command,
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def do(self, name: str, /, **args: Any) -> Any:
        """Run one of CONTROLS and return its result. Raises ValueError where the server refuses."""
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
        with closing(connection):
            order = json.dumps({"do": name, "args": args})
            connection.request("POST", "/_control", order, {"Content-Type": "application/json"})
            answer = json.load(connection.getresponse())
        if not answer["ok"]:
            raise ValueError(answer["error"])
        return answer["result"]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Rows of the state file of one kind: "call", "sendMessage", "edit"."""
        text = self.state.read_text("utf-8") if self.state.exists() else ""
        # The last line may be half written yet.
        rows = [json.loads(line) for line in text.split("\n")[:-1]]
        return [row for row in rows if row["event"] == kind]
