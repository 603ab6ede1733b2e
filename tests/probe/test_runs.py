"""A run follows its plan, stops at the first sign of harm, and continues after an interruption."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.probe.conftest import EVERY_SCOPE, World, world
from tiktok_async import ConfigurationError
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.emulator import Quirks
from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe import BY_ID, QUESTIONS, Level, Outcome, RunState, mark_of

OTHER_NAMES = {"authorize": "the authorize page", "upload": "the upload host"}


def sent(opened: World) -> Counter[str]:
    counts: Counter[str] = Counter()
    for endpoint, times in opened.emulator.requests.counts.items():
        counts[endpoint.path if isinstance(endpoint, Endpoint) else OTHER_NAMES[endpoint]] += times
    return counts


async def test_level_read_changes_nothing() -> None:
    async with world(scopes=EVERY_SCOPE) as opened:
        before = [await opened.session.store.get(key) async for key in opened.session.store.keys("emu_client_key")]
        await opened.probe(Level.READ).run()
        after = [await opened.session.store.get(key) async for key in opened.session.store.keys("emu_client_key")]
        assert before == after
        assert not opened.emulator.refreshes
        assert list(opened.emulator.posts) == []
        assert opened.emulator.webhooks == []


@pytest.mark.parametrize("level", Level)
async def test_a_run_sends_no_more_than_its_plan_says(level: Level) -> None:
    async with world() as opened:
        opened.emulator.requests.clear()
        probe = opened.probe(level)
        plan = await probe.plan()
        assert sent(opened) == {}
        await probe.run()
        planned = {calls.what: calls.times for calls in plan.calls}
        # The client token is requested once, for the questions about research.
        planned[Endpoint.TOKEN.path] += 1
        assert {what: times for what, times in sent(opened).items() if times > planned.get(what, 0)} == {}
        user = opened.user.open_id
        assert opened.emulator.refreshes[user] == (level is not Level.READ)
        clips = [post for post in opened.emulator.posts if post.upload is not None and post.upload.complete]
        assert [post.endpoint for post in clips] == [Endpoint.INBOX_INIT, Endpoint.VIDEO_INIT][
            : max(0, list(Level).index(level) - 1)
        ]
        assert {post.body["post_info"]["privacy_level"] for post in opened.emulator.posts if not post.draft} <= {
            "SELF_ONLY"
        }
        changing = {calls.what for calls in plan.calls if calls.changes}
        assert {Endpoint.INBOX_INIT.path, Endpoint.VIDEO_INIT.path} & set(planned) <= changing


async def test_questions_without_their_scope_are_not_asked_and_the_plan_names_them() -> None:
    async with world(scopes=frozenset({Scope.USER_INFO_BASIC})) as opened:
        probe = opened.probe(Level.POST)
        lacking = {question.id for question in (await probe.plan()).lacking}
        assert {"end_cursor", "upload_range", "audited"} <= lacking
        report = await probe.run()
        outcomes = {row["question"]: row["outcome"] for row in report["answers"]}
        assert {outcomes[name] for name in lacking} == {Outcome.NOT_GRANTED}
        assert list(opened.emulator.posts) == []


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "word"),
    [
        (Endpoint.USER_INFO, 429, "rate_limit_exceeded", "rate_limit_exceeded"),
        (Endpoint.VIDEO_LIST, 429, "something_new", "429"),
        (Endpoint.INBOX_INIT, 403, "spam_risk_too_many_pending_share", "spam_risk_too_many_pending_share"),
        (Endpoint.INBOX_INIT, 403, "spam_risk_new", "spam_risk"),
        (Endpoint.VIDEO_INIT, 403, "reached_active_user_cap", "reached_active_user_cap"),
    ],
)
async def test_nothing_is_sent_after_the_first_sign_of_harm(
    endpoint: Endpoint, status: int, code: str, word: str, tmp_path: Path
) -> None:
    async with world() as opened:
        opened.emulator.fail_next(endpoint, status=status, code=code)
        report = await opened.probe(Level.POST, tmp_path / "run.json").run()
        assert report["stopped"] == word
        assert opened.emulator.requests[-1].status == status
        answered = {row["question"] for row in report["answers"]}
        assert len(answered) < len(BY_ID) - 10
        opened.watch.harm = None
        state = RunState.load(tmp_path / "run.json", mark_of(opened.session.client_key, opened.user.open_id))
        again = await opened.probe(Level.POST, state=state).run()
        assert again["stopped"] is None
        assert len(again["answers"]) == sum(question.ask is not None for question in QUESTIONS)


async def broken_off(opened: World, endpoint: Endpoint, level: Level, file: Path) -> None:
    """Cancel a run while it waits for an answer of *endpoint*."""
    before = opened.emulator.requests.counts[endpoint]
    opened.emulator.fail_next(endpoint, delay=timedelta(hours=1))
    run = asyncio.ensure_future(opened.probe(level, file).run())
    while opened.emulator.requests.counts[endpoint] == before:
        await asyncio.sleep(0.001)
    run.cancel()
    await asyncio.wait({run})
    assert run.cancelled()


async def test_an_interrupted_run_continues_with_the_open_questions(tmp_path: Path) -> None:
    async with world() as opened:
        file = tmp_path / "run.json"
        await broken_off(opened, Endpoint.VIDEO_QUERY, Level.READ, file)
        assert file.stat().st_mode & 0o777 == 0o600
        state = RunState.load(file, mark_of(opened.session.client_key, opened.user.open_id))
        known = dict(state.answers)
        assert {"bad_token", "end_cursor"} <= set(known)
        opened.emulator.requests.clear()
        report = await opened.probe(Level.READ, state=state).run()
        rows = {row["question"]: row["side"] for row in report["answers"]}
        assert {name: rows[name] for name in known} == {name: answer.side for name, answer in known.items()}
        assert rows["query_has_cursor"] == "false"
        # An answered question is not asked again.
        assert opened.emulator.requests.counts[Endpoint.TOKEN] == 1


@pytest.mark.parametrize(
    ("endpoint", "question"), [(Endpoint.INBOX_INIT, "upload_range"), (Endpoint.VIDEO_INIT, "audited")]
)
async def test_media_that_may_have_been_sent_is_not_sent_again(
    endpoint: Endpoint, question: str, tmp_path: Path
) -> None:
    async with world() as opened:
        file = tmp_path / "run.json"
        await broken_off(opened, endpoint, Level.POST, file)
        state = RunState.load(file, mark_of(opened.session.client_key, opened.user.open_id))
        before = opened.emulator.requests.counts[endpoint]
        report = await opened.probe(Level.POST, state=state).run()
        outcomes = {row["question"]: row["outcome"] for row in report["answers"]}
        assert outcomes[question] == Outcome.INTERRUPTED
        clips = [
            post for post in opened.emulator.posts if post.endpoint is endpoint and post.upload and post.upload.complete
        ]
        assert clips == []
        # The other calls of that endpoint are inits that get no bytes.
        assert opened.emulator.requests.counts[endpoint] - before <= 3


async def test_a_clip_that_fails_is_not_sent_a_second_time() -> None:
    async with world() as opened:
        opened.emulator.fail_next("upload", status=404)
        report = await opened.probe(Level.DRAFT).run()
        outcomes = {row["question"]: row["outcome"] for row in report["answers"]}
        assert outcomes["upload_range"] == Outcome.FAILED
        assert opened.emulator.requests.counts[Endpoint.INBOX_INIT] == 4


async def test_level_read_does_not_begin_with_a_token_that_is_about_to_end() -> None:
    async with world(Quirks()) as opened:
        opened.emulator.clock.advance(timedelta(hours=1, minutes=45))
        opened.emulator.requests.clear()
        with pytest.raises(ConfigurationError, match="level read does not refresh it"):
            await opened.probe(Level.READ).run()
        assert len(opened.emulator.requests) == 0
        report = await opened.probe(Level.ROTATE).run()
        rows = {row["question"]: row["side"] for row in report["answers"]}
        assert rows["fields_required"] == "true"
        assert opened.emulator.refreshes[opened.user.open_id] == 1


async def test_calls_wait_for_their_turn_in_the_windows() -> None:
    async with world(limiter="local://", clock=SystemClock()) as opened:
        await opened.probe(Level.READ).run()
        assert opened.watch.harm is None
        left = await opened.session.remaining(opened.user.open_id, Endpoint.USER_INFO)
        assert left == 600 - opened.emulator.requests.counts[Endpoint.USER_INFO]


@pytest.mark.parametrize("text", ["", "{}", '{"mark": "m", "level": "read", "begun": [], "report": {"format": 1}}'])
def test_an_invalid_saved_run_is_not_continued(text: str, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="holds no run"):
        RunState.load(file, "m")


def test_the_run_of_another_account_is_not_continued(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    RunState(file=file, mark="mine", level=Level.READ).save()
    with pytest.raises(ConfigurationError, match="another account"):
        RunState.load(file, "yours")
    with pytest.raises(ConfigurationError, match="No run"):
        RunState.load(tmp_path / "none.json", "mine")


def test_a_run_is_never_written_through_a_link(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    file = tmp_path / "run.json"
    file.symlink_to(theirs)
    RunState(file=file, mark="m", level=Level.READ).save()
    assert theirs.read_text() == "theirs"
    assert not file.is_symlink()
    assert list(tmp_path.glob(".run*")) == []
