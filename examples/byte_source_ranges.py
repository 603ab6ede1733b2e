r"""Post a video from a bucket without storing it on this machine: a `ByteSource` over HTTP ranges.

    TIKTOK_CLIENT_KEY=... TIKTOK_CLIENT_SECRET=... TIKTOK_TOKEN_STORE=sqlite:///tokens.db \
        python examples/byte_source_ranges.py OPEN_ID https://bucket.example/video.mp4

S3, R2, GCS and every common web server support `Range`. For a private object, use a presigned URL that is valid for
more than an hour, since an upload may take up to an hour.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tiktok_async import PrivacyLevel, TikTokSession, VideoPost


class RangeSource:
    """An object that is read range by range, and that must not change meanwhile.

    Args:
        http: The HTTP client; the caller closes it.
        url: The object's URL.
        size: Its size in bytes.
        etag: Its version: the server's ETag for the contents with this *size*.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, *, size: int, etag: str) -> None:
        self._http = http
        self._url = url
        self._etag = etag
        self.size = size

    async def read(self, offset: int, length: int) -> bytes:
        """Return *length* bytes from *offset* on."""
        headers = {"Range": f"bytes={offset}-{offset + length - 1}", "If-Match": self._etag}
        async with self._http.get(self._url, headers=headers) as response:
            # 200: the server ignores ranges and sends the whole object. 412: the object has changed.
            if response.status != 206:  # noqa: PLR2004 - Partial Content
                msg = f"the object's server answered with {response.status} instead of a range"
                raise OSError(msg)
            return await response.read()


@asynccontextmanager
async def open_object(url: str) -> AsyncIterator[RangeSource]:
    """Ask for an object's size and version, and prepare to read it."""
    async with aiohttp.ClientSession() as http:
        async with http.head(url) as response:
            response.raise_for_status()
            size, etag = int(response.headers["Content-Length"]), response.headers["ETag"]
        yield RangeSource(http, url, size=size, etag=etag)


async def post(session: TikTokSession, open_id: str, url: str) -> str:
    """Post the object at *url* for the creator alone, and return the post's last state."""
    async with open_object(url) as source:
        publish = await session.account(open_id).post_video(
            source, VideoPost(title="From a bucket", privacy_level=PrivacyLevel.SELF_ONLY)
        )
        async for progress in publish.upload():
            print(f"{progress.sent / progress.total:.0%}")
    status = await publish.wait()
    return str(status.state)


async def main(open_id: str, url: str) -> None:
    """Post one video."""
    async with TikTokSession.from_env() as session:
        print(await post(session, open_id, url))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
