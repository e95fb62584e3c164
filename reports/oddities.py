"""What is odd about a document named as proof, in words (registry/proof.py finds it)."""

from collections.abc import Mapping

from registry.proof import Flag, read_flags

WORDS: Mapping[Flag, str] = {
    Flag.FORM: "số, ký hiệu chưa đúng thể thức (ví dụ 45/BC-SYT)",
    Flag.YEAR: "năm ghi trong số văn bản chưa phù hợp",
    Flag.ISSUER: "ký hiệu cơ quan ban hành khác cơ quan được giao",
    Flag.LATE: "ngày văn bản sau hạn",
    Flag.EARLY: "ngày văn bản trước ngày văn bản giao việc",
}


def oddities(stored: str, *, without_late: bool = False) -> str:
    """ "số, ký hiệu chưa đúng thể thức (ví dụ 45/BC-SYT); ngày văn bản sau hạn"; "" for nothing."""
    flags = (each for each in read_flags(stored) if not (without_late and each is Flag.LATE))
    return "; ".join(WORDS[each] for each in flags)
