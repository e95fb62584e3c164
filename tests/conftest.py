"""For every test there is: nothing it prints, logs or sends shows a secret (`tests/leaks.py`); and
those that wait for real processes come first, so that no worker is left with all of them at the
end."""

from collections.abc import Generator

import pytest

from tests import leaks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """At the end of a test all it wrote is there, that of its fixtures included."""
    report = yield
    if call.when == "teardown":
        for _title, text in report.sections:
            leaks.printed(text)
        if told := leaks.found():
            report.outcome = "failed"
            report.longrepr = "a secret was shown:\n" + "\n".join(told)
    return report
