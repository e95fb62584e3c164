"""What is somebody else's is answered like what does not exist, by every command that takes a
number; and whatever a button's data says, it opens nothing that its presser may not."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session

from registry import calendar_feeds
from registry.file_links import Links
from registry.tables import StoredFile
from tests.security.scene import IDS, Scene, letter

# «n» is the number: of Sở Y tế, and of nothing. Who asks is of another agency.
ASKED: dict[str, tuple[str, ...]] = {
    "duty": (
        "/xong «n» số 47/BC-SXD", "/hoantac «n»", "/vuong «n» thiếu người", "/giahan «n» 30/11 chờ",
        "/tep «n»", "/visao «n»", "/caidat hoãn «n» 10/9", "xong «n»", "đã nhận «n»",
        "vướng «n» thiếu người", "giahan «n»", "hoàn tác «n»", "«n» không phải việc của đơn vị tôi",
        "vì sao «n»", "vẫn vướng việc «n»", "xong «n», «n»",
    ),
    "done": (
        "/xong «n»", "/hoantac «n»", "/tep «n»", "/visao «n»", "đã nhận «n»", "/giahan «n» 1/12",
    ),
    "submitted": ("/hoantac «n»", "/tep «n»", "/visao «n»"),
    "obstacle": ("vẫn vướng VM«n»", "còn vướng vm «n» thiếu người"),
    "answered": ("vẫn vướng VM«n»", "/vuong trả lời VM«n»: xong"),
    "handover": ("/bangiao hủy «n»",),
    "extension": ("/duyet «n»", "duyệt «n»", "từ chối «n»"),
    "review": ("/nhap «n»",),
    "ranking": ("/xephang hủy «n»",),
}  # fmt: skip
PRESSED: dict[str, tuple[str, ...]] = {
    "duty": ("d1:«n»:done", "d1:«n»:ack", "d1:«n»:stuck", "d1:«n»:more", "d1:«n»:undo"),
    "extension": ("r1:«n»:yes", "r1:«n»:no"),
    "obstacle": ("s1:«n»:take",),
    "submitted": ("s1:«n»:accept", "s1:«n»:return"),
    "review": ("v1:«n»:next",),
}
CASES = [(kind, text) for kind, texts in ASKED.items() for text in texts]
BUTTONS = [(kind, text) for kind, texts in PRESSED.items() for text in texts]


def alike(scene: Scene, kind: str, text: str, says: str) -> None:
    here, nowhere = scene.words[kind], scene.words["none"]
    act = scene.says if says == "says" else scene.presses
    one = act("other", text.replace("«n»", here))
    none = act("other", text.replace("«n»", nowhere))
    number = re.compile(rf"(?<!\d)(?:{here}|{nowhere})(?!\d)")
    assert number.sub("N", one.answer) == number.sub("N", none.answer)
    assert one.told.keys() == none.told.keys()
    assert one.changed == none.changed
    assert one.written == none.written


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_a_strange_number_is_no_number(scene: Scene, kind: str, text: str) -> None:
    alike(scene, kind, text, "says")


@pytest.mark.parametrize(("kind", "action"), BUTTONS)
def test_a_strange_button_is_no_button(scene: Scene, kind: str, action: str) -> None:
    alike(scene, kind, action, "presses")


def test_one_strange_number_among_ones_own_stops_all(scene: Scene) -> None:
    own = scene.stage.number("Sở Xây dựng", "Báo cáo kết quả")
    came = scene.says("other", f"xong {own} và {scene.words['duty']}")
    assert not came.changed
    assert scene.words["duty"] in came.answer


@pytest.mark.parametrize("number", ["duty", "none"])
def test_a_number_given_to_a_question_of_ones_own(scene: Scene, number: str) -> None:
    """ "Which duty?" is answered with one that was not offered."""
    me = IDS["other"]
    for ask in ("vướng", "giahan"):
        came = scene.tries([letter(me, ask), letter(me, scene.words[number])])
        assert not came[-1].changed
        assert "Kết nối bệnh án" not in came[-1].answer


@pytest.mark.parametrize("who", ["stranger", "focal", "staff"])
@pytest.mark.parametrize(
    "action",
    ["", "d1", "d1:", "d1:109", "d1:109:done:more", "d1:99999999999:done", "d1:-1:done",
     "d1:109:DONE", "d2:109:done", "d1:109:done\n", "d1:109:done\x00", " d1:109:done", "x" * 65536,
     "r1:1:maybe", "r1:999999999:yes", "s1:1:nothing", "s1:999999999:take", "s1:" + "a" * 61,
     "s1:a2_a2_zz", "s1:p0000-Q9", "s1:p0000", "s1:p9999-Q4_fo", "s1:p9999", "s1:n9999",
     "s1:a999999999_fo", "s1:d999999999", "s1:m999999999_fo!", "s1:sMMMMMMMM", "v1:1:nothing",
     "v1:999999999:next", "../../etc/passwd", '{"a":1}', "\ud800", "'; DROP TABLE duty; --",
     "d1:109:done" + "\u202e"],
)  # fmt: skip
def test_forged_data_does_nothing(scene: Scene, who: str, action: str) -> None:
    came = scene.presses(who, action)
    assert not came.changed
    assert came.answer
    assert not came.told.keys() - {IDS[who]}


# -- directives, their parts, and figures ---------------------------------------------------------


@pytest.mark.parametrize("who", ["leader", "member"])
def test_a_directive_of_others_is_not_there(scene: Scene, who: str) -> None:
    def asked(text: str) -> str:
        return scene.says(who, text).answer

    assert "88/KH" in scene.says("staff", "/status 88/KH-UBND").answer
    for one, none in (("88/KH-UBND", "97/QĐ-STC"), ("#2", "#7")):
        for more in ("", " mục VII"):
            there, nowhere = asked(f"/status {one}{more}"), asked(f"/status {none}{more}")
            assert there.replace(one, "N") == nowhere.replace(none, "N")
    assert "88" not in asked("/status 87/KH-UBND"), "what is like it is proposed"
    assert "VIỆC RIÊNG" not in asked("/status mục IX")
    assert asked("/status mục VII").replace("vii", "N") == asked("/status mục IX").replace(
        "ix", "N"
    )


@pytest.mark.parametrize("who", ["leader", "member"])
@pytest.mark.parametrize(
    ("one", "none"), [("d2", "d7"), ("d2_fu", "d7_fu"), ("a3_fu", "a77_fu"), ("g2", "g77")]
)
def test_a_button_for_others_figures_is_none(scene: Scene, who: str, one: str, none: str) -> None:
    there, nowhere = (scene.presses(who, f"s1:{token}") for token in (one, none))
    assert there == nowhere


# -- links ----------------------------------------------------------------------------------------


def test_a_link_to_another_file_cannot_be_made_from_ones_own(scene: Scene) -> None:
    app = scene.app
    links = Links(b"k" * 32, "https://dondoc.example")
    row = app.db.read_now(_file)
    url = links.url(row, app.clock())
    token = url.split("/tep/")[1].split("/")[0]
    assert app.db.read_now(links.find, token, app.clock()) is not None
    other = Links(b"l" * 32, "https://dondoc.example")
    assert app.db.read_now(other.find, token, app.clock()) is None
    late = app.clock() + timedelta(days=8)
    assert app.db.read_now(links.find, token, late) is None


def _file(session: Session) -> StoredFile:
    return session.get_one(StoredFile, 1)


def test_a_calendar_is_found_by_its_whole_token_only(scene: Scene) -> None:
    token = scene.words["token"]
    for wrong in (token[:-1], token + "A", token.swapcase(), "", "%", "_" * len(token)):
        assert scene.app.db.read_now(calendar_feeds.find, wrong) is None
    assert scene.app.db.read_now(calendar_feeds.find, token) is not None
