"""Whole conversations, kept as data: one TOML file a flow, played on every messenger.

A file: `title`; `begin` (local time); `drafts` (whether draft reports come by themselves; `rounds`:
whether briefs and the monthly question do);
`needs` (what a messenger must offer: "groups", "events",
"edits", "documents"; it is skipped elsewhere); `cast` (who -> name, and role and agency for
people bound before the first step); `groups` (which -> title); `duties` (a word -> agency and
title words of the duty it stands for); `plans` (a number -> a file of `data/` that comes in
first); `step`s. In texts and patterns «word» stands for what is known by it: a duty's number,
something kept, «name:who», «address:who».

A step, in this order:
  at          let time run to this local time; what comes on the way belongs to the step
  invite      {role, agency, minutes, as}: a code made at the desk, known by the word `as`
  who, says   somebody writes (`in` a group; `reply_to`: answering the bot's message that matches)
  big         says it so many times over
  presses     instead, presses a button; `says` is said where there are none
  sends       instead, sends a file: {name, and its `text` or `file` (in tests/dialogs/data)};
              {name, back = true}: what they were sent last; `says` is its caption. Zalo hands on
              pictures only: a dialog with other files `needs` "documents"
  does        instead, "blocks", "unblocks", "kicks", "migrates", "sticker"
Expectations, as regular expressions over the new messages:
  expect      each found in what comes back where the person wrote; an answer is required
  forbids     none found in anything anybody hears
  silent      nothing comes back
  told        who -> pattern: what others hear. Nobody else hears anything, if somebody acts
  counts      who -> how many messages
  files       who -> pattern of the name of a file that came to them, however it was carried
  edited      who -> pattern in a rewritten message, where messages can be rewritten
  keep        word -> pattern whose first group is remembered
  open, done  duties (by word) that are in that state now; due: word -> its day
  gone        texts that are nowhere in the database, nor in its files
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.clock import LOCAL
from tests.world import MESSENGERS, Office, office

HERE = Path(__file__).resolve().parent
FILES = sorted(HERE.glob("*.toml"))
STEP_KEYS = frozenset(
    {"at", "invite", "who", "says", "in", "reply_to", "big", "presses", "does", "expect",
     "sends", "files", "forbids", "silent", "told", "counts", "edited", "keep", "open", "done",
     "due", "gone"}
)  # fmt: skip
FILE_KEYS = frozenset(
    {"title", "begin", "needs", "cast", "groups", "duties", "plans", "drafts", "rounds", "step"}
)
# Stops and commas that a template and what it holds have both set, and gaps for what was left out.
UNTIDY = re.compile(
    r"(?<!\.)\.\.(?!\.)|[,;:…]\.|\.\)\.|\.[,;]|\( | \)| [,;.](?=\s|$)|“”|\(\)|\bNone\b"
)
# What people write there is not tidy, and is said again.
WILD = frozenset({"nonsense"})
Step = dict[str, Any]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.MULTILINE | re.DOTALL) is not None


@dataclass
class Play:
    """One dialog on one messenger."""

    stage: Office
    words: dict[str, str]
    chats: list[str]
    tidy: bool = True

    def fill(self, text: str) -> str:
        def word(match: re.Match[str]) -> str:
            return self.words[match[1]]

        return re.sub(r"«([^»]+)»", word, text)

    def pattern(self, text: str) -> str:
        return re.sub(r"«([^»]+)»", lambda match: re.escape(self.words[match[1]]), text)

    def heard(self) -> dict[str, list[str]]:
        return {chat: self.stage.messenger.heard(chat) for chat in self.chats}

    async def step(self, step: Step) -> None:
        unknown = set(step) - STEP_KEYS
        assert not unknown, f"unknown keys {unknown}"
        before = self.heard()
        edits = {chat: len(self.stage.messenger.edited(chat)) for chat in self.chats}
        files = {who: len(self.stage.messenger.files(who)) for who in step.get("files", {})}
        if "at" in step:
            await self.stage.until(at_local(step["at"]))
        if "who" in step and "at" in step and "told" not in step:
            before = self.heard()
        if "invite" in step:
            self._invite(dict(step["invite"]))
        if "who" in step:
            await self._act(step)
        self.words |= {f"address:{c}": self.stage.messenger.address(c) for c in self.chats}
        new = {chat: texts[len(before[chat]) :] for chat, texts in self.heard().items()}
        self._check_words(step, new)
        self._check_edits(step, edits)
        self._check_files(step, files)
        self._check_state(step)

    def _invite(self, order: dict[str, Any]) -> None:
        valid = timedelta(minutes=order.get("minutes", 7 * 24 * 60))
        code = self.stage.invite(order["role"], order.get("agency", ""), valid)
        self.words[order["as"]] = code

    async def _act(self, step: Step) -> None:
        messenger, who, place = self.stage.messenger, step["who"], step.get("in", "")
        if "presses" in step and "buttons" in messenger.offers:
            await messenger.press(who, self.fill(step["presses"]), place)
        elif "sends" in step:
            await self._send(who, dict(step["sends"]), self.fill(step.get("says", "")))
        elif "does" in step:
            await messenger.event(step["does"], who, place)
        else:
            reply_to = None
            if "reply_to" in step:
                reply_to = self.stage.message_id(place or who, self.pattern(step["reply_to"]))
            text = self.fill(step["says"]) * step.get("big", 1)
            await messenger.say(who, text, place, reply_to)
        await self.stage.settle()

    async def _send(self, who: str, order: dict[str, Any], caption: str) -> None:
        if order.get("back"):
            data = self.stage.messenger.files(who)[-1][1]
        elif "file" in order:
            data = (HERE / "data" / order["file"]).read_bytes()
        else:
            data = self.fill(order["text"]).encode()
        await self.stage.messenger.send_file(who, self.fill(order["name"]), data, caption)

    def _check_files(self, step: Step, before: dict[str, int]) -> None:
        for who, pattern in step.get("files", {}).items():
            names = [name for name, _ in self.stage.messenger.files(who)[before[who] :]]
            assert any(found(self.pattern(pattern), name) for name in names), f"files: {names}"

    def _check_words(self, step: Step, new: dict[str, list[str]]) -> None:
        told = step.get("told", {})
        here = step.get("in") or step.get("who")
        for who, patterns in told.items():
            text = "\n\n".join(new[who])
            for each in as_list(patterns):
                assert found(self.pattern(each), text), f"{who} did not hear {each!r}: {text!r}"
        for who, count in step.get("counts", {}).items():
            assert len(new[who]) == count, f"{who} heard {new[who]}"
        for text in (text for texts in new.values() for text in texts if self.tidy):
            assert (bad := UNTIDY.search(text)) is None, f"{bad[0]!r} in {text!r}"
        for each in as_list(step.get("forbids", [])):
            for who, texts in new.items():
                for text in texts:
                    assert not found(self.pattern(each), text), f"{who} heard {each!r}: {text!r}"
        if here is not None:
            self._check_answer(step, "\n\n".join(new[here]))
            others = {who: texts for who, texts in new.items() if texts and who != here}
            assert set(others) <= set(told), f"told besides: {others}"
        for word, pattern in step.get("keep", {}).items():
            texts = "\n\n".join(text for who in new for text in new[who])
            match = re.search(self.pattern(pattern), texts)
            assert match, f"nothing to keep by {pattern!r} in {texts!r}"
            self.words[word] = match[1]

    def _check_answer(self, step: Step, answer: str) -> None:
        if step.get("silent"):
            assert not answer, f"was to be silent: {answer!r}"
            return
        assert "does" in step or answer, "no answer came"
        for each in as_list(step.get("expect", [])):
            assert found(self.pattern(each), answer), f"no {each!r} in {answer!r}"

    def _check_edits(self, step: Step, before: dict[str, int]) -> None:
        if "edits" not in self.stage.messenger.offers:
            return
        for who, pattern in step.get("edited", {}).items():
            texts = self.stage.messenger.edited(who)[before[who] :]
            assert any(found(self.pattern(pattern), text) for text in texts), f"edits: {texts}"

    def _check_state(self, step: Step) -> None:
        for state in ("open", "done"):
            for word in as_list(step.get(state, [])):
                now = self.stage.state(int(self.words[word]))
                assert now == state, f"duty {word} is {now}, not {state}"
        for word, day in step.get("due", {}).items():
            due = self.stage.duty(int(self.words[word])).due_on
            assert due == day, f"duty {word} is due {due}"
        if "gone" in step:
            self._check_gone([self.fill(each) for each in step["gone"]])

    def _check_gone(self, texts: list[str]) -> None:
        dump = self.stage.dump()
        for text in texts:
            rows = [line[:2000] for line in dump.splitlines() if text in line]
            assert not rows, f"{text!r} is still in the database: {rows}"


def at_local(value: datetime) -> datetime:
    return value.replace(tzinfo=LOCAL)


async def open_play(stage: Office, dialog: dict[str, Any]) -> Play:
    """The cast on stage, bound where they hold a role; the duties known by their words."""
    words: dict[str, str] = {}
    for number, name in dialog.get("plans", {}).items():
        stage.bring_in(number, HERE / "data" / name)
    for word, duty in dialog.get("duties", {}).items():
        words[word] = str(stage.number(duty["agency"], duty["title"]))
    for which, title in dialog.get("groups", {}).items():
        stage.messenger.group(which, title)
    for who, person in dialog["cast"].items():
        words[f"name:{who}"] = person["name"]
        stage.messenger.person(who, person["name"])
        if "role" in person:
            await stage.bind(who, person["role"], person.get("agency", ""))
    await stage.settle()
    chats = [*dialog["cast"], *dialog.get("groups", {})]
    words |= {f"address:{chat}": stage.messenger.address(chat) for chat in chats}
    return Play(stage, words, chats)


def read_dialog(file: Path) -> dict[str, Any]:
    dialog = tomllib.loads(file.read_text("utf-8"))
    assert set(dialog) <= FILE_KEYS, set(dialog) - FILE_KEYS
    return dialog


@pytest.mark.parametrize("messenger", MESSENGERS)
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
async def test_dialog(file: Path, messenger: str, tmp_path: Path) -> None:
    dialog = read_dialog(file)
    async with MESSENGERS[messenger]() as made:
        missing = set(dialog.get("needs", [])) - made.offers
        if missing:
            pytest.skip(f"{messenger} has no {', '.join(sorted(missing))}")
        begin, drafts = at_local(dialog["begin"]), dialog.get("drafts", False)
        rounds = dialog.get("rounds", False)
        async with office(tmp_path, [made], begin, drafts=drafts, rounds=rounds) as stage:
            play = await open_play(stage, dialog)
            play.tidy = file.stem not in WILD
            for number, step in enumerate(dialog["step"], start=1):
                try:
                    await play.step(step)
                except (AssertionError, KeyError) as error:
                    said = step.get("says") or step.get("presses") or step.get("at")
                    why = str(error).split("\nassert ")[0]
                    pytest.fail(f"{file.name}, step {number} ({said!s:.80}): {why}")
