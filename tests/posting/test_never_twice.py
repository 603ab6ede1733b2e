"""An init that may have arrived is never repeated, by any process."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tiktok_async import (
    Account,
    ConfigurationError,
    Endpoint,
    OutcomeUnknown,
    PostingRefused,
    PrivacyLevel,
    RateLimited,
    RetryPolicy,
    TransportError,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator

INIT = Endpoint.VIDEO_INIT
POST = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)


def accepted(emulator: Emulator) -> int:
    return len(emulator.posts)


def sent(emulator: Emulator) -> int:
    return sum(request.endpoint is INIT for request in emulator.requests)


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 500},
        {"status": 502, "html": True},
        {"status": 504, "body": b""},
        {"truncate": 10},
        {"body": b"<html>ok</html>"},
        {"body": b'{"data":{},"error":{"code":"ok"}}'},
    ],
)
async def test_an_init_that_may_have_arrived_is_not_repeated(
    emulator: Emulator, account: Account, fault: dict[str, Any]
) -> None:
    emulator.fail_next(INIT, **fault)
    with pytest.raises(OutcomeUnknown, match="before you post again") as caught:
        await account.post_video(b"video", POST)
    assert caught.value.endpoint == INIT.path
    assert caught.value.open_id == account.open_id
    assert sent(emulator) == 1
    assert accepted(emulator) <= 1


async def test_an_expired_token_does_not_make_two_posts(
    emulator: Emulator, account: Account, user: EmulatedUser
) -> None:
    emulator.expire_access(user)
    await account.post_video(b"video", POST)
    assert sent(emulator) == 2
    assert accepted(emulator) == 1


async def test_a_429_does_not_make_two_posts(emulator: Emulator, account: Account, hurry: Any) -> None:
    emulator.fail_next(INIT, status=429)
    await hurry(account.post_video(b"video", POST))
    assert accepted(emulator) == 1


async def test_an_unreachable_host_has_not_received_the_init(emulator: Emulator, account: Account) -> None:
    await account.token()
    await emulator.aclose()
    with pytest.raises(TransportError) as caught:
        await account.post_video(b"video", POST)
    assert not caught.value.sent


async def test_a_repeated_call_returns_the_first_post(emulator: Emulator, account: Account, clip: Path) -> None:
    first = await account.post_video(clip, POST, chunk_size=6_000_000, dedup_key="job-1")
    upload = first.upload()
    await anext(upload)
    await upload.aclose()
    again = await account.post_video(clip, POST, chunk_size=6_000_000, dedup_key="job-1")
    assert again.publish_id == first.publish_id
    assert (await anext(again.upload())).sent == 12_000_000
    async for _ in again.upload():
        pass
    assert accepted(emulator) == 1
    assert emulator.posts[0].status == "PUBLISH_COMPLETE"


async def test_other_keys_and_other_accounts_post_for_themselves(
    emulator: Emulator, account: Account, session: Any
) -> None:
    other = await emulator.connect(session, emulator.add_user())
    posts = [
        await account.post_video(b"video", POST, dedup_key="job-1"),
        await account.post_video(b"video", POST, dedup_key="job-2"),
        await account.post_video(b"video", POST),
        await other.post_video(b"video", POST, dedup_key="job-1"),
    ]
    assert len({publish.publish_id for publish in posts}) == 4


async def test_one_of_concurrent_calls_with_one_key_posts(emulator: Emulator, account: Account) -> None:
    calls = [account.post_video(b"video", POST, dedup_key="job-1") for _ in range(5)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert accepted(emulator) == 1
    assert sum(isinstance(outcome, OutcomeUnknown) for outcome in outcomes) == 4


async def test_an_interrupted_call_has_an_unknown_outcome(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(INIT, drop="after")
    for _ in range(3):
        with pytest.raises(OutcomeUnknown) as caught:
            await account.post_video(b"video", POST, dedup_key="job-1")
        assert caught.value.dedup_key == "job-1"
    assert sent(emulator) == 1


async def test_a_cancelled_call_has_an_unknown_outcome(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(INIT, delay=timedelta(seconds=30))
    call = asyncio.ensure_future(account.post_video(b"video", POST, dedup_key="job-1"))
    while sent(emulator) == 0:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(OutcomeUnknown):
        await account.post_video(b"video", POST, dedup_key="job-1")
    assert sent(emulator) == 1


async def test_a_refused_call_may_be_made_again(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(INIT, status=403, code="spam_risk_too_many_posts")
    with pytest.raises(PostingRefused):
        await account.post_video(b"video", POST, dedup_key="job-1")
    await account.post_video(b"video", POST, dedup_key="job-1")
    assert accepted(emulator) == 1


async def test_a_call_that_was_never_sent_may_be_made_again(emulator: Emulator) -> None:
    async with emulator.session(retry=RetryPolicy(attempts=1)) as session:
        account = await emulator.connect(session, emulator.add_user())
        emulator.fail_next(INIT, status=429)
        with pytest.raises(RateLimited):
            await account.post_video(b"video", POST, dedup_key="job-1")
        with pytest.raises(ConfigurationError):
            await account.post_video(b"", POST, dedup_key="job-1")
    assert accepted(emulator) == 0


async def test_a_key_is_forgotten_after_a_week(emulator: Emulator, user: EmulatedUser) -> None:
    from tiktok_async.stores import MemoryTokenStore

    store = MemoryTokenStore(clock=emulator.clock)
    async with emulator.session(store=store) as session:
        account = await emulator.connect(session, user)
        first = await account.post_video(b"video", POST, dedup_key="job-1")
        emulator.clock.advance(timedelta(days=8))
        second = await account.post_video(b"video", POST, dedup_key="job-1")
    assert first.publish_id != second.publish_id


@pytest.mark.parametrize("key", ["", "x" * 1_001])
async def test_an_invalid_dedup_key_is_refused(account: Account, key: str) -> None:
    with pytest.raises(ConfigurationError, match="dedup_key"):
        await account.post_video(b"video", POST, dedup_key=key)


async def test_another_process_on_the_same_store_finds_the_post(
    emulator: Emulator, user: EmulatedUser, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'tokens.db'}"
    async with emulator.session(store=url) as session:
        account = await emulator.connect(session, user)
        first = await account.post_video(b"video", POST, dedup_key="job-1")
    async with emulator.session(store=url) as session:
        second = await session.account(user.open_id).post_video(b"video", POST, dedup_key="job-1")
        assert second.publish_id == first.publish_id
        async for _ in second.upload():
            pass
    assert emulator.posts[0].status == "PUBLISH_COMPLETE"
    assert accepted(emulator) == 1
