"""A right that has ended has ended: for what was begun before it did, and on every messenger."""

from collections.abc import Sequence

import pytest
from sqlmodel import Session, col, select

from registry import people
from registry.people import MOST_WISHES
from registry.tables import Contact, Duty, Question, Subscription
from registry.types import DutyState, Role
from tests.security.scene import ELSEWHERE, HERE, IDS, Scene, letter

# What staff ask for, and the words that carry it out.
BEGUN = {
    "end a directive": ("/vanban kết thúc «number»", ("1", "đồng ý")),
    "a new agency": ("/coquan thêm Sở Mới", ("đồng ý",)),
    "a reason": ("trả lại «submitted»", ("thiếu số liệu",)),
    "an answer": ("trả lời VM«obstacle»", ("đã có hướng dẫn",)),
    "urge": ("/nhac quá hạn", ("đồng ý",)),
    "paste": ("/nhap", ("Giao Sở Y tế báo cáo kết quả trước ngày 20/12/2026.\nHết dòng.", "hết")),
}
# What each would have written.
MARKS = {"directive", "agency", "agencyalias", "upload", "completion", "obstacle", "task", "review"}


def demoted(session: Session, who: str) -> None:
    """Of the standing agency no longer; a member in charge of one agency, who may only read."""
    contact = session.exec(select(Contact).where(Contact.address == IDS[who])).one()
    for held in session.exec(
        select(Subscription).where(Subscription.person_id == contact.person_id)
    ).all():
        held.role = Role.MEMBER
        held.agency_id = session.exec(select(Duty.agency_id)).first()
        session.add(held)
    session.flush()


def _first_open(session: Session) -> Sequence[Duty]:
    open_ones = select(Duty).where(Duty.state == DutyState.OPEN).order_by(col(Duty.number))
    return session.exec(open_ones.limit(2)).all()


@pytest.mark.parametrize("name", BEGUN)
def test_what_staff_began_nobody_else_ends(scene: Scene, name: str) -> None:
    begin, words = BEGUN[name]

    def attempt(session: Session, *, ended: bool) -> tuple[int, set[str], str]:
        for duty in _first_open(session):
            duty.due_on = duty.due_on.replace(year=2025)
            session.add(duty)
        session.flush()
        scene.one(session, letter(IDS["staff"], scene.fill(begin)))
        waiting = len(session.exec(select(Question)).all())
        if ended:
            demoted(session, "staff")
        came = [scene.one(session, letter(IDS["staff"], scene.fill(each))) for each in words]
        return waiting, set().union(*(each.changed for each in came)), came[-1].answer

    waiting, written, _ = scene.within(lambda session: attempt(session, ended=False))
    assert waiting, "something was asked"
    assert written, "and the answer counts"
    _, written, answer = scene.within(lambda session: attempt(session, ended=True))
    assert not written
    assert answer


def test_who_has_left_is_a_stranger_again(scene: Scene) -> None:
    """Also to buttons under what they were sent before."""
    me, duty = IDS["focal"], scene.words["duty"]
    after = (
        letter(me, f"xong {duty}"),
        letter(me, f"/visao {duty}"),
        letter(me, "", event="button", action=f"d1:{duty}:done"),
        letter(me, "tiếp"),
        letter(me, "thiếu người"),
    )
    for each in after:
        came = scene.tries([letter(me, f"vướng {duty}"), letter(me, "/huydangky"), each])[-1]
        assert not came.changed
        assert "mã mời" in came.answer
        assert "Kết nối bệnh án" not in came.answer


def test_an_agency_that_is_no_longer_ones_own_is_anothers(scene: Scene) -> None:
    duty, me = scene.words["duty"], IDS["focal"]

    def attempt(session: Session) -> tuple[str, str]:
        contact = session.exec(select(Contact).where(Contact.address == me)).one()
        other = session.exec(select(Contact).where(Contact.address == IDS["other"])).one()
        theirs = people.subscriptions_of(session, other)[0][0].agency_id
        scene.one(session, letter(me, f"giahan {duty}"))
        for held, _ in people.subscriptions_of(session, contact):
            held.agency_id = theirs
            session.add(held)
        session.flush()
        return (
            scene.one(session, letter(me, "30/11/2026 chờ thầu")).answer,
            scene.one(session, letter(me, f"/visao {duty}")).answer,
        )

    for answer in scene.within(attempt):
        assert "Kết nối bệnh án" not in answer
        assert "Đã chuyển" not in answer


def test_erasing_is_confirmed_by_whoever_asked(scene: Scene) -> None:
    """Also by somebody who is bound to nothing, and by nobody else."""
    me = "9700"
    asked, done = scene.tries([letter(me, "/xoadulieu"), letter(me, "Xóa")])
    assert "mã mời" not in asked.answer
    assert "Đã xóa" in done.answer
    other = scene.tries([letter(me, "/xoadulieu"), letter("9701", "Xóa")])[-1]
    assert "Đã xóa" not in other.answer


def test_one_stranger_does_not_fill_the_desk_with_wishes(scene: Scene) -> None:
    agencies = (HERE, ELSEWHERE, "Sở Tài chính", "Sở Khoa học và Công nghệ", "UBND xã Mỹ Lộc")
    came = scene.tries([letter("9800", f"/dangky {name}") for name in (*agencies, HERE)])
    told = [bool(each.told) for each in came]
    assert told == [True] * MOST_WISHES + [False] * (len(agencies) - MOST_WISHES) + [False]
    assert "đề nghị chờ" in came[MOST_WISHES].answer


def test_nobody_makes_themselves_more_than_they_are(scene: Scene) -> None:
    """No word of a wish to be let in gives a role of the committee's."""
    for wish in ("Sở Y tế quản trị", "quản trị", "thường trực", "Sở Y tế thành viên", "admin"):
        came = scene.says("stranger", f"/dangky {wish}")
        told = "\n".join(text for texts in came.told.values() for text in texts)
        assert "quản trị" not in told
        assert "thành viên" not in told
