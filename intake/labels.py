"""Lines that only say who, with whom, by when: "Đơn vị chủ trì: Sở A", "Thời gian: Quý II"."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from intake.actors import Scanner, Text
from intake.columns import TASK_COLUMNS, read_header
from intake.due_phrases import due_in
from intake.flat import flat
from intake.outline import Node, is_bullet, under
from intake.subjects import names_of
from intake.task_rows import TaskRow
from intake.wording import deliverable, title

_LABEL = re.compile(r"(?:^|[;.]\s+)[-+*\s]*(?P<label>[^\W\d][^:;.()]{3,60}?)\s*:\s*")
_BRACKETED = re.compile(r"\(([^()]*\bchủ trì\s*:[^()]*)\)", re.IGNORECASE)
_LABEL_WORDS = re.compile(
    r"(?:co quan|don vi|to chuc|ca nhan|bo phan|chu tri|phoi hop|thoi (?:gian|han)|tien do"
    r"|han|san pham|ket qua|dau ra|lanh dao|phan cong|trach nhiem)\b"
)


class Labels:
    """ "Đơn vị chủ trì: Sở A", "Thời gian: Quý II" under the text of a task."""

    def __init__(self, scanner: Scanner, reference: date) -> None:
        self._scanner = scanner
        self._reference = reference

    def rows(self, body: Sequence[Node]) -> tuple[dict[int, list[TaskRow]], set[int]]:
        """Tasks by the paragraph they stand at, and the paragraphs that are used up."""
        found: dict[int, list[TaskRow]] = {}
        used: set[int] = set()
        held: list[Node] = []
        place = 0
        while place < len(body):
            node = body[place]
            labels = self.labels(node.text)
            inline = None if labels or node.context else self._inline(node)
            if inline is not None:
                found[node.number], held = [inline], []
                used.add(node.number)
                place += 1
                continue
            if not labels:
                starts = node.marker is not None and not is_bullet(node)
                held = [*held, node] if held and not starts and under(node, held[0]) else [node]
                place += 1
                continue
            facts: dict[str, str] = {}
            first = place
            while place < len(body) and (labels := self.labels(body[place].text)):
                if facts and set(labels) & set(facts):
                    break
                facts |= labels
                place += 1
            if "lead" in facts and held and not held[0].context:
                found[held[0].number] = [self._row(held, facts)]
                used |= {one.number for one in (*held, *body[first:place])}
            held = held[:1] if held and is_bullet(body[first]) and len(held) > 1 else []
        return found, used

    def _inline(self, node: Node) -> TaskRow | None:
        """ "Tổ chức hội thảo (chủ trì: Sở A; phối hợp: Sở B; thời gian: tháng 8)"."""
        found = _BRACKETED.search(node.text)
        facts = self.labels(found[1]) if found else {}
        if found is None or "lead" not in facts:
            return None
        text = f"{node.text[: found.start()].rstrip()}{node.text[found.end() :]}"
        return replace(self._row([replace(node, text=text)], facts), source=node.text)

    def labels(self, text: str) -> dict[str, str]:
        """What a line says by labels; {} for any other line."""
        found = list(_LABEL.finditer(text))
        if not found or found[0].start() > 0:
            return {}
        facts: dict[str, str] = {}
        for label, following in zip(found, [*found[1:], None], strict=True):
            fields = self._field(label["label"])
            if not fields:
                if label is found[0]:
                    return {}
                continue
            end = following.start() if following else len(text)
            facts.setdefault(fields, text[label.end() : end].strip(" .;"))
        return facts

    def _field(self, label: str) -> str:
        if not _LABEL_WORDS.match(flat(label)) or len(label.split()) > 9:
            return ""
        places = read_header([label], TASK_COLUMNS).places
        name = next(iter(places), "")
        return "" if name in {"title", "ordinal", "section"} else name

    def _row(self, held: Sequence[Node], facts: dict[str, str]) -> TaskRow:
        head, *rest = held
        several = len(rest) > 0 and not is_bullet(head)
        text = head.text if several or not rest else " ".join(one.text for one in held)
        body = " ".join(one.text for one in held)
        return TaskRow(
            line=head.line,
            section=head.section,
            ordinal=head.ordinal,
            where=head.where,
            title=title(text),
            deliverable=facts.get("deliverable", "") or deliverable(text),
            deadline=facts.get("deadline", "") or self._due(held),
            lead=self._names(facts.get("lead", "")),
            coordinate=self._names(facts.get("coordinate", "")),
            send_to=self._names(facts.get("send_to", "")),
            source=" ".join([body, *(f"{key}: {value}" for key, value in facts.items())]),
        )

    def _due(self, held: Sequence[Node]) -> str:
        found = [due for node in held if (due := due_in(node.text, self._reference))]
        return found[0].text if found else ""

    def _names(self, text: str) -> str:
        actors, end = self._scanner.actors(Text.of(text), 0)
        return (
            "; ".join(names_of(actors)) if actors and end >= len(text.rstrip(" .;")) - 2 else text
        )
