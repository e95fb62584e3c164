"""Why a file could not be read or written, in words for people: the machine says it in English."""

import errno

_WORDS = {
    errno.ENOENT: "không có tệp hoặc thư mục đó",
    errno.EACCES: "không có quyền",
    errno.EPERM: "không có quyền",
    errno.EROFS: "đĩa chỉ cho đọc",
    errno.ENOSPC: "đĩa đầy",
    errno.EDQUOT: "đã hết hạn mức đĩa",
    errno.EISDIR: "đó là thư mục",
    errno.ENOTDIR: "có phần của đường dẫn không phải là thư mục",
    errno.EEXIST: "đã có tệp trùng tên",
    errno.ENAMETOOLONG: "tên quá dài",
    errno.EMFILE: "tiến trình mở quá nhiều tệp",
    errno.EIO: "lỗi đĩa",
    errno.EADDRINUSE: "chương trình khác đang dùng cổng đó",
    errno.EADDRNOTAVAIL: "máy này không có địa chỉ đó",
}


def why(error: OSError) -> str:
    """The reason; what has no words of ours keeps the machine's."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__
