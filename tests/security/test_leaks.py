"""The watch over secrets is awake."""

import pytest

from tests import leaks
from tests.conftest import pytest_runtest_makereport
from tests.fakes.telegram_world import TOKEN


def test_a_secret_that_is_sent_is_found() -> None:
    leaks.sent(f"POST /bot{TOKEN}/sendMessage")
    leaks.sent("mã truy-cap:000000000012")
    assert len(leaks.found()) == 2
    assert leaks.found() == []


def test_a_code_may_be_told_and_not_printed() -> None:
    code = leaks.hide("ABCDE-23457")
    leaks.sent(f"Mã mời: {code}")
    assert leaks.found() == []
    leaks.printed(f"INFO mã {code}")
    assert len(leaks.found()) == 1


def ended(*sections: tuple[str, str]) -> pytest.TestReport:
    """The report of a test that wrote this, as the hook leaves it."""
    nodeid, place = "tests/x.py::test", ("x.py", 1, "test")
    report = pytest.TestReport(nodeid, place, {}, "passed", None, "teardown", list(sections))
    call = pytest.CallInfo.from_call(lambda: None, "teardown")
    hook = pytest_runtest_makereport(call)
    next(hook)
    with pytest.raises(StopIteration) as done:
        hook.send(report)
    found: pytest.TestReport = done.value.value
    return found


@pytest.mark.parametrize("where", ["Captured stdout call", "Captured log setup"])
def test_what_is_printed_fails_the_test(where: str) -> None:
    assert ended(("Captured stderr call", "yên ổn"), (where, "một dòng")).outcome == "passed"
    report = ended((where, f"url /bot{TOKEN}/getMe"))
    assert report.outcome == "failed"
    assert "a secret was shown" in str(report.longrepr)
