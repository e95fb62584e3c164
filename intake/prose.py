"""Finds the duties that the prose of a directive orders: who, with whom, what, by when.

A duty needs a subject: an agency that a sentence begins with or is ordered by name, or the agency
that the heading above names. What has none is context, unless it names a day to be kept.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from deadlines import read
from intake.actors import Scanner, Text, is_deputy, verb_at
from intake.due_phrases import DATED, Due, due_in
from intake.flat import CAPITALS, flat
from intake.labels import Labels
from intake.outline import Node, is_bullet, is_context, shorter
from intake.problems import Problem
from intake.sentences import Piece, sentences
from intake.subjects import ORDER, Subject, Subjects, marked_leads, names_of
from intake.task_rows import TaskRow
from intake.wording import coordinating, deliverable, directed, receiving, title

_CLOSING = re.compile(
    r"(?:tren day la|(?:tiep tuc )?thong bao (?:ket luan|y kien|noi dung|den|de"
    r"|cho)\b[^;]{0,400}\b(?:biet|thuc hien)"
    r"|(?:.{0,400}\b)?chiu trach nhiem thi hanh|can cu (?:quyet dinh|ke hoach|cong dien"
    r"|chi thi) (?:nay )?(?:thi hanh|thuc hien)\W*$"
    r"|.{0,60}\bco hieu luc (?:ke )?tu|(?:trong qua trinh .{0,120})?(?:neu"
    r"|truong hop) (?:co )?(?:phat sinh|vuong mac|kho khan)"
    r"|(?:trong qua trinh (?:trien khai|thuc hien|to chuc).{0,60}(?:kho khan|vuong mac))"
    r"|ghi nhan|bieu duong|hoan nghenh|danh gia cao|(?:co ban )?(?:thong nhat"
    r"|nhat tri) (?:voi|ve|chu truong|noi dung)|dong y (?:voi|chu truong|ve)"
    r"|thong tin (?:chi tiet|lien he)|(?:chi tiet,? )?(?:xin |vui long )?lien he\b|dau moi lien he"
    r"|cho phep|chap thuan|thi hanh (?:quyet dinh|ke hoach|chi thi|cong dien|nghi quyet) nay"
    r"|phan dau (?:den|dat|tang|co|tren|toi thieu)\b[^.;]*\d\s?%|(?:den|toi) (?:het "
    r"|cuoi )?nam \d{4}\b[^.;]*\d\s?%)"
)
# "… nếu có vướng mắc, đề nghị các đơn vị phản ánh về Bộ" offers help, it orders nothing.
_TROUBLES = re.compile(
    r"(?:de nghi|yeu cau|kinh de nghi)\b[^;]{0,120}?\b(?:phan anh|lien he|trao doi|thong tin"
    r"|kip thoi (?:bao cao|phan anh)|bao cao|gui)\b[^;]{0,160}?\b(?:huong dan|xem xet|giai quyet"
    r"|thao go|phoi hop|tong hop|xu ly)\b"
)
_NOTHING = re.compile(
    r"(?:can |phai )?(?:chi dao |khan truong |tap trung |quan tam,? |chu dong |to chuc "
    r"|nghiem tuc )*(?:trien khai |thuc hien |lam )*(?:nghiem "
    r"|tot |ngay |nghiem tuc )*(?:mot so |cac |nhung )*"
    r"(?:noi dung|nhiem vu|cong viec)(?:[^.;:]{0,40})?(?: sau| sau day)?\W*$"
    r"|(?:nghiem tuc |quan tam,? |tap trung |tiep tuc |to chuc |chu dong |khan truong "
    r"|phoi hop )*(?:trien khai|thuc hien)(?:,? (?:trien khai|thuc hien))?"
    r"(?: nghiem tuc| tot| nghiem)?(?: (?:ke hoach|thong bao|chi thi|cong dien|quyet dinh"
    r"|van ban) nay)?\W*$"
    # "Ban Thường vụ xây dựng kế hoạch như sau:" opens the directive itself.
    r"|(?:xay dung|ban hanh|de ra) (?:ke hoach|chuong trinh|chi thi|huong dan|phuong an)"
    r"[^.;:]{0,160}\b(?:nhu sau|sau(?: day)?)\W*$"
)
# What tells how things are, under a heading that names an agency.
_TOLD = re.compile(
    r"\b(?:đã|đang|sẽ|đạt|chưa|vẫn|còn (?:chậm|nhiều|thiếu|hạn chế))\b", re.IGNORECASE
)
# A day told before who is ordered: "Trước ngày 15/3, giao Sở A …".
_WHEN = re.compile(r"(?:trong|truoc|cham nhat|dinh ky|hang|tu|den|muon nhat|sau)\b")
# "Kết quả thực hiện gửi về Sở A trước ngày …": orders without a verb of duty.
_DELIVERY = re.compile(
    r"(?:bao cao|ket qua|van ban|danh sach|ho so|so lieu|y kien|noi dung|phieu|du thao"
    r"|de xuat)\b[^;.]{0,160}?\b(?:gui|nop|bao cao) "
)
_OF = re.compile(
    r"(?:trach nhiem|nhiem vu|phan cong nhiem vu|to chuc thuc hien|doi voi|ve phia"
    r"|nhiem vu cu the)(?: (?:cua|cho|doi voi|tai))?\s*:?\s+"
)
_END = re.compile(r"noi nhan\s*:?\s*$|noi nhan\s*:")
_CLOSED = re.compile(r"(?:\./\.?|[.;])\s*noi nhan\b\s*(?::|$)")
_SIGNED = re.compile(rf"(?:TM|KT|TL|TUQ|Q)\.\s+[{CAPITALS} ]+")
_OPENS = re.compile(r":\s*$|(?:sau|sau day)\s*[:.]?\s*$")
# A heading is no longer; and the words that make the day in it one to be kept.
_HEADING = 200
_KEPT = re.compile(
    r"(?:(?:phai )?(?:hoan thanh|xong)|truoc|cham nhat|muon nhat|trong|den|tu|han|thoi han)\b"
)
# What may open a second thing to do behind a day.
_AFTER_A_DAY = re.compile(r"(?<=\d)(?:\s*,)?\s+(?:(?:va|dong thoi|sau do|roi),?\s+)*(?=[^\W\d_])")
# The span that a stage takes, in brackets behind its name.
_SPAN = re.compile(r"\((?:thời gian:\s*)?(từ [^()]*\bđến [^()]*)\)", re.IGNORECASE)
# Kinds that give way to a day named beside them.
_WEAK = frozenset({"ongoing", "per_plan", "event", "year"})


@dataclass(frozen=True)
class Unit:
    """Pieces of one paragraph that one subject owes, from its sentence `sentence` to `until`."""

    leads: tuple[str, ...]
    texts: tuple[str, ...]
    coordinates: tuple[str, ...] = ()
    own: bool = False
    ordered: bool = False
    sentence: int = 0
    until: int = 0


@dataclass
class _Scope:
    """What a heading hands down: who, with whom, by when."""

    leads: tuple[str, ...] = ()
    coordinates: tuple[str, ...] = ()
    deadline: str = ""


class Prose:
    """Reads the paragraphs of one directive. `issuer`: names under which its issuer speaks;
    `recipients`: whom a letter is addressed to; `reference`: as for deadlines; `orders_from`: the
    line from which on sentences order even without numbers (behind a table of tasks)."""

    def __init__(
        self,
        scanner: Scanner,
        reference: date,
        issuer: frozenset[str] = frozenset(),
        recipients: tuple[str, ...] = (),
        orders_from: int | None = None,
    ) -> None:
        self.scanner = scanner
        self._orders_from = math.inf if orders_from is None else orders_from
        self.reference = reference
        self._subjects = Subjects(scanner, issuer, recipients)
        self._scopes: dict[int, _Scope] = {}
        # Whom an unnumbered sentence orders that ends in ":" ("yêu cầu Sở A thực hiện:").
        self._ordered_below: tuple[str, ...] = ()
        self.notes: list[Problem] = []
        self._labels = Labels(scanner, reference)

    def rows(self, nodes: Sequence[Node]) -> list[TaskRow]:
        """The duties of the paragraphs, in their order."""
        body = _body(nodes)
        labelled, used = self._labels.rows(body)
        parents = {one.number for node in body for one in node.parents}
        found: list[TaskRow] = []
        for node, before in zip(body, [None, *body], strict=False):
            if node.number in used:
                found += labelled.get(node.number, [])
                continue
            if self._adds_to(found, node, before):
                continue
            self._subjects.ordering |= node.marker is not None or node.line >= self._orders_from
            if node.context:
                found += self._in_context(node)
            else:
                found += self._node(node, opens=node.number in parents)
        return found

    def _adds_to(self, found: list[TaskRow], node: Node, before: Node | None) -> bool:
        """Whether a line only gives the tasks of the one above their day ("Thời hạn hoàn thành:
        31/12/2026.")."""
        if before is None or node.context or (node.marker is not None and not is_bullet(node)):
            return False
        waiting = [at for at, row in enumerate(found)
                   if row.line == before.line and not row.deadline]  # fmt: skip
        facts = self._labels.labels(node.text) if waiting else {}
        if set(facts) != {"deadline"}:
            return False
        for at in waiting:
            row = found[at]
            source = f"{row.source} {node.text}"
            found[at] = replace(row, deadline=facts["deadline"], source=source)
        return True

    def _in_context(self, node: Node) -> list[TaskRow]:
        """The orders under a heading that announces none ("Yêu cầu", "Tồn tại, hạn chế"): somebody
        named is told to, or has a day to keep. What is less than that is set aside, and told."""
        above = self._above(node)
        heading = self._heading(node, above)
        if heading is not None:
            self._scopes[node.number] = heading
            return []
        found: list[TaskRow] = []
        for unit in self._units(node, above):
            for row in self._tasks(node, unit, above):
                if _told(row.title):
                    continue
                if unit.leads and (unit.ordered or row.deadline):
                    found.append(row)
                else:
                    self.notes.append(_set_aside(node, row))
        return found

    def _node(self, node: Node, *, opens: bool) -> list[TaskRow]:
        above = self._above(node)
        heading = self._heading(node, above)
        if heading is not None:
            self._scopes[node.number] = heading
            return []
        units = self._units(node, above)
        if opens and not any(unit.own for unit in units):
            dated = self._dated(node, above)
            if dated is not None:
                self._scopes[node.number] = dated
                return []
        if units and units[-1].leads and node.marker is None and _OPENS.search(flat(node.text)):
            self._ordered_below = units[-1].leads
        opener = opens and _OPENS.search(flat(node.text)) is not None
        if opener and units:
            self._open(node, units[-1], above)
            units = units[:-1]
        elif units and all(unit.own and unit.leads == units[0].leads for unit in units):
            self._scopes[node.number] = _Scope(units[0].leads)
        return [row for unit in units for row in self._tasks(node, unit, above)]

    def _above(self, node: Node) -> _Scope:
        for parent in reversed(node.path):
            if parent.number in self._scopes:
                return self._scopes[parent.number]
        lone = is_bullet(node) and len(node.path) == 1
        if node.marker and (lone or self._subjects.recipients):
            return _Scope(self._ordered_below)
        return _Scope()

    def _heading(self, node: Node, above: _Scope) -> _Scope | None:
        """What a paragraph hands down that only names agencies ("3. Sở Y tế:")."""
        line = Text.of(node.text)
        start = 0
        for pattern in (_OF, ORDER):
            opened = pattern.match(line.flat)
            if opened:
                start = opened.end()
        actors, end = self.scanner.actors(line, start)
        if not actors or not re.fullmatch(r"[\s:.;,]*(?:\([^()]*\))?[\s:.;,]*", line.text[end:]):
            return None
        if not node.marker and not line.text.rstrip().endswith(":"):
            return None
        return _Scope(names_of(actors), (), above.deadline)

    def _dated(self, node: Node, above: _Scope) -> _Scope | None:
        """What a heading hands down that names nobody but a day ("II. Nhiệm vụ hoàn thành trước
        ngày 31/5/2026")."""
        text = node.text.strip()
        if (
            node.marker is None
            or is_bullet(node)
            or len(text) > _HEADING
            or text.endswith((".", ";"))
        ):
            return None
        due = due_in(text, self.reference)
        if due is not None and (_KEPT.match(flat(due.text)) or due.kind == "ongoing"):
            return _Scope(above.leads, above.coordinates, due.text)
        span = _SPAN.search(text)
        read_as = read(span[1], self.reference) if span else None
        if span is None or read_as is None or read_as.kind not in DATED:
            return None
        return _Scope(above.leads, above.coordinates, span[1])

    def _open(self, node: Node, unit: Unit, above: _Scope) -> None:
        text = " ".join(unit.texts)
        due = due_in(text, self.reference)
        self._scopes[node.number] = _Scope(
            unit.leads, unit.coordinates, due.text if due else above.deadline
        )

    def _units(self, node: Node, above: _Scope) -> list[Unit]:
        units: list[Unit] = []
        pending: tuple[str, ...] = ()
        closed = since = -1
        for piece in self._subjects.pieces(node.text):
            for part in self._parted(piece):
                subject = self._subjects.find(
                    part.line,
                    inherited=bool(above.leads),
                    opening=part.sentence == 0 and node.marker is not None,
                )
                closed = part.sentence if _CLOSING.match(part.line.flat) else closed
                offered = _TROUBLES.match(part.line.flat) is not None
                if part.sentence == closed and (offered or not (subject and subject.ordered)):
                    continue
                if subject is not None and subject.pending:
                    pending, since = names_of(subject.actors), part.sentence
                elif subject is not None:
                    units.append(self._unit(part, _with_before(units, part, subject)))
                    pending = ()
                elif pending:
                    text, until = part.line.text, part.sentence
                    units.append(Unit(pending, (text,), own=True, sentence=since, until=until))
                    pending = ()
                else:
                    self._go_on(units, part, above)
        return units

    def _parted(self, piece: Piece) -> Iterator[Piece]:
        """A piece that orders twice in two, also where one agency has two things to do, each with
        a day of its own ("… trước ngày 20/11, đồng thời trình … trước ngày 05/12")."""
        for part in self._subjects.parted(piece):
            line, start = part.line, 0
            for found in _AFTER_A_DAY.finditer(line.flat):
                before, behind = line.text[start : found.start()], line.text[found.end() :]
                new = verb_at(Text.of(behind), 0) and self._ordered_by(behind)
                if new and self._ordered_by(before):
                    yield replace(part, line=Text.of(before))
                    start = found.end()
            yield replace(part, line=Text.of(line.text[start:])) if start else part

    def _ordered_by(self, text: str) -> bool:
        due = due_in(text, self.reference)
        return due is not None and due.hard and due.kind not in _WEAK

    def _go_on(self, units: list[Unit], piece: Piece, above: _Scope) -> None:
        """A piece without a subject belongs to the one before it, or to the heading's agencies;
        where nobody is named, each sentence stands for itself."""
        text = piece.line.text
        last = units[-1] if units else None
        if last is not None and (last.leads or last.sentence == piece.sentence):
            units[-1] = replace(last, texts=(*last.texts, text), until=piece.sentence)
            return
        end, coordinates = self._subjects.together(piece.line, 0) if above.leads else (0, ())
        rest = text[end:].lstrip(" ,:")
        at = piece.sentence
        units.append(Unit(above.leads, (rest,), coordinates, sentence=at, until=at))

    def _unit(self, piece: Piece, subject: Subject) -> Unit:
        line = piece.line
        end, coordinates = self._subjects.together(line, subject.end)
        text = line.text[end:].lstrip(" ,:")
        before = line.text[: subject.start].strip(" ,:")
        if subject.lead_in:
            text = f"{subject.lead_in}: {text}"
        elif (
            before
            and _WHEN.match(flat(before))
            and due_in(before, self.reference)
            and not due_in(text, self.reference)
        ):
            text = f"{before}: {text}"
        leads, helping = marked_leads(line, subject.actors)
        at = piece.sentence
        return Unit(
            leads, (text,), (*helping, *coordinates), own=True, ordered=subject.ordered,
            sentence=at, until=at,
        )  # fmt: skip

    def _tasks(self, node: Node, unit: Unit, above: _Scope) -> list[TaskRow]:
        found: list[TaskRow] = []
        for count, (texts, due) in enumerate(self._by_deadline(unit)):
            whole = " ".join(texts)
            if not whole.strip(" .;:,-"):
                continue
            if _CLOSING.match(flat(whole)) or _NOTHING.match(flat(whole)):
                continue
            delivered = _DELIVERY.match(flat(whole)) is not None
            orders = unit.own or delivered or self._subjects.predicate(Text.of(whole), 0)
            orders = orders or (bool(unit.leads) and due is not None and due.hard)
            orders = orders or self._under_name(node, unit, whole)
            dated = (due is not None and due.hard) or (
                bool(above.deadline) and bool(self._subjects.recipients)
            )
            if orders and (unit.leads or dated):
                # Whoever helps with the first of several duties helps with that one.
                one = replace(unit, coordinates=()) if count else unit
                found.append(self._row(node, one, above, whole, due))
        return found

    def _under_name(self, node: Node, unit: Unit, text: str) -> bool:
        """Whether an item below "3. Sở Y tế:" is owed although it begins with no verb known."""
        item = node.marker is not None and unit.sentence == 0
        return item and not unit.own and bool(unit.leads) and not _TOLD.search(text[:160])

    def _by_deadline(self, unit: Unit) -> list[tuple[list[str], Due | None]]:
        """The unit's pieces, parted where a second day begins."""
        groups: list[tuple[list[str], Due | None]] = []
        for text in unit.texts:
            due = due_in(text, self.reference)
            if groups and due and due.kind == "ongoing":
                due = None
            if groups and (due is None or groups[-1][1] is None or _weak(groups[-1][1], due)):
                texts, before = groups[-1]
                groups[-1] = ([*texts, text], _stronger(before, due))
            else:
                groups.append(([text], due))
        return groups

    def _row(self, node: Node, unit: Unit, above: _Scope, text: str, due: Due | None) -> TaskRow:
        line = Text.of(text)
        leads = unit.leads or self._subjects.recipients
        if not unit.own and node.marker is None and _DELIVERY.match(line.flat):
            # Behind the last item a letter says where the answers of all go.
            leads = self._subjects.recipients or leads
        coordinates = [*(unit.coordinates or ()), *coordinating(self.scanner, line)]
        if leads and all(is_deputy(one) for one in leads):
            coordinates += directed(self.scanner, line)
        if not unit.own:
            coordinates = [*above.coordinates, *coordinates]
        return TaskRow(
            line=node.line,
            section=node.section,
            ordinal=node.ordinal,
            where=node.where,
            title=title(text),
            deliverable=deliverable(text),
            deadline=due.text if due else above.deadline,
            lead="; ".join(leads),
            coordinate="; ".join(one for one in dict.fromkeys(coordinates) if one not in leads),
            send_to="; ".join(receiving(self.scanner, line)),
            source=sentences(node.text, unit.sentence, unit.until),
        )


def _told(text: str) -> bool:
    """Whether a sentence says how things are, or what share is aimed at."""
    return _TOLD.search(text[:160]) is not None or "%" in text


def _set_aside(node: Node, row: TaskRow) -> Problem:
    heading = next(one for one in reversed(node.path) if is_context(one))
    message = (
        f"“{shorter(row.lead or row.title)}” có việc nêu ở mục “{shorter(heading.text)}”, "
        "không nhận là nhiệm vụ; nếu phải làm thì thêm bằng /giao"
    )
    return Problem(node.line, message, blocking=False)


def _weak(before: Due, due: Due) -> bool:
    """Whether two deadlines in a row are one: one of them has no day of its own."""
    return before.kind in _WEAK or due.kind in _WEAK


def _stronger(before: Due | None, due: Due | None) -> Due | None:
    if before is None or due is None:
        return before or due
    return due if before.kind in _WEAK else before


def _with_before(units: list[Unit], piece: Piece, subject: Subject) -> Subject:
    """A lead-in that ";" parted ("Đối với dự án A; dự án B, Sở C chủ trì …") is whole again."""
    last = units[-1] if units else None
    if not subject.lead_in or last is None or last.leads or last.sentence != piece.sentence:
        return subject
    units.pop()
    return replace(subject, lead_in=" ".join([*last.texts, subject.lead_in]))


def _body(nodes: Sequence[Node]) -> list[Node]:
    """From the head to "Nơi nhận" or the signature."""
    for place, node in enumerate(nodes):
        closed = _CLOSED.search(flat(node.text))
        if closed:
            # A printed foot may stand in one line with the last sentence.
            return [*nodes[:place], replace(node, text=node.text[: closed.start() + 1])]
        if _END.match(flat(node.text)) or (_SIGNED.fullmatch(node.text) and place > 5):
            return list(nodes[:place])
    return list(nodes)
