"""Several requests decided with one message."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from registry.clock import LOCAL
from registry.tables import Agency, Duty, Extension, Request
from registry.types import DutyState, RequestState
from tests.world import ConsoleMessenger, Office, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)


def owed(it: Office, agency: str) -> list[int]:
    def look(session: Session) -> list[int]:
        return list(
            session.exec(
                select(Duty.number)
                .join(Agency, col(Agency.id) == col(Duty.agency_id))
                .where(Agency.name == agency, Duty.state == DutyState.OPEN)
                .order_by(col(Duty.due_on), col(Duty.number))
                .limit(2)
            )
        )

    return it.app.db.read_now(look)


async def test_one_that_cannot_be_granted_takes_nothing_back_of_the_others(tmp_path: Path) -> None:
    made = ConsoleMessenger()
    async with office(tmp_path, [made], BEGIN) as it:
        for who, name in (("thao", "Đỗ Thị Thảo"), ("hung", "Mai Văn Hùng")):
            made.person(who, name)
        await it.bind("thao", "staff")
        await it.bind("hung", "focal", "Sở Xây dựng")
        asked = []
        for number in owed(it, "Sở Xây dựng"):
            await it.say("hung", f"giahan {number} 30/10/2026 chờ số liệu")
            asked.append(int(re.findall(r"duyệt (\d+)", "\n".join(made.heard("thao")))[-1]))

        def moved(session: Session) -> None:
            """A later directive gives the second more time than was asked for."""
            extension = session.get_one(Extension, asked[1])
            duty = session.get_one(Duty, extension.duty_id)
            duty.due_on = extension.proposed_on + timedelta(days=30)
            session.add(duty)

        it.app.db.write_now(moved)
        said = "\n".join(await it.say("thao", f"duyệt {asked[0]}, 4711 và {asked[1]}"))
        assert f"Đã duyệt đề nghị số {asked[0]}" in said
        assert "Không có đề nghị số 4711" in said
        assert "ngày gia hạn phải sau" in said
        states = it.app.db.read_now(
            lambda session: [session.get_one(Request, number).state for number in asked]
        )
        assert states == [RequestState.APPROVED, RequestState.ASKED]
        again = "\n".join(await it.say("thao", f"duyệt {asked[0]}"))
        assert "đã được duyệt" in again
