"""Directives as pictures: a page scanned or photographed, read by recognition where that is
installed."""

import io
from dataclasses import replace
from typing import Any

from intake.errors import IntakeError
from intake.layout import page_parts, paragraphs
from intake.ocr import INSTALL, MARKED, doubts, installed, recognised
from intake.paper import PLAIN, Options, Paper, paper
from intake.unruled import Unruled

# A page is taken to be as high as A4, in points.
_HEIGHT = 842.0
_MOST_PIXELS = 80_000_000
_NO_PROGRAM = (
    f"Chưa đọc được ảnh: hãy gửi tệp Word (.docx) hoặc PDF có chữ, hoặc {INSTALL} trên máy chủ."
)
_BROKEN = "Không đọc được tệp ảnh (tệp hỏng hoặc quá lớn); hãy gửi lại ảnh chụp rõ nét."
_NOTHING = "Không nhận dạng được chữ nào trong ảnh; hãy chụp thẳng, đủ sáng, hoặc gửi tệp Word."


def read_image(content: bytes, options: Options = PLAIN) -> Paper:
    """A .png or .jpg of one page; `line` is 1. Raises IntakeError, in one line."""
    if not (options.ocr and installed()):
        raise IntakeError(_NO_PROGRAM)
    seen = recognised(_picture(content), _HEIGHT)
    parts = page_parts(1, seen.glyphs, seen.flat, seen.upright, Unruled())
    if not parts:
        raise IntakeError(_NOTHING)
    if options.progress:
        options.progress(1, 1)
    remarks = ((0, f"ảnh được {MARKED}"), *doubts({1: seen.doubtful}))
    return replace(paper(paragraphs(parts), "trang"), remarks=remarks)


def _picture(content: bytes) -> Any:
    from PIL import Image, ImageOps  # noqa: PLC0415 -- heavy, and only scans need it

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise IntakeError(_BROKEN)
            # A phone tells in its notes which way up it was held.
            return ImageOps.exif_transpose(image).convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise IntakeError(_BROKEN) from error
