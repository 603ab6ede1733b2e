"""Each question is asked with the emulator on each side: it names that side, and so does its replay."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve, frozen

from tests.probe.conftest import EVERY_SCOPE, World, world
from tiktok_async import Limit
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.emulator import Quirks, parse_quirks, quirks_from
from tiktok_async.emulator.engine import quirks
from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe import BY_ID, QUESTIONS, Level, Question, contradictions, line_of
from tiktok_async.probe._asking import Asking
from tiktok_async.probe.rules.report import read_answers

ASKED = [question for question in QUESTIONS if question.ask is not None]
WITH_QUIRK = [(question, side) for question in ASKED if question.quirk is not None for side in question.sides]
WITHOUT_QUIRK = [(question, side) for question in ASKED if question.quirk is None for side in question.sides]
REPORTS = sorted((Path(__file__).parents[1] / "reports").glob("*.json"))

# Quirks whose other sides leave other questions without an answer.
_APART = ("posting.audited", "cursor_stands_still", "short_pages", "posting.megabyte", "refresh_lifetime_restarts")
_SHY = EVERY_SCOPE - {Scope.USER_INFO_STATS}
_DRAFTS_ALONE = EVERY_SCOPE - {Scope.VIDEO_PUBLISH}


def others(place: int) -> list[str]:
    """Return for each quirk the side number *place* of those that are not assumed."""
    found = {
        question.quirk: [side for side in question.sides if side != question.assumed][place : place + 1]
        for question in ASKED
        if question.quirk is not None and question.quirk not in _APART
    }
    return [f"{quirk}={sides[0]}" for quirk, sides in found.items() if sides]


@frozen(kw_only=True)
class Mix:
    """The quirks of one emulator, and the account that asks it."""

    quirks: list[str]
    scopes: frozenset[str] = _SHY
    level: Level = Level.POST
    limits: Mapping[Endpoint, Limit] | None = None

    async def run(self, quirks: Quirks | None = None) -> dict[str, Any]:
        about = {"scopes": self.scopes, "limits": self.limits}
        async with world(quirks or parse_quirks(self.quirks), **about) as opened:  # type: ignore[arg-type]  # by name
            return await opened.probe(self.level).run()

    def side_of(self, question: Question) -> str | None:
        given = dict(text.split("=", 1) for text in self.quirks)
        return given.get(str(question.quirk), question.assumed)


_TIGHT = {Endpoint.USER_INFO: Limit(1, timedelta(minutes=1))}
MIXES = {
    "usual": Mix(quirks=[]),
    "others": Mix(quirks=[*others(0), "posting.megabyte=decimal"]),
    "third": Mix(quirks=[*others(1), "posting.megabyte=binary", "short_pages=true", "refresh_lifetime_restarts=false"]),
    "unaudited": Mix(quirks=["posting.audited=false", "cursor_stands_still=true"], scopes=EVERY_SCOPE),
    "few options": Mix(quirks=["posting.audited=false", "posting.options_while_unaudited=self_only"]),
    "drafts": Mix(quirks=[], scopes=_DRAFTS_ALONE, level=Level.READ),
    "no drafts": Mix(quirks=["posting.creator_info_by_upload=no"], scopes=_DRAFTS_ALONE, level=Level.READ),
    "limited": Mix(quirks=[], limits=_TIGHT, level=Level.READ),
    "told when": Mix(quirks=["retry_after=yes"], limits=_TIGHT, level=Level.READ),
}
# Where a question has an answer, if not in the first mix with that side.
_WHERE = {
    ("creator_info_by_upload", "true"): "drafts",
    ("creator_info_by_upload", "false"): "no drafts",
    ("retry_after", "false"): "limited",
    ("retry_after", "true"): "told when",
    ("options_while_unaudited", "all"): "unaudited",
    ("options_while_unaudited", "self_only"): "few options",
    ("count_type", "number"): "unaudited",
}
_reports: dict[str, dict[str, Any]] = {}


async def report_of(mix: str) -> dict[str, Any]:
    """Return the report of a mix, which is made once."""
    if mix not in _reports:
        _reports[mix] = await MIXES[mix].run()
    return _reports[mix]


def sides_of(report: Mapping[str, Any]) -> dict[str, str | None]:
    return {row["question"]: row["side"] for row in report["answers"]}


@pytest.mark.parametrize(("question", "side"), WITH_QUIRK, ids=lambda value: getattr(value, "id", value or "empty"))
async def test_a_question_names_the_side_of_its_quirk(question: Question, side: str) -> None:
    found = next(name for name, mix in MIXES.items() if mix.side_of(question) == side)
    report = await report_of(_WHERE.get((question.id, side), found))
    assert sides_of(report)[question.id] == side


@pytest.mark.parametrize("mix", [name for name, mix in MIXES.items() if mix.level is Level.POST])
async def test_the_replayed_emulator_gives_the_answers_that_were_recorded(mix: str) -> None:
    recorded = await report_of(mix)
    again = await MIXES[mix].run(quirks_from(recorded))
    assert sides_of(again) == sides_of(recorded)
    assert sum(side is not None for side in sides_of(recorded).values()) >= 40


@pytest.mark.parametrize("file", REPORTS, ids=lambda file: file.stem)
async def test_a_saved_report_can_be_run_as_a_test(file: Path) -> None:
    reported = {
        name: answer.side
        for name, answer in read_answers(orjson.loads(file.read_bytes()), BY_ID).items()
        if answer.side is not None
    }
    found = sides_of(await MIXES["usual"].run(quirks_from(file)))
    assert {name: found[name] for name in reported} == reported


# The answers that give the sides for which the emulator has no quirk: by question and side, what fails next.
def envelope(data: Any) -> bytes:
    return orjson.dumps({"data": data, "error": {"code": "ok", "message": "", "log_id": "x"}})


_SECONDS = {"videos": [{"id": "7"}], "cursor": 1_764_360_000, "has_more": False}
_NUMBERS = {"videos": [{"id": 7_000_000_000_000_000_001}], "cursor": 1, "has_more": False}
ANSWERS: dict[tuple[str, str], tuple[Endpoint, dict[str, Any]]] = {
    ("bad_token", "another"): (Endpoint.USER_INFO, {"status": 403, "code": "access_token_invalid"}),
    ("count_type", "string"): (
        Endpoint.USER_INFO,
        {"status": 200, "body": envelope({"user": {"follower_count": "77"}})},
    ),
    ("list_cursor_unit", "s"): (Endpoint.VIDEO_LIST, {"status": 200, "body": envelope(_SECONDS)}),
    ("video_id_type", "number"): (Endpoint.VIDEO_LIST, {"status": 200, "body": envelope(_NUMBERS)}),
}


async def ask(opened: World, question: Question) -> str | None:
    assert question.ask is not None
    asking = Asking(opened.session, opened.watch, opened.user.open_id, Level.POST)
    return (await question.ask(asking)).side


@pytest.mark.parametrize(("question", "side"), WITHOUT_QUIRK, ids=lambda value: getattr(value, "id", value or "empty"))
async def test_a_question_without_a_quirk_names_the_side_that_was_answered(question: Question, side: str) -> None:
    if side == question.assumed:
        report = await report_of(_WHERE.get((question.id, side), "usual"))
        assert sides_of(report)[question.id] == side
        return
    # The emulator's clock is ten minutes ahead of the machine's.
    async with world(clock=SystemClock() if question.id == "clock" else None) as opened:
        if side == "failed":
            opened.emulator.fail_publish("internal")
        elif question.id != "clock":
            endpoint, how = ANSWERS[question.id, side]
            opened.emulator.fail_next(endpoint, **how)
        assert await ask(opened, question) == side


def test_every_dispute_has_a_switch_whose_values_are_its_sides() -> None:
    assert [question.id for question in QUESTIONS if question.quirk is None and not question.silent] == []
    assert [question.id for question in QUESTIONS if (question.quirk is None) != bool(question.played)] == []
    switches = [(question.quirk, side) for question in QUESTIONS for side in question.sides if question.quirk]
    played = [parse_quirks([f"{quirk}={side}"]) for quirk, side in switches]
    assert len(played) == len(switches) > 100


def test_every_question_has_a_second_side_and_a_line_or_a_reason() -> None:
    assert [question.id for question in QUESTIONS if len(question.sides) < 2] == []
    assert [question.id for question in QUESTIONS if (question.ask is None) != bool(question.unasked)] == []
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert len(REPORTS) >= 2


@pytest.mark.parametrize("question", [one for one in QUESTIONS if one.assumed is not None], ids=lambda one: one.id)
def test_each_assumption_is_in_the_line_that_is_named(question: Question) -> None:
    assert question.assumed in question.sides
    file, _, number = line_of(question).partition(":")
    assert int(number) > 1
    if question.quirk is not None:
        assert file == "emulator/engine/quirks.py"
        assert parse_quirks([f"{question.quirk}={question.assumed}"]) == Quirks()


async def test_answers_that_differ_from_the_assumption_are_reported_with_their_line() -> None:
    found = contradictions(read_answers(await report_of("unaudited"), BY_ID))
    reported = {one.question.id: (one.side, one.line) for one in found}
    assert set(reported) == {"audited", "cursor_stands_still"}
    lines = Path(quirks.__file__).read_text(encoding="utf-8").splitlines()
    numbers = {name: int(line.partition(":")[2]) for name, (_, line) in reported.items()}
    assert {lines[number - 1].split(":")[0].strip() for number in numbers.values()} == set(reported)


@pytest.mark.parametrize(
    "report",
    [{}, [], {"format": 2, "answers": []}, {"format": 1}, *({"format": 1, "answers": one} for one in (3, [3]))],
)
def test_an_invalid_report_gives_no_quirks(report: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(orjson.dumps(report))
    with pytest.raises(ValueError, match="report"):
        quirks_from(file)


def test_an_unknown_quirk_is_refused() -> None:
    answer = {"question": "rotation", "quirk": "rotatoin", "side": "none"}
    with pytest.raises(ValueError, match="no quirk is called"):
        quirks_from({"format": 1, "answers": [answer]})


def test_quirks_of_a_report_change_nothing_else() -> None:
    answer = {"question": "end_cursor", "quirk": "end_cursor", "side": "zero"}
    assert quirks_from({"format": 1, "answers": [answer]}) == evolve(Quirks(), end_cursor="zero")
