"""An interrupted upload continues after the bytes that TikTok has, and repeats at most the interrupted chunk."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.posting.uploads import CHUNK, UPLOAD, Begun, uploaded, whole
from tiktok_async import (
    Account,
    ChunkUploaded,
    Endpoint,
    Event,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator, PostingQuirks


def times_sent(emulator: Emulator, clip: Path) -> list[int]:
    """How often each chunk's first byte came in."""
    upload = emulator.posts[0].upload
    assert upload is not None
    return [upload.times_received(offset) for offset in range(0, clip.stat().st_size - CHUNK, CHUNK)]


@pytest.mark.parametrize(
    "quirks", [PostingQuirks(), PostingQuirks(upload_range="count"), PostingQuirks(upload_done=200)]
)
@pytest.mark.parametrize("after", range(4))
async def test_an_upload_continues_from_every_state_in_a_new_session(
    emulator: Emulator, user: EmulatedUser, begun: Begun, after: int, quirks: PostingQuirks
) -> None:
    emulator.posting.quirks = quirks
    publish, clip = await begun()
    state = publish.to_json()
    async with aclosing(publish.upload()) as upload:
        for _ in range(after):
            state = (await anext(upload)).state
    async with emulator.session() as session:
        account = await emulator.connect(session, user)
        await uploaded(account.publish(state))
    assert whole(emulator, clip)
    assert times_sent(emulator, clip) == [1] * 3


async def test_a_state_older_than_what_tiktok_has_sends_nothing_again(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    oldest = publish.to_json()
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
    again = account.publish(oldest, clip)
    assert [progress.sent for progress in await uploaded(again)] == [12_000_000, 19_000_000]
    assert times_sent(emulator, clip) == [1] * 3


async def test_a_finished_upload_has_nothing_left(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    oldest = publish.to_json()
    await uploaded(publish)
    assert await uploaded(publish) == []
    again = account.publish(oldest, clip)
    assert await uploaded(again) == []
    assert (await again.wait()).succeeded
    assert times_sent(emulator, clip) == [1] * 3


@pytest.mark.parametrize("status_answers", [True, False])
@pytest.mark.parametrize(
    "quirks",
    [
        PostingQuirks(torn_chunk=torn, upload_range=bound, chunk_again=again)
        for torn in ("discarded", "kept")
        for bound in ("last", "count")
        for again in ("416", "accepted")
    ],
    ids=lambda quirks: f"{quirks.torn_chunk}-{quirks.upload_range}-{quirks.chunk_again}",
)
async def test_the_offset_of_the_server_is_used(
    emulator: Emulator, begun: Begun, hurry: Any, quirks: PostingQuirks, *, status_answers: bool
) -> None:
    emulator.posting.quirks = quirks
    publish, clip = await begun()
    if not status_answers:
        # Only the answers of the upload host are available.
        emulator.fail_next(Endpoint.STATUS_FETCH, status=400, times=100)
    emulator.tear_upload(3_000_000, 5_999_999)
    emulator.fail_next(UPLOAD, drop="after")
    progress = await hurry(uploaded(publish))
    assert whole(emulator, clip)
    sent = [step.sent for step in progress]
    assert sent == sorted(set(sent))
    assert sent[-1] == 19_000_000


async def test_a_chunk_whose_answer_was_lost_is_not_sent_again(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, hurry: Any
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, drop="after", times=5)
    await hurry(uploaded(publish))
    assert whole(emulator, clip)
    assert times_sent(emulator, clip) == [1] * 3


async def test_two_concurrent_uploads_of_one_publish_are_refused(account: Account, post: VideoPost, clip: Path) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    both = await asyncio.gather(uploaded(publish), uploaded(publish), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in both) == ["ConfigurationError", "list"]


async def test_an_upload_needs_no_working_token(
    emulator: Emulator, account: Account, user: EmulatedUser, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.revoke(user)
    await uploaded(publish)
    assert whole(emulator, clip)


@pytest.mark.parametrize("moment", range(0, 60, 3))
async def test_an_upload_that_is_cancelled_at_any_await_can_continue(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, moment: int
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    task = asyncio.ensure_future(uploaded(publish))
    for _ in range(moment * 10):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await uploaded(publish)
    assert whole(emulator, clip)


async def test_each_chunk_is_an_event_for_the_observer(
    account: Account, post: VideoPost, clip: Path, events: list[Event]
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    await uploaded(publish)
    reported = [event for event in events if isinstance(event, ChunkUploaded)]
    assert [event.sent for event in reported] == [6_000_000, 12_000_000, 19_000_000]
    assert all(event.attempts == 1 and event.publish_id == publish.publish_id for event in reported)
    assert not any("upload_token" in repr(event) for event in events)


async def test_a_progress_bar_moves_within_a_chunk(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    seen = [publish.moved]
    emulator.fail_next(UPLOAD, delay=timedelta(seconds=5))
    sending = asyncio.ensure_future(uploaded(publish))
    while publish.moved in {0, CHUNK} and not sending.done():
        await asyncio.sleep(0)
    seen.append(publish.moved)
    while not sending.done():
        emulator.clock.advance(1)
        await asyncio.sleep(0.001)
    seen.append(publish.moved)
    assert publish.plan is not None
    assert seen[0] == 0 < seen[1] < CHUNK
    assert seen[2] == publish.plan.size
