"""The worked `ByteSource` reads from a server with ranges, as S3 has them, and notices another version."""

import hashlib
import importlib.util
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import web

from tiktok_async import Account, TikTokSession, UploadError, VideoPost
from tiktok_async.emulator import Emulator

PATH = Path(__file__).parents[2] / "examples" / "byte_source_ranges.py"
DATA = os.urandom(7_000_001)


class Bucket:
    """One object with an ETag, and a log of the ranges it was asked for."""

    def __init__(self) -> None:
        self.data = DATA
        self.ranges: list[str] = []
        self.url = ""

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        etag = f'"{hashlib.sha256(self.data).hexdigest()}"'
        if request.method == "HEAD":
            return web.Response(headers={"ETag": etag, "Content-Length": str(len(self.data))})
        if request.headers.get("If-Match", etag) != etag:
            return web.Response(status=412)
        asked = request.http_range
        self.ranges.append(request.headers["Range"])
        return web.Response(status=206, body=self.data[asked.start : asked.stop], headers={"ETag": etag})


@pytest.fixture
async def bucket() -> AsyncIterator[Bucket]:
    bucket = Bucket()
    runner = web.ServerRunner(web.Server(bucket.serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    bucket.url = f"http://{host}:{port}/video.mp4"
    yield bucket
    await runner.cleanup()


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("byte_source_ranges", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_an_object_in_a_bucket_is_posted(
    emulator: Emulator, session: TikTokSession, account: Account, bucket: Bucket, example: ModuleType
) -> None:
    assert await example.post(session, account.open_id, bucket.url) == "PUBLISH_COMPLETE"
    assert emulator.posts[0].sha256 == hashlib.sha256(DATA).hexdigest()
    assert len(bucket.ranges) == 2 + 2 + 7


async def test_an_upload_does_not_mix_two_versions_of_an_object(
    emulator: Emulator, account: Account, post: VideoPost, bucket: Bucket, example: ModuleType
) -> None:
    async with example.open_object(bucket.url) as source:
        publish = await account.post_video(source, post)
        bucket.data = os.urandom(len(DATA))
        with pytest.raises(UploadError, match="OSError"):
            async for _ in publish.upload():
                pass
    assert emulator.posts[0].status == "PROCESSING_UPLOAD"
