"""The upload host: statuses, order, torn chunks, expiry, and the hash of the received bytes."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import yarl
from attrs import evolve

from tests.emulator.conftest import Answer, Raw
from tiktok_async.emulator import Post
from tiktok_async.models import Endpoint

SIZE, CHUNK = 11_000_003, 5_242_880
FILE = bytes(index * 7 % 251 for index in range(1_000)) * 11_001
FILE = FILE[:SIZE]


class Uploader:
    """Sends ranges of `FILE` to one `upload_url`."""

    def __init__(self, raw: Raw, url: str, token: str) -> None:
        self.raw = raw
        self.url = url
        self.token = token

    @property
    def post(self) -> Post:
        return self.raw.emulator.posts[-1]

    async def put(self, first: int, stop: int, *, data: Any = None, total: int = SIZE, **headers: str) -> Answer:
        wanted = {"Content-Type": "video/mp4", "Content-Range": f"bytes {first}-{stop - 1}/{total}"}
        body = io.BytesIO(FILE[first:stop]) if data is None else data
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.raw.send("PUT", self.url, data=body, headers={**wanted, **named})

    async def status(self) -> Any:
        answer = await self.raw.call(Endpoint.STATUS_FETCH, self.token, json={"publish_id": self.post.publish_id})
        return answer.data["data"]


@pytest.fixture
async def uploader(raw: Raw) -> Uploader:
    return await begin(raw)


async def begin(raw: Raw, **quirks: Any) -> Uploader:
    """Send an init with these quirks, and return its uploader."""
    raw.emulator.posting.quirks = evolve(raw.emulator.posting.quirks, **quirks)
    # aiohttp repeats a PUT by itself if the connection ends before the answer; this test counts every PUT.
    raw.http._retry_connection = False
    token = raw.emulator.grant(raw.emulator.add_user())["access_token"]
    source = {"source": "FILE_UPLOAD", "video_size": SIZE, "chunk_size": CHUNK, "total_chunk_count": 2}
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": source}
    answer = await raw.call(Endpoint.VIDEO_INIT, token, json=body)
    return Uploader(raw, answer.data["data"]["upload_url"], token)


async def test_chunks_in_order_get_206_and_201_and_arrive_unchanged(uploader: Uploader) -> None:
    first = await uploader.put(0, CHUNK)
    assert (first.status, first.headers["Content-Range"]) == (206, f"bytes 0-{CHUNK - 1}/{SIZE}")
    assert await uploader.status() == {"status": "PROCESSING_UPLOAD", "uploaded_bytes": CHUNK}
    last = await uploader.put(CHUNK, SIZE)
    assert (last.status, last.headers["Content-Range"]) == (201, f"bytes 0-{SIZE - 1}/{SIZE}")
    assert uploader.post.sha256 == hashlib.sha256(FILE).hexdigest()
    assert [(put.first, put.received, put.status) for put in uploader.post.arrivals] == [
        (0, CHUNK, 206),
        (CHUNK, SIZE - CHUNK, 201),
    ]
    assert (await uploader.status())["status"] == "PUBLISH_COMPLETE"


async def test_the_reply_header_may_give_a_byte_count_and_the_last_status_may_be_200(raw: Raw) -> None:
    uploader = await begin(raw, upload_range="count", upload_done=200, upload_path="/upload")
    assert "/upload?upload_id=" in uploader.url
    assert (await uploader.put(0, CHUNK)).headers["Content-Range"] == f"bytes 0-{CHUNK}/{SIZE}"
    assert (await uploader.put(CHUNK, SIZE)).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/octet-stream"}, 400),
        ({"Content_Type": "video/quicktime"}, 206),
        ({"Content_Type": "video/webm"}, 206),
        ({"Content_Range": f"bytes=0-{CHUNK - 1}/{SIZE}"}, 400),
        ({"Content_Range": f"bytes 0-{CHUNK}/{SIZE}"}, 400),
        ({"Content_Range": f"bytes 0-{CHUNK - 1}/{SIZE + 1}"}, 400),
        ({"Content_Range": f"bytes 0-{CHUNK - 1}/*"}, 400),
    ],
)
async def test_malformed_headers_get_400(uploader: Uploader, headers: dict[str, str], status: int) -> None:
    wanted: dict[str, Any] = dict(headers)
    assert (await uploader.put(0, CHUNK, **wanted)).status == status


async def test_a_chunk_of_another_plan_gets_400(uploader: Uploader) -> None:
    assert (await uploader.put(0, CHUNK - 1)).status == 400
    assert uploader.post.arrivals[0].status == 400
    assert (await uploader.status())["uploaded_bytes"] == 0


async def test_a_body_without_a_length_gets_400(uploader: Uploader) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield FILE[:CHUNK]

    assert (await uploader.put(0, CHUNK, data=pieces())).status == 400


async def test_a_chunk_out_of_order_gets_416_and_the_received_range(uploader: Uploader) -> None:
    early = await uploader.put(CHUNK, SIZE)
    assert early.status == 416
    assert "Content-Range" not in early.headers
    await uploader.put(0, CHUNK)
    again = await uploader.put(0, CHUNK)
    assert (again.status, again.headers["Content-Range"]) == (416, f"bytes 0-{CHUNK - 1}/{SIZE}")
    assert uploader.post.upload is not None
    assert uploader.post.upload.times_received(0) == 2
    assert uploader.post.upload.times_received(SIZE - 1) == 1


async def test_a_chunk_sent_again_may_be_accepted_instead(raw: Raw) -> None:
    uploader = await begin(raw, chunk_again="accepted")
    assert [(await uploader.put(0, CHUNK)).status for _ in range(2)] == [206, 206]
    assert [(await uploader.put(CHUNK, SIZE)).status for _ in range(2)] == [201, 201]
    assert uploader.post.sha256 == hashlib.sha256(FILE).hexdigest()
    assert uploader.post.events == ["post.publish.complete"]


async def test_an_unknown_upload_gets_404_and_a_wrong_secret_gets_403(uploader: Uploader) -> None:
    url = uploader.url
    uploader.url = url.replace("upload_id=", "upload_id=1")
    assert (await uploader.put(0, CHUNK)).status == 404
    uploader.url = url[:-1] + "z"
    assert (await uploader.put(0, CHUNK)).status == 403


async def test_an_upload_url_expires_after_an_hour(uploader: Uploader) -> None:
    await uploader.put(0, CHUNK)
    uploader.raw.emulator.clock.advance(timedelta(minutes=59))
    assert (await uploader.put(0, CHUNK)).status == 416
    uploader.raw.emulator.clock.advance(timedelta(minutes=2))
    assert (await uploader.put(CHUNK, SIZE)).status == 403


@pytest.mark.parametrize(("quirk", "kept"), [("discarded", 0), ("kept", 1_000_000)])
async def test_a_torn_chunk_is_discarded_or_kept(raw: Raw, quirk: str, kept: int) -> None:
    uploader = await begin(raw, torn_chunk=quirk)
    raw.emulator.tear_upload(1_000_000)
    with pytest.raises(aiohttp.ClientError):
        await uploader.put(0, CHUNK)
    assert (await uploader.status())["uploaded_bytes"] == kept
    assert [(put.received, put.status) for put in uploader.post.arrivals] == [(1_000_000, 0)]
    assert (await uploader.put(kept, CHUNK)).status == 206
    assert (await uploader.put(CHUNK, SIZE)).status == 201
    assert uploader.post.sha256 == hashlib.sha256(FILE).hexdigest()


async def test_a_client_that_disconnects_within_a_chunk_does_not_change_the_file(uploader: Uploader) -> None:
    url = yarl.URL(uploader.url)
    assert url.host is not None
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"PUT {url.raw_path_qs} HTTP/1.1\r\nHost: {url.authority}\r\nContent-Type: video/mp4\r\n"
    lengths = f"Content-Length: {CHUNK}\r\nContent-Range: bytes 0-{CHUNK - 1}/{SIZE}\r\n\r\n"
    writer.write((head + lengths).encode() + FILE[:100_000])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    while not uploader.post.arrivals:
        await asyncio.sleep(0.005)
    (torn,) = uploader.post.arrivals
    assert torn.status == 0
    assert torn.received <= 100_000
    assert (await uploader.put(0, CHUNK)).status == 206
    assert uploader.raw.emulator.requests.statuses["upload", 0] == 1


async def test_an_upload_survives_faults_of_the_gateway(uploader: Uploader) -> None:
    emulator = uploader.raw.emulator
    emulator.fail_next("upload", status=502, html=True)
    emulator.fail_next("upload", drop="before")
    emulator.fail_next("upload", drop="after")
    assert (await uploader.put(0, CHUNK)).status == 502
    with pytest.raises(aiohttp.ClientError):
        await uploader.put(0, CHUNK)
    assert (await uploader.status())["uploaded_bytes"] == 0
    with pytest.raises(aiohttp.ClientError):
        await uploader.put(0, CHUNK)
    assert (await uploader.status())["uploaded_bytes"] == CHUNK


async def test_a_bearer_token_at_the_upload_host_is_recorded_as_a_leak(uploader: Uploader) -> None:
    await uploader.put(0, CHUNK)
    assert not uploader.raw.emulator.leaked_bearer
    await uploader.put(CHUNK, SIZE, Authorization=f"Bearer {uploader.token}")
    assert uploader.raw.emulator.leaked_bearer
    assert uploader.raw.emulator.leaks(uploader.token)
