"""Scans drawn here: pages as pictures in a PDF, level, askew or on their side."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pypdfium2
from PIL import Image, ImageDraw, ImageFont

DPI = 200
FONT = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
_WIDTH, _HEIGHT = 1654, 2339
_LEFT = 110


def photographed(content: bytes) -> Any:
    """The first page of a PDF as a grey picture."""
    document = pypdfium2.PdfDocument(content)
    picture = document[0].render(scale=DPI / 72, grayscale=True).to_pil()
    document.close()
    return picture


def turned(page: Any, angle: float) -> Any:
    """A page that lies askew, or on its side."""
    smooth = Image.Resampling.BICUBIC
    return page.rotate(angle, resample=smooth, fillcolor=255, expand=abs(angle) > 45)


def as_pdf(pages: Sequence[Any]) -> bytes:
    held = io.BytesIO()
    pages[0].save(held, "PDF", save_all=True, append_images=list(pages[1:]), resolution=DPI)
    return held.getvalue()


def drawn(lines: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Any:
    """A page with some lines of text and a ruled table below them."""
    page = Image.new("L", (_WIDTH, _HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(FONT), 30)
    top = 120
    for line in lines:
        pen.text((_LEFT, top), line, font=font, fill=0)
        top += 52
    top += 20
    for row in rows:
        cells = [_wrapped(text, width, font) for text, width in zip(row, widths, strict=True)]
        height = max(len(cell) for cell in cells) * 44 + 20
        left = _LEFT
        for cell, width in zip(cells, widths, strict=True):
            pen.rectangle((left, top, left + width, top + height), outline=0, width=3)
            for at, line in enumerate(cell):
                pen.text((left + 12, top + 8 + 44 * at), line, font=font, fill=0)
            left += width
        top += height
    return page


def _wrapped(text: str, width: int, font: Any) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > width - 24 and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
