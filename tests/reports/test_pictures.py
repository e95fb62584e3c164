"""The picture by what matplotlib itself knows of it: its size, and that every word lies inside."""

import io
from datetime import date

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from reports.pictures import MOST_AGENCIES, PIECES, WIDTH, build, draw_status, pieces_of
from reports.status import AgencyRow, Counts, Status

NAMES = (
    "Sở Y tế",
    "Ban Quản lý Khu kinh tế và các khu công nghiệp tỉnh, đơn vị có tên rất dài ở đây",
    "Sở $x^2$ và <b>HĐND & UBND</b>",
    "WWWWWWWW WWWWWWWW WWWWWWWW WWWWWWWW WWWWWWWW WWWWWWWW",
)


def status(agencies: int) -> Status:
    rows = tuple(
        AgencyRow(n, f"{NAMES[n % 4]} {n}", Counts(2012, 700, n, 1312 - n, 300, 12, 5))
        for n in range(agencies)
    )
    totals = sum((row.counts for row in rows), Counts())
    return Status(date(2026, 9, 24), 10, totals, rows, (), 0, 0, tasks=21, tasks_not_started=7)


@pytest.mark.parametrize("agencies", [0, 1, 27])
def test_a_picture_is_a_phone_wide_and_not_blank(agencies: int) -> None:
    with Image.open(io.BytesIO(draw_status(status(agencies), "Ban Chỉ đạo"))) as picture:
        assert picture.width == WIDTH
        assert picture.height < 3000
        colours = picture.convert("L").getcolors(100_000) or []
    assert len(colours) > 20


@pytest.mark.parametrize("agencies", [0, 1, 20])
def test_every_word_lies_inside(agencies: int) -> None:
    figures = status(agencies)
    words = ["việc có hạn từ 01/7/2026 đến 30/9/2026", "nhiệm vụ phối hợp", "mục II (rất dài) " * 9]
    figure = build(figures, "Ban Chỉ đạo " * 12, words, figures.rows[:MOST_AGENCIES], 7)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    width, height = canvas.get_width_height()
    said = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    for text in said:
        box = text.get_window_extent(renderer)
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, (text.get_text(), box)
    assert all(text.get_fontname() == "DejaVu Sans" for text in said)


def test_parts_make_up_the_total_and_differ_without_colour() -> None:
    counts = Counts(21, 3, 2, 16, 4, 5, 7, 1)
    assert pieces_of(counts) == (3, 2, 7, 4, 5)
    assert sum(pieces_of(counts)) == counts.total
    looks = {(piece.hatch, piece.light) for piece in PIECES}
    assert len(looks) == len(PIECES)
