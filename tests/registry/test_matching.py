"""Which task of a corrected directive is which one known before."""

import pytest

from registry.matching import Side, nearness, pair

LEAD = frozenset({1})
OLD = Side("k1", "Số hóa hồ sơ khám chữa bệnh", "II", "1", LEAD, "30/6/2026")


def side(key: str, title: str, **more: object) -> Side:
    facts = {"section": "II", "ordinal": "1", "leads": LEAD, "deadline": "30/6/2026", **more}
    return Side(key, title, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "same"),
    [
        (side("k2", "Số hóa hồ sơ khám bệnh, chữa bệnh"), True),
        (side("k2", "Số hóa hồ sơ khám chữa bệnh", section="III"), True),
        (side("k2", "Số hóa hồ sơ khám chữa bệnh", deadline="31/7/2026", leads=frozenset()), True),
        (side("k2", "Đào tạo kỹ năng số cho cán bộ"), False),
        (side("k2", "Số hóa hồ sơ khám chữa bệnh", section="V", ordinal="9", leads=frozenset({2}),
              deadline="thường xuyên"), False),
    ],
)  # fmt: skip
def test_a_corrected_wording_is_the_same_task(new: Side, same: bool) -> None:
    assert bool(pair([OLD], [new])) is same


def test_another_quarter_is_another_task() -> None:
    first = side("a", "Báo cáo kết quả quý I", deadline="31/3/2026")
    second = side("b", "Báo cáo kết quả quý II", deadline="30/6/2026")
    assert nearness(first, second) is None
    assert pair([first], [second]) == {}


def test_the_deadline_within_a_title_may_be_what_was_corrected() -> None:
    first = side("a", "Gửi báo cáo trước ngày 25/12/2026", deadline="trước ngày 25/12/2026")
    second = side("b", "Gửi báo cáo trước ngày 15/12/2026", deadline="trước ngày 15/12/2026")
    assert pair([first], [second]) == {0: 0}


def test_two_equally_near_are_not_guessed_between() -> None:
    olds = [side("a", "Xây dựng kế hoạch số hóa A"), side("b", "Xây dựng kế hoạch số hóa B")]
    assert pair(olds, [side("c", "Xây dựng kế hoạch số hóa C")]) == {}


def test_the_sure_ones_leave_the_rest_clear() -> None:
    olds = [side("a", "Tập huấn cho cán bộ xã", ordinal="1"),
            side("b", "Tập huấn cho cán bộ huyện", ordinal="2")]  # fmt: skip
    news = [side("b", "Tập huấn cho cán bộ huyện", ordinal="1"),
            side("c", "Tập huấn cho cán bộ các xã", ordinal="2")]  # fmt: skip
    assert pair(olds, news) == {0: 1, 1: 0}


def test_equal_titles_are_told_apart_by_what_else_they_say() -> None:
    olds = [side("a"[:1], "Báo cáo"), side("a#2", "Báo cáo", leads=frozenset({2}))]
    assert pair(olds, [side("a", "Báo cáo", leads=frozenset({2}))]) == {0: 1}


def test_what_ended_comes_back_only_by_its_own_key() -> None:
    ended = Side("k1", OLD.title, "II", "1", LEAD, OLD.deadline, live=False)
    assert pair([ended], [side("k2", "Số hóa hồ sơ khám bệnh, chữa bệnh")]) == {}
    assert pair([ended], [side("k1", OLD.title)]) == {0: 0}


def test_a_correction_taken_back_finds_its_task() -> None:
    corrected = Side("k2", "Việc khác hẳn", "II", "1", LEAD, "x", former=frozenset({"k1"}))
    assert pair([corrected], [OLD]) == {0: 0}
