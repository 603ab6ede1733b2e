"""Each question is asked of an emulator on each of its sides, and names the right one."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.probe.conftest import EVERY_SCOPE, World, world
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.emulator import Quirks, parse_quirks
from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe import QUESTIONS, Level, Question
from tiktok_async.probe._asking import Asking

ASKED = [question for question in QUESTIONS if question.ask is not None]
WITH_QUIRK = [(question, side) for question in ASKED if question.quirk is not None for side in question.sides]
WITHOUT_QUIRK = [(question, side) for question in ASKED if question.quirk is None for side in question.sides]


def quirks_of(question: Question, side: str) -> Quirks:
    changes = [f"{question.quirk}={side}"]
    if question.id == "options_while_unaudited":
        changes.append("posting.audited=false")
    return parse_quirks(changes)


# What a question needs of its account.
SCOPES = {
    "missing_scope": EVERY_SCOPE - {Scope.USER_INFO_STATS},
    "creator_info_by_upload": EVERY_SCOPE - {Scope.VIDEO_PUBLISH},
}


async def ask(opened: World, question: Question) -> tuple[str | None, str]:
    assert question.ask is not None
    asking = Asking(opened.session, opened.watch, opened.user.open_id, Level.POST)
    answer = await question.ask(asking)
    return answer.side, answer.outcome


@pytest.mark.parametrize(("question", "side"), WITH_QUIRK, ids=lambda value: getattr(value, "id", value or "empty"))
async def test_a_question_names_the_side_of_its_quirk(question: Question, side: str) -> None:
    about = {"scopes": SCOPES.get(question.id, EVERY_SCOPE)}
    async with world(quirks_of(question, side), **about) as opened:  # type: ignore[arg-type]  # of several keywords, one
        if question.id == "retry_after":
            opened.emulator.state.windows._limits[Endpoint.USER_INFO] = None
            from tiktok_async import Limit

            opened.emulator.state.windows._limits[Endpoint.USER_INFO] = Limit(1, timedelta(minutes=1))
            asking = Asking(opened.session, opened.watch, opened.user.open_id, Level.READ)
            for _ in range(2):
                await asking.call(Endpoint.USER_INFO, fields="open_id")
        assert await ask(opened, question) == (side, "answered")


def envelope(data: Any, code: str = "ok") -> bytes:
    return orjson.dumps({"data": data, "error": {"code": code, "message": "", "log_id": "x"}})


# The answer that gives the side which the emulator has no quirk for: by question and side, what fails next.
ANSWERS: dict[tuple[str, str], tuple[Endpoint, dict[str, Any]]] = {
    ("bad_token", "another"): (Endpoint.USER_INFO, {"status": 403, "code": "access_token_invalid"}),
    ("oauth_log_id", "false"): (Endpoint.TOKEN, {"status": 400, "body": b'{"error":"invalid_grant"}'}),
    ("count_type", "string"): (
        Endpoint.USER_INFO,
        {"status": 200, "body": envelope({"user": {"follower_count": "77"}})},
    ),
    ("list_cursor_unit", "s"): (
        Endpoint.VIDEO_LIST,
        {"status": 200, "body": envelope({"videos": [{"id": "7"}], "cursor": 1764360000, "has_more": False})},
    ),
    ("video_id_type", "number"): (
        Endpoint.VIDEO_LIST,
        {"status": 200, "body": envelope({"videos": [{"id": 7000000000000000001}], "cursor": 1, "has_more": False})},
    ),
}


@pytest.mark.parametrize(("question", "side"), WITHOUT_QUIRK, ids=lambda value: getattr(value, "id", value or "empty"))
async def test_a_question_without_a_quirk_names_the_side_that_was_answered(question: Question, side: str) -> None:
    clock = SystemClock() if question.id == "clock" else None
    async with world(clock=clock) as opened:
        if question.id == "clock" and side == "within":
            opened.emulator.clock._moved = 0.0
        if (fault := ANSWERS.get((question.id, side))) is not None:
            endpoint, how = fault
            opened.emulator.fail_next(endpoint, **how)
        if side == "failed":
            opened.emulator.fail_publish("internal")
        assert await ask(opened, question) == (side, "answered")


def test_every_question_has_a_side_that_it_may_not_give() -> None:
    assert [question.id for question in QUESTIONS if len(question.sides) < 2] == []
