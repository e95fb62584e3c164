"""Runs commands in fresh processes without paying for the imports each time.

A process that has imported the product and started nothing reads one JSON order a line, forks, and
lets the child be `dondoc`: its own arguments, folder, environment and files. It answers with the
child's exit code.
"""

import json
import os
import sys
import traceback
from typing import Any

import bot.cli

FILES = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))


def become(order: dict[str, Any]) -> int:
    """Be the command. Returns the exit code."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, (name, flags) in enumerate(FILES):
        os.dup2(os.open(order[name], flags), number)
        stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    sys.argv = ["dondoc", *order["arguments"]]
    try:
        bot.cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 -- what the interpreter would do
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            code = become(order)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
