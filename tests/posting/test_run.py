"""A post in one step, progress within a chunk, and settings for single calls."""

import asyncio
import hashlib
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.posting.uploads import UPLOAD, Begun, uploaded, whole
from tiktok_async import (
    Account,
    Endpoint,
    Limit,
    PublishState,
    RateLimitWaitExceeded,
    RetryPolicy,
    ServerError,
    TikTokSession,
    TransportError,
    UploadProgress,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator

MB = 1_000_000


async def test_a_post_takes_one_call(emulator: Emulator, account: Account, post: VideoPost, clip: Path) -> None:
    publish = await account.post_video(clip, post)
    seen: list[UploadProgress] = []
    status = await publish.run(on_progress=seen.append)
    assert status.state is PublishState.PUBLISH_COMPLETE
    assert whole(emulator, clip)
    assert len(seen) > 10
    assert [progress.sent for progress in seen] == sorted(progress.sent for progress in seen)
    assert seen[-1].sent == seen[-1].total == clip.stat().st_size


async def test_progress_may_be_reported_to_a_coroutine_function(account: Account, post: VideoPost, clip: Path) -> None:
    reported: list[int] = []

    async def tell(progress: UploadProgress) -> None:
        await asyncio.sleep(0)
        reported.append(progress.chunk)

    assert (await (await account.post_video(clip, post, chunk_size=6_000_000)).run(on_progress=tell)).succeeded
    assert set(reported) == {0, 1, 2}


async def test_a_run_continues_where_another_one_ended(emulator: Emulator, begun: Begun, account: Account) -> None:
    publish, clip = await begun()

    def stop(progress: UploadProgress) -> None:
        if progress.sent > 13 * MB:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await publish.run(on_progress=stop)
    assert (await account.publish(publish.to_json()).run()).succeeded
    assert whole(emulator, clip)
    assert len(emulator.posts) == 1


async def test_a_run_without_an_upload_uploads_nothing(account: Account, post: VideoPost) -> None:
    publish = await account.post_video(b"video", post)
    await uploaded(publish)
    assert (await publish.run(on_progress=lambda _: pytest.fail("nothing is left to send"))).succeeded


@pytest.mark.parametrize("step", [100_000, MB, 5 * MB, 40 * MB])
async def test_progress_within_a_chunk_comes_by_steps(begun: Begun, emulator: Emulator, step: int) -> None:
    publish, clip = await begun()
    saved = publish.to_json()
    acknowledged = 0
    last = 0
    async for progress in publish.upload(step=step):
        if progress.state == saved:
            assert progress.sent >= last + step
            assert acknowledged < progress.sent < clip.stat().st_size
        else:
            assert progress.sent >= last
            acknowledged, saved = progress.sent, progress.state
        last = progress.sent
    assert last == clip.stat().st_size
    assert whole(emulator, clip)


async def test_the_state_is_the_same_until_a_chunk_is_acknowledged(begun: Begun) -> None:
    publish, _ = await begun()
    states = [progress.state async for progress in publish.upload(step=100_000)]
    assert len(set(states)) <= 4
    assert len(states) > 12


async def test_progress_never_goes_back_when_a_chunk_is_sent_again(begun: Begun, emulator: Emulator) -> None:
    publish, clip = await begun()
    emulator.fail_next(UPLOAD, drop="after", times=2)
    emulator.fail_next(UPLOAD, status=500)
    sent = [progress.sent async for progress in publish.upload(step=500_000)]
    assert sent == sorted(sent)
    assert whole(emulator, clip)


@pytest.mark.parametrize("after", [1, 7, 15])
async def test_an_upload_closed_within_a_chunk_leaves_no_task_and_can_continue(
    begun: Begun, emulator: Emulator, account: Account, after: int
) -> None:
    publish, clip = await begun()
    tasks = asyncio.all_tasks()
    async with aclosing(publish.upload(step=200_000)) as uploading:
        for _ in range(after):
            await anext(uploading)
    assert {task for task in asyncio.all_tasks() - tasks if "_exclusively" in repr(task)} == set()
    await uploaded(account.publish(publish.to_json()))
    assert whole(emulator, clip)


async def test_an_upload_that_is_cancelled_within_a_chunk_can_continue(begun: Begun, emulator: Emulator) -> None:
    publish, clip = await begun()
    reached = asyncio.Event()

    async def send() -> None:
        async for _ in publish.upload(step=100_000):
            reached.set()

    task = asyncio.ensure_future(send())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await uploaded(publish)
    assert whole(emulator, clip)


@pytest.mark.parametrize("step", [0, -1, 1.5, "1000", True])
async def test_an_invalid_step_is_refused(begun: Begun, step: Any) -> None:
    publish, _ = await begun()
    with pytest.raises(Exception, match="step"):
        await anext(publish.upload(step=step))


async def test_one_call_may_have_less_patience_than_the_session(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(Endpoint.USER_INFO, status=500, times=2)
    hasty = account.with_options(retry=RetryPolicy(attempts=1))
    with pytest.raises(ServerError):
        await hasty.user_info()
    assert (await account.with_options(retry=RetryPolicy(base=0, attempts=3)).user_info()).open_id == account.open_id


async def test_one_call_may_have_a_shorter_time(emulator: Emulator, account: Account) -> None:
    emulator.fail_next(Endpoint.CREATOR_INFO, delay=timedelta(hours=1))
    await account.token()
    async with asyncio.timeout(20):  # the session's own time is 30 s
        with pytest.raises(TransportError, match="no answer in time"):
            await account.with_options(timeout=0.05, retry=RetryPolicy(attempts=1)).creator_info()
    emulator.clock.advance(timedelta(hours=2))


async def test_one_call_may_refuse_to_wait_for_its_limit(emulator: Emulator, user: EmulatedUser) -> None:
    async with emulator.session(limits={Endpoint.CREATOR_INFO: Limit(1, timedelta(minutes=1))}) as session:
        account = await emulator.connect(session, user)
        await account.creator_info()
        at_once = account.with_options(max_rate_limit_wait=0)
        with pytest.raises(RateLimitWaitExceeded):
            await at_once.creator_info()
        with pytest.raises(RateLimitWaitExceeded):
            await session.with_options(max_rate_limit_wait=0).account(user.open_id).creator_info()
        with pytest.raises(RateLimitWaitExceeded):
            await at_once.with_options(timeout=9).creator_info()


async def test_options_of_a_session_hold_for_all_its_calls(
    emulator: Emulator, session: TikTokSession, account: Account
) -> None:
    hasty = session.with_options(retry=RetryPolicy(attempts=1))
    emulator.fail_next(Endpoint.USER_INFO, status=500)
    with pytest.raises(ServerError):
        await hasty.request("GET", "/v2/user/info/", open_id=account.open_id, params={"fields": "open_id"})
    emulator.fail_next(Endpoint.USER_INFO, status=500)
    async for each in hasty.accounts():
        with pytest.raises(ServerError):
            await each.user_info()
    emulator.fail_next(Endpoint.RESEARCH_USER_INFO, status=500)
    with pytest.raises(ServerError):
        await hasty.research.user("somebody")
    assert hasty.store is session.store


async def test_the_retry_budget_is_the_sessions(emulator: Emulator, session: TikTokSession, account: Account) -> None:
    again = account.with_options(retry=RetryPolicy(base=0, attempts=2))
    before = session._sender._quota.left
    emulator.fail_next(Endpoint.USER_INFO, status=500, times=2)
    with pytest.raises(ServerError):
        await again.user_info()
    assert session._sender._quota.left < before


async def test_an_upload_uses_the_options_too(emulator: Emulator, account: Account, post: VideoPost) -> None:
    publish = await account.with_options(retry=RetryPolicy(attempts=1)).post_video(b"video", post)
    emulator.fail_next(UPLOAD, status=500)
    with pytest.raises(Exception, match="in 1 attempts"):
        await publish.run()
    assert hashlib.sha256(b"video").hexdigest() != emulator.posts[0].sha256
