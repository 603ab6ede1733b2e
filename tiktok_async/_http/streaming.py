"""Answers that are files: yielded in pieces, while an error in place of a file is read like any other answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from copy import copy
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self

from tiktok_async._http.transport import AiohttpTransport, StreamedResponse
from tiktok_async.abc import Transport
from tiktok_async.errors import unexpected_form
from tiktok_async.models._http import RawResponse, Request, Response, is_success

__all__ = ["Opener", "Streaming", "opener_of"]

Opener = Callable[[Request], AbstractAsyncContextManager[StreamedResponse]]
"""Sends a request and opens its answer: `AiohttpTransport.stream`."""

_MOST_WORDS = 1024 * 1024
_OK = b'{"data":{},"error":{"code":"ok"}}'


def opener_of(transport: Transport) -> Opener:
    """Return what opens an answer that is a file.

    A transport of the caller's knows whole answers alone: there the file is in memory before its first piece.
    """
    return transport.stream if isinstance(transport, AiohttpTransport) else partial(_whole, transport)


@asynccontextmanager
async def _whole(transport: Transport, request: Request) -> AsyncGenerator[StreamedResponse, None]:
    async def pieces() -> AsyncIterator[bytes]:
        if raw.body:
            yield raw.body

    raw = await transport.send(request)
    yield StreamedResponse(status=raw.status, headers=raw.headers, pieces=pieces())


class Streaming:
    """One download, which may need several attempts to begin; the end of its `async with` closes the connection.

    Args:
        opener: Opens an answer.
        stall_timeout: Seconds without a byte after which the connection counts as lost; there is no total time.
    """

    def __init__(self, opener: Opener, *, stall_timeout: float) -> None:
        self._opener = opener
        self._stall_timeout = stall_timeout
        # A file that has begun, and what closes its connection.
        self._answer: StreamedResponse | None = None
        self._stack: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stack, self._answer, self._stack = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    async def send(self, request: Request) -> RawResponse:
        """Send *request*; if a file begins, keep it open and return a successful answer.

        Raises:
            TransportError: There was no answer, or it broke off.
        """
        waiting = copy(request)
        waiting.stall_timeout = self._stall_timeout
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(self._opener(waiting))
            pieces = answer.pieces
            first = await anext(pieces, b"")
            if _is_file(answer.status, first):
                self._answer = StreamedResponse(
                    status=answer.status, headers=answer.headers, pieces=_chained(first, pieces)
                )
                self._stack = stack.pop_all()
                return RawResponse(status=answer.status, headers=answer.headers, body=_OK)
            words = [first]
            async for piece in pieces:
                words.append(piece)
                if sum(map(len, words)) > _MOST_WORDS:
                    break  # no error answer of TikTok is that long
            return RawResponse(status=answer.status, headers=answer.headers, body=b"".join(words))

    def opened(self, response: Response, endpoint: str) -> StreamedResponse:
        """Return the file that began.

        Raises:
            ServerError: TikTok answered with success, but without a file.
        """
        if self._answer is None:
            raise unexpected_form(
                "the answer is JSON in place of the requested file",
                log_id=response.log_id,
                status=response.status,
                endpoint=endpoint,
            )
        return self._answer


def _is_file(status: int, first: bytes) -> bool:
    # An error is JSON. No archive and no list of ids begins like JSON, but a part of one may.
    # https://developers.tiktok.com/doc/data-portability-api-download
    return status == HTTPStatus.PARTIAL_CONTENT or (is_success(status) and not first.lstrip().startswith(b"{"))


async def _chained(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        yield piece
