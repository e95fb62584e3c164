"""The command line: options in, one call, words or JSON out.

Exit codes: 0 done, 1 refused or failed (one Vietnamese line on standard error), 2 wrong usage.
"""

import io
import os
import sys

from bot.cli import (
    agencies,
    calendars,
    committees,
    data,
    directives,
    figures,
    journal,
    keeping,
    letters,
    moving,
    reading,
    rehearsing,
    reporting,
    running,
    usage,
    zalo_oa,
)
from bot.cli.pages import Pages

app = Pages(
    "Đôn Đốc: nhắc việc theo văn bản chỉ đạo, nhận trả lời, báo cáo tình hình.",
    name="dondoc",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(agencies.app, name="agencies")

for command in (running.init, running.run, running.demo, running.doctor, reading.deadline,
                reading.reply, data.invite, figures.status, rehearsing.plan, calendars.calendar,
                letters.letter, keeping.backup, keeping.restore, keeping.erase,
                keeping.certificate, keeping.restored,
                moving.migrate_to):  # fmt: skip
    app.command()(command)
app.command("import")(data.import_file)
papers = Pages("Văn bản: xem, kết thúc, thay thế, mở lại.")
app.add_typer(papers, name="directives")
for word, act in (("list", directives.list_directives), ("show", directives.show_directive),
                  ("end", directives.end_directive), ("replace", directives.replace_directive),
                  ("reopen", directives.reopen_directive),
                  ("urges", letters.directive_urges)):  # fmt: skip
    papers.command(word)(act)
agencies.app.command("load")(data.agencies_load)
app.add_typer(committees.group, name="committees")
app.add_typer(zalo_oa.group, name="zalo-oa")
app.add_typer(reporting.group, name="report")
app.add_typer(journal.group, name="audit")


def main() -> None:
    """The entry point `dondoc`."""
    os.environ.setdefault("PYTHONIOENCODING", "utf-8")
    for stream in (sys.stdout, sys.stderr):
        # A machine set to another alphabet would end every command at its first Vietnamese letter.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(usage.run(app))
