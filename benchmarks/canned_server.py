"""A server that answers each request with one page of 20 videos, or with a token: never what is measured.

It may speak TLS, and let a request wait as long as one over the Internet does.
"""

import argparse
import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

PAGE = {
    "data": {
        "videos": [
            {
                "id": str(7080213458555737986 + number),
                "create_time": 1646883959 - number,
                "title": f"video {number}",
                "video_description": f"video {number} #tag and a few words more",
                "duration": 15,
                "height": 1024,
                "width": 576,
                "cover_image_url": f"https://p16-sign-sg.example/emu/{number}.image?x-expires=1657851434&x-signature=abc",
                "share_url": f"https://www.example/@emu_creator/video/{7080213458555737986 + number}",
                "embed_html": '<blockquote class="tiktok-embed"></blockquote>',
                "embed_link": f"https://www.example/static/profile-video?id={7080213458555737986 + number}",
                "like_count": 5,
                "comment_count": 1,
                "share_count": 0,
                "view_count": 321,
            }
            for number in range(20)
        ],
        "cursor": 1646883959000,
        "has_more": False,
    },
    "error": {"code": "ok", "message": "", "log_id": "20261120101010AAAABBBBCCCCDDDD0004"},
}
BODY = orjson.dumps(PAGE)
REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + str(len(BODY)).encode() + b"\r\n\r\n"
) + BODY

TOKEN = orjson.dumps(
    {"access_token": "act.new", "refresh_token": "rft.new", "expires_in": 86_400, "refresh_expires_in": 31_536_000}
)
GRANT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(TOKEN), TOKEN)


class Canned(asyncio.Protocol):
    """Counts requests by their headers' end and bodies by Content-Length; answers each after *latency* seconds."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = 0
            if (at := head.find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            reply = GRANT if head.startswith(b"post /v2/oauth/token/") else REPLY
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)
            else:
                self._transport.write(reply)


@contextmanager
def serving(*, tls: tuple[Path, Path] | None = None, latency: float = 0) -> Iterator[str]:
    """Run it in a process of its own, and give its URL.

    Args:
        tls: Its certificate, for localhost, and its key.
        latency: Seconds that each answer takes.
    """
    options = [f"--latency={latency}", *(("--tls", *map(str, tls)) if tls else ())]
    with subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"{'https://localhost' if tls else 'http://127.0.0.1'}:{int(server.stdout.readline())}"
        finally:
            server.terminate()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Canned(options.latency), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
