"""The tables: every command, what it is called when spoken, what each intent and question runs.

To add a command: one new file, one row here, its templates, a dialog in the tests.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.commands import (
    bang,
    bangiao,
    baocao,
    caidat,
    congvan,
    coquan,
    dangky,
    dientap,
    duyet,
    giahan,
    giao,
    hoantac,
    lich,
    lienket,
    lienlac,
    moi,
    nghiemthu,
    nhac,
    nhan,
    nhap,
    quahan,
    roitin,
    status,
    tep,
    trogiup,
    vanban,
    vangmat,
    viec,
    visao,
    vuong,
    vuongmac,
    which,
    xephang,
    xong,
)
from bot.commands.base import ANSWERING, BOUND, DESK, EVERYBODY, READING, Command
from bot.replies import Intent, Reply
from bot.talk import Talk
from registry.people import ACTING
from registry.tables import Question
from registry.types import Role


@dataclass(frozen=True, slots=True)
class Act:
    """What an answer of the grammar does, and for whom."""

    run: Callable[[Talk, Reply], None]
    roles: frozenset[Role] = ANSWERING

    def open_to(self, roles: frozenset[Role]) -> bool:
        return bool(self.roles & roles)


_ALL = (
    Command("start", dangky.start, EVERYBODY, "bắt đầu, kết nối bằng mã mời", "[mã]"),
    Command("viec", viec.run, ANSWERING | READING, "việc của cơ quan tôi", "", ("tasks",),
            ("Sở Y tế", "việc của một cơ quan")),
    Command("xong", xong.run, ANSWERING, "báo hoàn thành", "127 số 45/BC-SYT", ("done",),
            ("127 số 45/BC-SYT", "ghi nhận hoàn thành thay cơ quan")),
    Command("hoantac", hoantac.run, ANSWERING, "rút lại báo cáo xong", "[127]", ("undo",)),
    Command("vuong", vuong.run, ANSWERING, "nêu vướng mắc", "127 nội dung", ("obstacle",),
            ("[nhận 5 | trả lời 5: nội dung]", "vướng mắc chờ trả lời")),
    Command("tep", tep.run, ANSWERING | READING, "xem tệp kèm báo cáo", "127", ("files",)),
    Command("giahan", giahan.run, ANSWERING, "xin gia hạn", "127 30/12 lý do", ("extend",),
            ("127 30/12 lý do", "đề nghị gia hạn thay cơ quan")),
    Command("visao", visao.run, BOUND, "vì sao có việc này, đã nhắc ai", "127", ("why",)),
    Command("status", status.run, READING, "tình hình thực hiện",
            "[cơ quan, văn bản, mục, kỳ, quá hạn, phối hợp, hình]", ("tinhhinh",),
            ("[cơ quan, thành viên, văn bản, mục, kỳ, quá hạn, phối hợp, hình]",
             "tình hình thực hiện")),
    Command("baocao", baocao.run, DESK, "dự thảo báo cáo của kỳ", "quý 3", ("report",)),
    Command("bang", bang.run, DESK, "bảng tình hình tự cập nhật, ghim đầu trò chuyện",
            "[cơ quan, kỳ | tắt]", ("board",)),
    Command("xephang", xephang.run, ANSWERING, "ý kiến về xếp hạng trước khi công bố",
            "ý kiến: nội dung", ("ranking",),
            ("quý 3 | công bố quý 3 ngày 15/10 | hủy 2", "xếp hạng cơ quan")),
    Command("quahan", quahan.run, READING, "các việc quá hạn", "", ("overdue",)),
    Command("nhac", nhac.run, DESK, "đôn đốc ngay", "127 | Sở Y tế | quá hạn", ("urge",)),
    Command("congvan", congvan.run, DESK, "dự thảo công văn đôn đốc một cơ quan", "Sở Y tế",
            ("letter",)),
    Command("nhap", nhap.run, DESK, "nhập văn bản giao việc: gửi tệp hoặc dán nội dung",
            "[số bản soát]", ("import",)),
    Command("giao", giao.run, DESK, "giao một nhiệm vụ bằng một câu",
            "Sở Y tế báo cáo … trước 20/12", ("assign",)),
    Command("vanban", vanban.run, DESK, "các văn bản: xem, kết thúc, thay thế",
            "[12/KH-UBND]", ("directives",)),
    Command("moi", moi.run, DESK, "cấp mã mời", "Sở Y tế đầu mối", ("invite",)),
    Command("dientap", dientap.run, DESK, "diễn tập: những tin sẽ gửi", "[quý 4] [trang 2]",
            ("rehearse",)),
    Command("lienlac", lienlac.run, DESK, "cơ quan thiếu người nhận tin", "", ("contacts",)),
    Command("coquan", coquan.run, DESK, "danh sách cơ quan, sáp nhập, chia tách, đổi tên",
            "[tên cơ quan | giúp]", ("agencies",)),
    Command("nghiemthu", nghiemthu.run, DESK, "xác nhận kết quả đã báo",
            "[127 | bật 12/KH-UBND]", ("accept",)),
    Command("tralai", nghiemthu.give_back, DESK, "trả lại kết quả đã báo", "127 lý do",
            ("return",)),
    Command("duyet", duyet.run, DESK, "duyệt gia hạn, đăng ký", "[12]", ("approve",)),
    Command("caidat", caidat.run, BOUND, "giờ yên tĩnh, nhắc sớm, hẹn nhắc lại", "",
            ("settings",)),
    Command("lich", lich.run, BOUND, "lịch việc trên điện thoại, máy tính", "[tắt]",
            ("calendar",), ("[cơ quan | tắt]", "lịch việc trên điện thoại, máy tính")),
    Command("dangky", dangky.run, EVERYBODY, "đăng ký nhận tin", "mã mời | tên cơ quan",
            ("subscribe",)),
    Command("lienket", lienket.run, EVERYBODY, "nhận tin ở cả Telegram và Zalo",
            "[zalo trước | bỏ zalo]", ("link",)),
    Command("bangiao", bangiao.run, ANSWERING, "bàn giao đầu mối cho người khác",
            "[hủy]", ("handover",), ("[cơ quan | hủy 3]", "thay đầu mối của một cơ quan")),
    Command("vangmat", vangmat.run, frozenset(ACTING), "báo vắng mặt, người thay nhận tin",
            "từ 20/12 đến 27/12 | tắt", ("away",)),
    Command("huydangky", roitin.leave, EVERYBODY, "dừng nhận tin", "", ("unsubscribe", "stop")),
    Command("xoadulieu", roitin.erase, EVERYBODY, "xóa dữ liệu cá nhân", "", ("erase",)),
    Command("trogiup", trogiup.run, EVERYBODY, "cách dùng", "", ("help",)),
)  # fmt: skip

COMMANDS: dict[str, Command] = {
    name: command for command in _ALL for name in (command.name, *command.aliases)
}
TABLE = _ALL

# The same commands as people say them where there is no slash (folded text, whole message).
SPOKEN = tuple(
    (re.compile(rf"(?P<head>{pattern})(?P<rest>.*)", re.DOTALL), COMMANDS[name])
    for pattern, name in (
        (r"(?:vi ?sao|why) (?=#?\d{1,9}$)", "visao"),
        (r"(?:vi ?sao|why)$", "visao"),
        (r"(?:duyet|(?:tu choi|chap thuan)(?: het| tat ca)?)$", "duyet"),
        (r"(?:co quan|danh sach co quan)$", "coquan"),
        (
            r"co quan (?=(?:them|sap nhap|hop nhat|tach|chia|doi ten|ket thuc|giai the|giao|huy) )",
            "coquan",
        ),
        (r"(?:nhap van ban|ban soat)(?: |$)", "nhap"),
        (
            r"giao (?=viec |nhiem vu |cho |so |ubnd |cong an |van phong |ban |huyen |xa |phuong )",
            "giao",
        ),
        (r"(?:viec|viec cua toi|viec cua co quan|danh sach viec|tasks)$", "viec"),
        (r"bang tinh hinh(?: |$)", "bang"),
        (r"(?=(?:y kien|phan doi|khieu nai|khong dong y) xep hang)", "xephang"),
        (r"xep ?hang (?=(?:quy|q\d|thang|[69] thang|nam|cong bo|huy)\b)", "xephang"),
        (r"(?:qua ?han|overdue)$", "quahan"),
        (r"(?:dang ?ky|subscribe) ", "dangky"),
        (r"(?:dang ?ky|subscribe)$", "dangky"),
        (r"(?:huy ?dang ?ky|unsubscribe)$", "huydangky"),
        (r"(?:huy dang ky|dung|ngung|thoi) nhan (?:tin|tin nhan|thong bao)$", "huydangky"),
        # "bàn giao thiết bị xong" is an answer; an agency is named after /bangiao only.
        (r"ban ?giao(?: (?:dau moi|cong viec))?(?: cho (?:nguoi khac|dong nghiep))?$", "bangiao"),
        (r"dien ?tap(?: (?=(?:quy|q\d|thang|[69] thang|nam|nua nam|trang)\b)|$)", "dientap"),
        (r"(?:danh sach )?lien ?lac$", "lienlac"),
        (r"ban ?giao (?=(?:huy|hoan tac)(?: (?:so )?\d{1,9})?$)", "bangiao"),
        (r"(?:bao )?vang ?mat$", "vangmat"),
        (r"(?:bao )?vang ?mat (?=(?:tu|den|ngay|hom|mai|tat|huy|thu|cuoi|\d)\b)", "vangmat"),
        # Only what can be nothing else: "liên kết dữ liệu …" may well be a task of somebody's.
        (r"lien ?ket$", "lienket"),
        (r"lien ?ket (?=[a-z0-9]{5}-[a-z0-9]{5}$|(?=\S*\d)\S{10}$)", "lienket"),
        (
            r"lien ?ket (?=(?:(?:bo|huy|xoa|ngung) )?(?:telegram|zalo|\d{1,2})(?: \S+){0,2}$)",
            "lienket",
        ),
        # "văn bản số 45/BC-SYT" alone is the evidence of a report, not a question about one.
        (r"(?:danh sach |cac )?van ban$", "vanban"),
        (r"xem van ban ", "vanban"),
        (r"van ban (?=(?:ket thuc|mo lai|khoi phuc|tat ca)\b)", "vanban"),
        (r"van ban (?=(?:so )?\S+(?: nam \d{4})? (?:duoc )?thay(?: the)? (?:bang|boi) )", "vanban"),
        (r"xoa ?du ?lieu$", "xoadulieu"),
        (r"lich(?: cua toi| viec)?$", "lich"),
        (r"lich (?=(?:tat|dung|huy)$)", "lich"),
        (r"(?:cai ?dat|settings)(?: |$)", "caidat"),
        (r"(?:tinh ?hinh|status|trang ?thai)(?: |$)", "status"),
        (r"(?:du thao )?cong van don doc (?=\S)", "congvan"),
        (r"(?:nhac|don doc) (?=#?\d)", "nhac"),
        (r"(?:nhac|don doc) (?=(?:het|tat ca|qua han)\b(?: \S+){0,3}$)", "nhac"),
        # A few words only: somebody's obstacle may begin so as well.
        (r"(?:nhac|don doc) (?=(?:so|ubnd|cong an|huyen|xa|phuong)(?: \S+){1,7}$)", "nhac"),
        (r"(?:du thao )?bao ?cao (?=(?:quy|q\d|thang|[69] thang|nam|nua nam)\b)", "baocao"),
    )
)

INTENTS: dict[Intent, Act] = {
    "done": Act(xong.answer),
    "ack": Act(nhan.answer),
    "obstacle": Act(vuong.answer),
    "extension": Act(giahan.answer),
    "undo": Act(hoantac.answer),
    "not_mine": Act(vuong.not_mine),
    "status": Act(status.answer, BOUND),
    "help": Act(trogiup.answer, BOUND),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who reads the answer to a question (False: the text was about something else), and whose
    answer counts: a role may end between question and answer."""

    run: Callable[[Talk, Question, str], bool]
    roles: frozenset[Role] = ANSWERING

    def open_to(self, roles: frozenset[Role]) -> bool:
        return not self.roles or bool(self.roles & roles)


QUESTIONS: dict[str, Asked] = {
    "which": Asked(lambda talk, question, text: which.chosen(talk, question, text, INTENTS)),
    nhap.ASK_PASTE: Asked(nhap.pasted, DESK),
    xong.ASK_EVIDENCE: Asked(xong.more_evidence),
    vuong.ASK_OBSTACLE: Asked(vuong.text_given),
    vuongmac.ASK_ANSWER: Asked(vuongmac.answer_given, DESK),
    vuongmac.ASK_NUMBER: Asked(vuongmac.number_given, DESK),
    nghiemthu.ASK_REASON: Asked(nghiemthu.reason_given, DESK),
    tep.ASK_DUTY: Asked(tep.duty_named),
    giahan.ASK_DAY: Asked(giahan.day_given),
    coquan.ASK_CHANGE: Asked(coquan.confirmed, DESK),
    status.ASK_MORE: Asked(status.more, READING),
    roitin.ASK_ERASE: Asked(roitin.confirmed, EVERYBODY),
    vanban.ASK_CHANGE: Asked(vanban.answered, DESK),
    nhac.ASK_URGE: Asked(nhac.answered, DESK),
}

# Words that decide something, read before a pending question: (for staff only?, who reads them).
# False means that they were about something else.
DECIDING: tuple[tuple[bool, Callable[[Talk, str], bool]], ...] = (
    (True, nghiemthu.heard),
    (True, vuongmac.heard),
    (True, viec.heard),
    (False, vuongmac.again),
    (False, lienlac.heard),
)

# Buttons under messages to staff; the number is a duty's or an obstacle's, as each needs it.
DESK_ACTIONS: dict[str, Callable[[Talk, int], None]] = {
    "urge": nhac.pressed_yes,
    "spare": nhac.pressed_no,
    "accept": nghiemthu.pressed_accept,
    "return": nghiemthu.pressed_return,
    "take": vuongmac.take,
}
