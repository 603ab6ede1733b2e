"""An upload goes on from what TikTok has, after whatever broke it off, and sends nothing twice but a torn chunk."""

import asyncio
import hashlib
import io
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tiktok_async import (
    Account,
    ChunkUploaded,
    ConfigurationError,
    Endpoint,
    Event,
    Publish,
    PublishFailed,
    RetryPolicy,
    SessionClosed,
    SourceChanged,
    TikTokSession,
    UploadError,
    UploadExpired,
    UploadProgress,
    UploadRejected,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator, PostingQuirks

CHUNK = 6_000_000
UPLOAD = "upload"


Begun = Callable[[], Awaitable[tuple[Publish, Path]]]


@pytest.fixture
def begun(account: Account, post: VideoPost, clip: Path) -> Begun:
    """Begin to post a video of five chunks, and return it with its file."""

    async def begin() -> tuple[Publish, Path]:
        return await account.post_video(clip, post, chunk_size=CHUNK), clip

    return begin


async def uploaded(publish: Publish) -> list[UploadProgress]:
    return [progress async for progress in publish.upload()]


def whole(emulator: Emulator, clip: Path) -> bool:
    return emulator.posts[0].sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()


def times_sent(emulator: Emulator, clip: Path) -> list[int]:
    """How often each chunk's first byte came in."""
    upload = emulator.posts[0].upload
    assert upload is not None
    return [upload.times_received(offset) for offset in range(0, clip.stat().st_size - CHUNK, CHUNK)]


@pytest.mark.parametrize(
    "quirks", [PostingQuirks(), PostingQuirks(upload_range="count"), PostingQuirks(upload_done=200)]
)
@pytest.mark.parametrize("after", range(6))
async def test_every_state_goes_on_in_a_new_session(
    emulator: Emulator, user: EmulatedUser, begun: Begun, after: int, quirks: PostingQuirks
) -> None:
    emulator.posting.quirks = quirks
    publish, clip = await begun()
    state = publish.to_json()
    async with aclosing(publish.upload()) as upload:
        for _ in range(min(after, 5)):
            state = (await anext(upload)).state
    async with emulator.session() as session:
        account = await emulator.connect(session, user)
        await uploaded(account.publish(state))
    assert whole(emulator, clip)
    assert times_sent(emulator, clip) == [1] * 5


async def test_a_state_older_than_what_tiktok_has_sends_nothing_again(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    oldest = publish.to_json()
    async with aclosing(publish.upload()) as upload:
        for _ in range(3):
            await anext(upload)
    again = account.publish(oldest, clip)
    assert [progress.sent for progress in await uploaded(again)] == [24_000_000, 31_000_000]
    assert times_sent(emulator, clip) == [1] * 5


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
    assert times_sent(emulator, clip) == [1] * 5


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
async def test_the_server_is_right_about_the_offset(
    emulator: Emulator, begun: Begun, hurry: Any, quirks: PostingQuirks, *, status_answers: bool
) -> None:
    emulator.posting.quirks = quirks
    publish, clip = await begun()
    if not status_answers:
        # The upload host's answers alone have to do.
        emulator.fail_next(Endpoint.STATUS_FETCH, status=400, times=100)
    emulator.tear_upload(3_000_000, 5_999_999)
    emulator.fail_next(UPLOAD, drop="after")
    progress = await hurry(uploaded(publish))
    assert whole(emulator, clip)
    sent = [step.sent for step in progress]
    assert sent == sorted(set(sent))
    assert sent[-1] == 31_000_000


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 500},
        {"status": 502, "html": True},
        {"status": 503, "body": b""},
        {"status": 429},
        {"truncate": 0},
    ],
)
async def test_a_chunk_that_failed_is_tried_again(
    emulator: Emulator, begun: Begun, hurry: Any, fault: dict[str, Any]
) -> None:
    emulator.fail_next(UPLOAD, times=2, **fault)
    publish, clip = await begun()
    await hurry(uploaded(publish))
    assert whole(emulator, clip)


async def test_an_outage_ends_in_an_error_that_keeps_the_upload(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, hurry: Any
) -> None:
    emulator.fail_next(UPLOAD, status=502, html=True, times=4)
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    with pytest.raises(UploadError, match="Resume later") as caught:
        await hurry(uploaded(publish))
    assert caught.value.status == 502
    assert caught.value.publish_id == publish.publish_id
    await uploaded(publish)
    assert whole(emulator, clip)


async def test_a_chunk_whose_answer_was_lost_is_not_sent_again(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, hurry: Any
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, drop="after", times=5)
    await hurry(uploaded(publish))
    assert whole(emulator, clip)
    assert times_sent(emulator, clip) == [1] * 5


async def test_the_end_of_the_hour_is_told_by_the_clock(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
        emulator.clock.advance(timedelta(minutes=61))
        with pytest.raises(UploadExpired, match="Start a new post"):
            await anext(upload)


@pytest.mark.parametrize("status", [403, 404])
async def test_an_upload_that_is_gone_needs_a_new_post(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, status: int
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, status=status, body=b"")
    with pytest.raises(UploadExpired, match="this one will not appear") as caught:
        await uploaded(publish)
    assert caught.value.status == status


async def test_an_upload_that_is_gone_because_it_is_complete_is_complete(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    publish = await account.post_video(b"video", post)
    oldest = publish.to_json()
    await uploaded(publish)
    emulator.fail_next(Endpoint.STATUS_FETCH, status=400)
    emulator.fail_next(UPLOAD, status=404, body=b"")
    assert [progress.sent for progress in await uploaded(account.publish(oldest, b"video"))] == [5]


@pytest.mark.parametrize("status", [400, 401, 301, 307, 411, 413])
async def test_a_refused_chunk_is_not_tried_again(
    emulator: Emulator, account: Account, post: VideoPost, status: int
) -> None:
    publish = await account.post_video(b"video", post)
    emulator.fail_next(UPLOAD, status=status, body=b"", headers={"Location": "https://evil.example/"})
    with pytest.raises(UploadRejected) as caught:
        await uploaded(publish)
    assert caught.value.status == status
    assert sum(request.method == "PUT" for request in emulator.requests) == 1


async def test_a_post_that_failed_meanwhile_ends_the_upload(
    emulator: Emulator, account: Account, user: EmulatedUser, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    state = publish.to_json()
    body = b'{"data":{"status":"FAILED","fail_reason":"auth_removed"},"error":{"code":"ok"}}'
    emulator.fail_next(Endpoint.STATUS_FETCH, body=body)
    with pytest.raises(PublishFailed, match="auth_removed"):
        await uploaded(account.publish(state, clip))
    assert user.open_id == account.open_id


async def test_a_host_that_forgets_again_and_again_is_given_up(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, hurry: Any
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-17999999/31000000"}, times=1)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-5999999/31000000"}, times=1)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-17999999/31000000"}, times=100)
    with pytest.raises(UploadError):
        await hurry(uploaded(publish))


@pytest.mark.parametrize("change", ["longer", "shorter", "other bytes", "touched", "gone"])
async def test_a_source_that_changed_before_the_upload_is_not_sent(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, change: str
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    alter(clip, change)
    with pytest.raises((SourceChanged, ConfigurationError)):
        await uploaded(publish)
    assert emulator.posts[0].arrivals == []


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "gone"])
async def test_a_source_that_changed_between_two_chunks_is_not_sent_on(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, change: str
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
        alter(clip, change)
        with pytest.raises(UploadError):
            await anext(upload)
    assert emulator.posts[0].status == "PROCESSING_UPLOAD"


async def test_a_source_that_changes_within_a_chunk_tears_it(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    class Shrinking:
        size = 12_000_000
        reads = 0

        async def read(self, offset: int, length: int) -> bytes:
            self.reads += 1
            return b"x" * (length if self.reads < 6 else length - 1) if offset >= 0 else b""

    publish = await account.post_video(Shrinking(), post, chunk_size=CHUNK)
    with pytest.raises(SourceChanged, match="gave"):
        await uploaded(publish)
    assert emulator.posts[0].status == "PROCESSING_UPLOAD"


async def test_a_source_that_fails_says_so_and_can_be_mended(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    data = os.urandom(12_000_000)

    class Flaky:
        size = len(data)
        broken = False

        async def read(self, offset: int, length: int) -> bytes:
            if self.broken and offset > CHUNK:
                raise RuntimeError("the bucket is away")
            return data[offset : offset + length]

    source = Flaky()
    publish = await account.post_video(source, post, chunk_size=CHUNK)
    source.broken = True
    with pytest.raises(UploadError, match="RuntimeError"):
        await uploaded(publish)
    source.broken = False
    await uploaded(publish)
    assert emulator.posts[0].sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "raw", "memory", "spooled", "writable", "object"])
async def test_every_kind_of_source_arrives_whole(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, kind: str
) -> None:
    source, file = opened(clip, kind)
    publish = await account.post_video(source, post, chunk_size=CHUNK)
    await uploaded(publish)
    assert whole(emulator, clip)
    if file is not None:
        assert not file.closed
        file.close()


async def test_a_resumed_upload_without_its_bytes_asks_for_them(account: Account, post: VideoPost) -> None:
    state = (await account.post_video(b"video", post)).to_json()
    with pytest.raises(ConfigurationError, match=r"account\.publish\(state, source\)"):
        await uploaded(account.publish(state))


async def test_two_uploads_of_one_publish_do_not_mix(account: Account, post: VideoPost, clip: Path) -> None:
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
async def test_an_upload_cancelled_anywhere_goes_on(
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


async def test_each_chunk_is_told_to_the_observer(
    account: Account, post: VideoPost, clip: Path, events: list[Event]
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    await uploaded(publish)
    told = [event for event in events if isinstance(event, ChunkUploaded)]
    assert [event.sent for event in told] == [6_000_000, 12_000_000, 18_000_000, 24_000_000, 31_000_000]
    assert all(event.attempts == 1 and event.publish_id == publish.publish_id for event in told)
    assert not any("upload_token" in repr(event) for event in events)


async def test_a_server_that_stands_still_is_given_up(
    emulator: Emulator, user: EmulatedUser, post: VideoPost, hurry: Any
) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        held.append((reader, writer))

    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    server = await asyncio.start_server(swallow, "127.0.0.1", 0, limit=1_000)
    port = server.sockets[0].getsockname()[1]
    async with emulator.session(retry=RetryPolicy(attempts=1)) as session:
        account = await emulator.connect(session, user)
        publish = await account.post_video(b"v" * 20_000_000, post)
        state = publish.to_json().replace(emulator.url, f"http://127.0.0.1:{port}")
        with pytest.raises(UploadError, match="not acknowledged"):
            await hurry(uploaded(account.publish(state, b"v" * 20_000_000)))
    for _, writer in held:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_a_closed_session_says_so(emulator: Emulator, user: EmulatedUser, post: VideoPost) -> None:
    session: TikTokSession = emulator.session()
    async with session:
        account = await emulator.connect(session, user)
        publish = await account.post_video(b"video", post)
    with pytest.raises(SessionClosed):
        await uploaded(publish)


def alter(clip: Path, change: str) -> None:
    data = clip.read_bytes()
    if change == "longer":
        clip.write_bytes(data + b"x")
    elif change == "shorter":
        clip.write_bytes(data[:-1])
    elif change == "other bytes":
        stat = clip.stat()
        clip.write_bytes(b"y" + data[1:])
        os.utime(clip, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "touched":
        os.utime(clip, ns=(1, 1))
    else:
        clip.unlink()


def opened(clip: Path, kind: str) -> tuple[Any, Any]:
    """Return *clip* as a source of *kind*, and the file to close if there is one."""

    class Stored:
        def __init__(self, data: bytes) -> None:
            self.size = len(data)
            self._data = data

        async def read(self, offset: int, length: int) -> bytes:
            await asyncio.sleep(0)
            return self._data[offset : offset + length]

    data = clip.read_bytes()
    if kind in {"path", "text", "bytes", "object"}:
        return {"path": clip, "text": str(clip), "bytes": data, "object": Stored(data)}[kind], None
    openers: dict[str, Callable[[], Any]] = {
        "file": lambda: clip.open("rb"),
        "raw": lambda: clip.open("rb", buffering=0),
        "memory": lambda: io.BytesIO(data),
        "spooled": lambda: tempfile.SpooledTemporaryFile(max_size=100_000_000),  # noqa: SIM115 - closed by the test
        "writable": lambda: tempfile.TemporaryFile("w+b"),  # noqa: SIM115 - closed by the test
    }
    file = openers[kind]()
    if kind in {"spooled", "writable"}:
        file.write(data)
    return file, file
