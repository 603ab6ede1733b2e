"""The end of a post: every state, every reason, and no unpublished post reported as published."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tiktok_async import (
    Account,
    ConfigurationError,
    Endpoint,
    Event,
    FailReason,
    InvalidParams,
    PrivacyLevel,
    PublishChanged,
    PublishFailed,
    PublishPending,
    PublishState,
    PullFromUrl,
    ServerError,
    VideoPost,
)
from tiktok_async.abc import TimerHandle
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models._posting import FAIL_RULES

PULL = PullFromUrl("https://media.example.com/v.mp4")
PUBLIC = VideoPost(privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)
STATUS = Endpoint.STATUS_FETCH


class Standstill:
    """A clock that never wakes a waiting task by itself."""

    def __init__(self, emulator: Emulator) -> None:
        self._clock = emulator.clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        return self._clock.call_later(seconds * 1_000_000, callback)


@pytest.fixture
async def motionless(emulator: Emulator, user: EmulatedUser) -> AsyncIterator[Account]:
    """An account whose waits have no timeout."""
    async with emulator.session(clock=Standstill(emulator)) as session:
        yield await emulator.connect(session, user)


def polls(emulator: Emulator) -> int:
    return sum(request.endpoint is STATUS for request in emulator.requests)


def status_reply(data: Any) -> bytes:
    return orjson.dumps({"data": data, "error": {"code": "ok", "message": "", "log_id": "log-1"}})


async def test_a_wait_ends_when_the_video_is_posted(
    emulator: Emulator, account: Account, events: list[Event], hurry: Any
) -> None:
    emulator.plan_timeline(download=timedelta(minutes=2), processing=timedelta(minutes=3))
    publish = await account.post_video(PULL, PUBLIC)
    status = await hurry(publish.wait())
    assert status.state is PublishState.PUBLISH_COMPLETE
    assert status.post_ids
    assert all(isinstance(post_id, str) for post_id in status.post_ids)
    changes = [event.state for event in events if isinstance(event, PublishChanged)]
    assert changes == ["PROCESSING_DOWNLOAD", "PUBLISH_COMPLETE"]


async def test_polling_stays_inside_thirty_a_minute_and_slows_down(
    emulator: Emulator, account: Account, hurry: Any
) -> None:
    emulator.plan_timeline(download=timedelta(minutes=10))
    publish = await account.post_video(PULL, PUBLIC)
    await hurry(publish.wait())
    assert 10 < polls(emulator) < 40
    assert not emulator.rate_limited


async def test_a_draft_ends_in_the_inbox(account: Account) -> None:
    publish = await account.draft_video(b"video")
    async for _ in publish.upload():
        pass
    assert (await publish.wait()).state is PublishState.SEND_TO_USER_INBOX


@pytest.mark.parametrize("reason", [*map(str, FailReason), "a_reason_of_tomorrow"])
async def test_a_failed_post_says_why_and_what_to_do(emulator: Emulator, account: Account, reason: str) -> None:
    emulator.fail_publish(reason)
    publish = await account.post_video(PULL, PUBLIC)
    with pytest.raises(PublishFailed) as caught:
        await publish.wait()
    rule = FAIL_RULES.get(reason)
    assert caught.value.reason == reason
    assert caught.value.publish_id == publish.publish_id
    assert caught.value.advice
    assert caught.value.log_id
    assert caught.value.retryable is (rule is not None and rule.retryable)
    assert {"internal", "video_pull_failed", "photo_pull_failed", "spam_risk_too_many_posts"} == {
        str(known) for known, rule in FAIL_RULES.items() if rule.retryable
    }


async def test_the_timeout_of_a_wait_is_not_a_failed_post(emulator: Emulator, account: Account, hurry: Any) -> None:
    emulator.plan_timeline(download=timedelta(hours=1))
    publish = await account.post_video(PULL, PUBLIC)
    with pytest.raises(PublishPending) as caught:
        await hurry(publish.wait(timeout=timedelta(minutes=2)))
    assert caught.value.state == "PROCESSING_DOWNLOAD"
    assert "do not post it again" in str(caught.value)
    emulator.clock.advance(timedelta(hours=1))
    assert (await account.publish(publish.publish_id).wait()).succeeded


async def test_a_wait_with_a_timeout_of_zero_asks_once(emulator: Emulator, account: Account) -> None:
    emulator.plan_timeline(download=timedelta(hours=1))
    publish = await account.post_video(PULL, PUBLIC)
    with pytest.raises(PublishPending):
        await publish.wait(timeout=timedelta(0))
    assert polls(emulator) == 1


async def test_a_webhook_ends_a_wait_at_once(emulator: Emulator, motionless: Account) -> None:
    emulator.plan_timeline(download=timedelta(minutes=1))
    publish = await motionless.post_video(PULL, PUBLIC)
    waiting = asyncio.ensure_future(publish.wait())
    while polls(emulator) == 0:
        await asyncio.sleep(0.001)
    post = emulator.posts[0]
    emulator.fail_next(STATUS, body=status_reply({"status": "PUBLISH_COMPLETE"}))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    publish.notify()
    assert (await asyncio.wait_for(waiting, 60)).succeeded
    assert post.publish_id == publish.publish_id


async def test_a_webhook_during_a_status_request_is_not_lost(emulator: Emulator, motionless: Account) -> None:
    publish = await motionless.post_video(PULL, PUBLIC)
    emulator.fail_next(STATUS, body=status_reply({"status": "PROCESSING_DOWNLOAD"}))
    waiting = asyncio.ensure_future(publish.wait())
    await asyncio.sleep(0)
    publish.notify()
    assert (await asyncio.wait_for(waiting, 60)).succeeded


async def test_an_id_tiktok_does_not_know_yet_is_asked_for_again(
    emulator: Emulator, account: Account, hurry: Any
) -> None:
    emulator.fail_next(STATUS, status=400, code="invalid_publish_id", times=2)
    emulator.fail_next(STATUS, status=400, code="invalid_params", message="invalid_publish_id", times=2)
    publish = await account.post_video(PULL, PUBLIC)
    assert (await hurry(publish.wait())).succeeded


async def test_an_id_tiktok_never_knows_is_an_error(emulator: Emulator, account: Account, hurry: Any) -> None:
    with pytest.raises(InvalidParams) as caught:
        await hurry(account.publish("v_pub_file~v2-1.1").wait())
    assert caught.value.code == "invalid_publish_id"
    assert polls(emulator) > 2


async def test_an_outage_does_not_end_a_wait(emulator: Emulator, account: Account, hurry: Any) -> None:
    publish = await account.post_video(PULL, PUBLIC)
    emulator.fail_next(STATUS, status=503, times=6)
    emulator.fail_next(STATUS, html=True, times=6)
    emulator.fail_next(STATUS, drop="after", times=6)
    assert (await hurry(publish.wait())).succeeded


@pytest.mark.parametrize("key", ["publicaly_available_post_id", "publicly_available_post_id"])
@pytest.mark.parametrize(
    ("ids", "read"),
    [
        ([7601447475849021499], ("7601447475849021499",)),
        (["7601447475849021499"], ("7601447475849021499",)),
        (7601447475849021499, ("7601447475849021499",)),
        ("7601447475849021499", ("7601447475849021499",)),
        ([1, "2", None, ""], ("1", "2")),
        ([], ()),
        (None, ()),
        (0, ()),
        ("", ()),
    ],
)
async def test_ids_of_every_form_are_strings(
    emulator: Emulator, account: Account, key: str, ids: Any, read: tuple[str, ...]
) -> None:
    emulator.fail_next(STATUS, body=status_reply({"status": "PUBLISH_COMPLETE", key: ids}))
    status = await account.publish("v_pub_file~v2-1.1").status()
    assert status.post_ids == read
    assert status.log_id == "log-1"


async def test_an_unknown_value_is_kept_as_a_str(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(STATUS, body=status_reply({"status": "IN_REVIEW", "fail_reason": ""}))
    status = await account.publish("v_pub_file~v2-1.1").status()
    assert status.state == "IN_REVIEW"
    assert status.fail_reason is None
    assert not status.succeeded


@pytest.mark.parametrize("data", [{}, None, [], {"status": None}, {"status": 1}])
async def test_an_answer_of_an_unexpected_form_is_not_a_success(
    emulator: Emulator, account: Account, data: Any
) -> None:
    emulator.fail_next(STATUS, body=status_reply(data))
    with pytest.raises(ServerError):
        await account.publish("v_pub_file~v2-1.1").status()


@pytest.mark.parametrize(
    "odd",
    [
        {"fail_reason": 3},
        {"fail_reason": ["internal"]},
        {"fail_reason": None, "uploaded_bytes": "many"},
        {"uploaded_bytes": {"of": 1}, "downloaded_bytes": "12"},
        {"publicaly_available_post_id": {"id": 1}},
        {"publicaly_available_post_id": [None, 1.5, ["7"]]},
    ],
)
async def test_an_invalid_other_field_does_not_hide_that_a_post_failed(
    emulator: Emulator, account: Account, odd: dict[str, Any], hurry: Any
) -> None:
    emulator.fail_next(STATUS, body=status_reply({"status": "FAILED", **odd}))
    with pytest.raises(PublishFailed):
        await hurry(account.publish("v_pub_file~v2-1.1").wait())
    assert polls(emulator) == 1


@pytest.mark.parametrize("fault", [{"status": 404, "html": True}, {"body": b'{"data":{},"error":{"code":"ok"}}'}])
async def test_a_permanent_failure_ends_a_wait(
    emulator: Emulator, account: Account, fault: dict[str, Any], hurry: Any
) -> None:
    emulator.fail_next(STATUS, times=1_000, **fault)
    with pytest.raises(ServerError):
        await hurry(account.publish("v_pub_file~v2-1.1").wait())
    assert polls(emulator) == 3


async def test_a_page_that_is_missing_for_a_moment_does_not_end_a_wait(
    emulator: Emulator, account: Account, hurry: Any
) -> None:
    publish = await account.post_video(PULL, PUBLIC)
    for _ in range(3):
        emulator.fail_next(STATUS, status=404, html=True, times=2)
        emulator.fail_next(STATUS, body=status_reply({"status": "PROCESSING_DOWNLOAD"}))
    assert (await hurry(publish.wait())).succeeded


async def test_the_error_of_a_wait_that_ends_during_an_outage_says_so(
    emulator: Emulator, account: Account, hurry: Any
) -> None:
    publish = await account.post_video(PULL, PUBLIC)
    emulator.fail_next(STATUS, status=503, times=1_000)
    with pytest.raises(PublishPending) as caught:
        await hurry(publish.wait(timeout=timedelta(minutes=3)))
    assert isinstance(caught.value.__cause__, ServerError)
    assert "the last status call failed" in str(caught.value)


async def test_a_download_can_be_cancelled(emulator: Emulator, account: Account) -> None:
    emulator.plan_timeline(download=timedelta(minutes=10))
    publish = await account.post_video(PULL, PUBLIC)
    await publish.cancel()
    with pytest.raises(PublishFailed) as caught:
        await publish.wait()
    assert caught.value.reason == FailReason.PUBLISH_CANCELLED


async def test_an_upload_cannot_be_cancelled(account: Account) -> None:
    publish = await account.post_video(b"video", PUBLIC)
    with pytest.raises(InvalidParams) as caught:
        await publish.cancel()
    assert caught.value.code == "publish_not_cancellable"


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(emulator: Emulator, account: Account, hurry: Any) -> None:
    emulator.plan_timeline(download=timedelta(minutes=10))
    publish = await account.post_video(PULL, PUBLIC)
    waiting = asyncio.ensure_future(publish.wait())
    while polls(emulator) == 0:
        await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert publish._runtime.wakeups._listeners == {}
    assert (await hurry(publish.wait())).succeeded


async def test_a_publish_shows_its_upload_url_in_its_saved_form_alone(account: Account) -> None:
    publish = await account.post_video(b"video", PUBLIC)
    assert "upload_token" in publish.to_json()
    progress = await anext(publish.upload())
    assert "upload_token" in progress.state
    assert "upload_token" not in f"{publish!r} {publish} {progress!r} {progress}"


async def test_an_invalid_saved_publish_is_refused_at_once(account: Account) -> None:
    with pytest.raises(ConfigurationError):
        account.publish("no id at all")
