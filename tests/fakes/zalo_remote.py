"""The fake Zalo server in a process of its own, for tests that kill the product.

with RemoteZalo(tmp_path / "zalo.jsonl", queue="replay") as zalo:
    user = zalo.do("user", name="Lê Thị Hoa")
    zalo.do("say", user=user, text="ABCDE-23456")
    zalo.do("snapshot")["sent"]
"""

import json
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fakes.zalo_world import TOKEN

_ROOT = Path(__file__).parents[2]


class RemoteZalo:
    """Starts the server on entry and ends it on exit; `url` and `token` are for the product."""

    def __init__(self, state: Path, **switches: Any) -> None:
        self.token = TOKEN
        self.url = ""
        self.state = state
        self._switches = switches
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.fakes.zalo_server", "--state", str(self.state)]
        for name, value in self._switches.items():
            command += ["--switch", f"{name}={json.dumps(value)}"]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
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
