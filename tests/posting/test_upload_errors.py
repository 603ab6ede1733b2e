"""A chunk that fails is sent again, or our error says what to do."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.posting.uploads import CHUNK, UPLOAD, Begun, uploaded, whole
from tiktok_async import (
    Account,
    Endpoint,
    PublishFailed,
    RetryPolicy,
    SessionClosed,
    TikTokSession,
    UploadError,
    UploadExpired,
    UploadRejected,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator


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


async def test_the_end_of_the_hour_is_measured_by_the_clock(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
        emulator.clock.advance(timedelta(minutes=61))
        with pytest.raises(UploadExpired, match="Start a new post"):
            await anext(upload)


@pytest.mark.parametrize("status", [403, 404])
async def test_an_upload_that_the_host_forgot_needs_a_new_post(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, status: int
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, status=status, body=b"")
    with pytest.raises(UploadExpired, match="this one will not appear") as caught:
        await uploaded(publish)
    assert caught.value.status == status


async def test_an_upload_that_the_host_forgot_after_its_end_is_complete(
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


async def test_an_upload_ends_if_the_host_loses_the_offset_again_and_again(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, hurry: Any
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-11999999/19000000"}, times=1)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-5999999/19000000"}, times=1)
    emulator.fail_next(UPLOAD, status=416, body=b"", headers={"Content-Range": "bytes 0-11999999/19000000"}, times=100)
    with pytest.raises(UploadError):
        await hurry(uploaded(publish))


async def test_an_upload_to_a_server_that_acknowledges_nothing_ends(
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


async def test_a_closed_session_raises_session_closed(emulator: Emulator, user: EmulatedUser, post: VideoPost) -> None:
    session: TikTokSession = emulator.session()
    async with session:
        account = await emulator.connect(session, user)
        publish = await account.post_video(b"video", post)
    with pytest.raises(SessionClosed):
        await uploaded(publish)
