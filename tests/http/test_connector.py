"""A cancelled request closes its socket, even if the host never reads the request."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest

from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async.models._http import Request

PIECE = bytes(65_536)
PIECES = 1_000


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that accepts connections and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def open_to(port: int) -> int:
    """Return how many sockets of this process are connected to *port*."""
    return sum(bool(found.raddr) and found.raddr.port == port for found in psutil.Process().net_connections("tcp"))


async def test_a_cancelled_upload_to_a_host_that_reads_nothing_leaves_no_socket(deaf: int) -> None:
    sent = 0

    async def body() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(PIECES):
            sent += 1
            yield PIECE

    transport = AiohttpTransport(Lifecycle())
    headers = {"Content-Length": str(PIECES * len(PIECE))}
    request = Request(method="PUT", url=f"http://127.0.0.1:{deaf}/", headers=headers, body=body(), stall_timeout=60)
    sending = asyncio.ensure_future(transport.send(request))
    before = -1
    while sent == 0 or sent > before:
        before = sent
        await asyncio.sleep(0.05)
    assert sent < PIECES
    assert open_to(deaf) == 1
    sending.cancel()
    await asyncio.wait([sending])
    await asyncio.sleep(0)
    assert sending.cancelled()
    assert open_to(deaf) == 0
    await transport.aclose()
