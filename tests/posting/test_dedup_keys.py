"""A dedup key is used only by an init that may have reached TikTok."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tiktok_async import (
    Account,
    Endpoint,
    Limit,
    OutcomeUnknown,
    PhotoPost,
    PrivacyLevel,
    Publish,
    RateLimited,
    RetryPolicy,
    StoreError,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.stores import MemoryTokenStore

POST = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
KEY = "order-77"


class WatchedStore(MemoryTokenStore):
    """A store that signals when a note is being written or deleted, and that can delay it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def put_note(self, *args: Any, **kwargs: Any) -> bool:
        stored = await super().put_note(*args, **kwargs)
        await self._held()
        return stored

    async def delete_note(self, *args: Any, **kwargs: Any) -> bool:
        await self._held()
        return await super().delete_note(*args, **kwargs)

    async def _held(self) -> None:
        self.reached.set()
        await self.gate.wait()
        if self.broken:
            raise StoreError("the store is gone")


async def cancelled(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def sent(emulator: Emulator, endpoint: Endpoint = Endpoint.VIDEO_INIT) -> int:
    return sum(request.endpoint is endpoint for request in emulator.requests)


Begin = Callable[[Account], Awaitable[Publish]]


async def _photos(account: Account) -> Publish:
    urls = ["https://media.example.com/1.jpg"]
    return await account.draft_photos(urls, PhotoPost(privacy_level=None), dedup_key=KEY)


@pytest.mark.parametrize(
    ("endpoint", "begin"),
    [
        (Endpoint.VIDEO_INIT, lambda account: account.post_video(b"video", POST, dedup_key=KEY)),
        (Endpoint.INBOX_INIT, lambda account: account.draft_video(b"video", dedup_key=KEY)),
        (Endpoint.CONTENT_INIT, _photos),
    ],
)
async def test_a_call_cancelled_while_it_waits_for_its_limit_leaves_its_key_free(
    emulator: Emulator, user: EmulatedUser, endpoint: Endpoint, begin: Begin
) -> None:
    async with emulator.session(limits={endpoint: Limit(1, timedelta(minutes=1))}) as session:
        account = await emulator.connect(session, user)
        key, limit = session._sender.slots.limit_of(session._sender._routes[endpoint.path].spec, user.open_id)
        assert limit is not None
        (await session._limiter.acquire(key, limit, max_wait=None)).done()
        waiting = asyncio.ensure_future(begin(account))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not waiting.done()
        await cancelled(waiting)
        emulator.clock.advance(timedelta(minutes=2))
        await begin(account)
    assert sent(emulator, endpoint) == 1


async def test_a_call_cancelled_while_its_token_is_refreshed_leaves_its_key_free(
    emulator: Emulator, user: EmulatedUser
) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, user)
        emulator.clock.advance(timedelta(days=2))
        emulator.fail_next(Endpoint.TOKEN, delay=timedelta(seconds=5))
        waiting = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
        while sent(emulator, Endpoint.TOKEN) < 2:
            await asyncio.sleep(0.001)
        await cancelled(waiting)
        emulator.clock.advance(timedelta(seconds=6))
        await account.post_video(b"video", POST, dedup_key=KEY)
    assert sent(emulator) == 1


async def test_a_call_cancelled_between_a_refusal_and_its_repeat_leaves_its_key_free(
    emulator: Emulator, user: EmulatedUser
) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, user)
        emulator.fail_next(Endpoint.VIDEO_INIT, status=429)
        waiting = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
        while sent(emulator) == 0:
            await asyncio.sleep(0.001)
        for _ in range(50):
            await asyncio.sleep(0.001)
        await cancelled(waiting)
        emulator.clock.advance(timedelta(minutes=5))
        await account.post_video(b"video", POST, dedup_key=KEY)
    assert len(emulator.posts) == 1


@pytest.fixture
async def watched(emulator: Emulator, user: EmulatedUser) -> AsyncIterator[tuple[WatchedStore, Account]]:
    store = WatchedStore()
    async with emulator.session(store=store, retry=RetryPolicy(attempts=1)) as session:
        yield store, await emulator.connect(session, user)


async def test_a_dedup_key_whose_caller_was_cancelled_during_the_claim_is_released(
    emulator: Emulator, watched: tuple[WatchedStore, Account]
) -> None:
    store, account = watched
    store.gate.clear()
    claiming = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
    await store.reached.wait()
    claiming.cancel()
    await asyncio.sleep(0)
    store.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    await account.post_video(b"video", POST, dedup_key=KEY)
    assert sent(emulator) == 1


async def test_a_dedup_key_is_released_although_its_caller_is_cancelled_again_and_again(
    emulator: Emulator, watched: tuple[WatchedStore, Account]
) -> None:
    store, account = watched
    emulator.fail_next(Endpoint.VIDEO_INIT, status=429, delay=timedelta(seconds=1))
    call = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
    while sent(emulator) == 0:
        await asyncio.sleep(0.001)
    store.gate.clear()
    store.reached.clear()
    emulator.clock.advance(timedelta(seconds=2))
    await store.reached.wait()
    for _ in range(5):
        call.cancel()
        await asyncio.sleep(0)
    store.gate.set()
    with pytest.raises((asyncio.CancelledError, RateLimited)):
        await call
    emulator.clock.advance(timedelta(minutes=2))
    await account.post_video(b"video", POST, dedup_key=KEY)
    assert len(emulator.posts) == 1


async def test_an_accepted_post_is_stored_although_its_caller_is_cancelled_then(
    emulator: Emulator, watched: tuple[WatchedStore, Account]
) -> None:
    store, account = watched
    call = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
    await store.reached.wait()
    store.reached.clear()
    store.gate.clear()
    await store.reached.wait()
    call.cancel()
    await asyncio.sleep(0)
    store.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    again = await account.post_video(b"video", POST, dedup_key=KEY)
    assert again.publish_id == emulator.posts[0].publish_id
    assert len(emulator.posts) == 1


async def test_a_store_that_cannot_forget_does_not_hide_the_refusal(
    emulator: Emulator, watched: tuple[WatchedStore, Account]
) -> None:
    store, account = watched
    emulator.fail_next(Endpoint.VIDEO_INIT, status=429, delay=timedelta(seconds=1))
    call = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key=KEY))
    while sent(emulator) == 0:
        await asyncio.sleep(0.001)
    store.broken = True
    emulator.clock.advance(timedelta(seconds=2))
    with pytest.raises(RateLimited):
        await call


ACCEPTED = {"publish_id": "v_pub_file~v2-1.7", "upload_url": "https://open-upload.tiktokapis.com/video/?upload_id=1"}


def answer(code: object, data: Any) -> bytes:
    return orjson.dumps({"data": data, "error": {"code": code, "message": "", "log_id": "log-3"}})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 425, 429, 499])
async def test_a_contradictory_answer_has_an_unknown_outcome(emulator: Emulator, account: Account, status: int) -> None:
    emulator.fail_next(Endpoint.VIDEO_INIT, status=status, body=answer("ok", ACCEPTED))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await account.post_video(b"video", POST, dedup_key=KEY)
    assert sent(emulator) == 1


@pytest.mark.parametrize("status", [200, 403, 409])
@pytest.mark.parametrize("code", ["spam_risk_text", "access_token_invalid", "rate_limit_exceeded", 0, "", None])
async def test_an_error_answer_with_a_publish_id_is_not_a_refusal(
    emulator: Emulator, account: Account, status: int, code: object
) -> None:
    emulator.fail_next(Endpoint.VIDEO_INIT, status=status, body=answer(code, ACCEPTED))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await account.post_video(b"video", POST, dedup_key=KEY)
    assert sent(emulator) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 499])
async def test_ok_under_an_error_status_has_an_unknown_outcome_without_a_publish_id_too(
    emulator: Emulator, account: Account, status: int
) -> None:
    emulator.fail_next(Endpoint.VIDEO_INIT, status=status, body=answer("ok", {}))
    with pytest.raises(OutcomeUnknown):
        await account.post_video(b"video", POST, dedup_key=KEY)
