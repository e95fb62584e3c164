"""Known weaknesses in what is locked: pip-audit, told apart from a database that cannot be reached.

    python .ci/audit.py LOCK [pip-audit's own options]

Ends with 1 where a weakness is known; 0, with one line, where nothing could be asked.
"""

import json
import subprocess
import sys
from typing import Any

# Each answer is waited for so long; the whole for this long at most.
ANSWER_SECONDS = 10
WHOLE_SECONDS = 180


def verdict(found: Any) -> tuple[int, list[str]]:
    """The exit code and what to say of pip-audit's JSON; None: it wrote none."""
    packages = found["dependencies"] if found else []
    asked = [each for each in packages if "skip_reason" not in each]
    if not asked:
        return 0, ["pip-audit: its database cannot be reached, nothing was checked."]
    lines = [
        f"{each['name']} {each['version']}: {weakness['id']}"
        f" (mended in {', '.join(weakness['fix_versions']) or 'no version yet'})"
        for each in asked
        for weakness in each["vulns"]
    ]
    unknown = f", {len(packages) - len(asked)} unknown there" if len(asked) < len(packages) else ""
    told = f"pip-audit: {len(asked)} packages asked about{unknown}, {len(lines)} weaknesses known."
    return int(bool(lines)), [*lines, told]


def ask(lock: str, options: list[str]) -> Any:
    """What pip-audit wrote as JSON; None where it could not."""
    command = [
        sys.executable, "-m", "pip_audit", "-r", lock, "--require-hashes", "--disable-pip",
        "--format", "json", "--progress-spinner", "off", "--timeout", str(ANSWER_SECONDS), *options,
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 -- our own options
            command, capture_output=True, text=True, timeout=WHOLE_SECONDS, check=False
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None


def main() -> int:
    code, lines = verdict(ask(sys.argv[1], sys.argv[2:]))
    print("\n".join(lines))  # noqa: T201 -- what make shows
    return code


if __name__ == "__main__":
    sys.exit(main())
