"""Upload tasks: receive chunks in order, do not store them, and compute the hash of the bytes.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import hashlib
import re
from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import web
from attrs import define, field, frozen

from tiktok_async.emulator.posting.rules import FileSource

CONTENT_TYPES: Final = ("video/mp4", "video/quicktime", "video/webm")
_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})", re.ASCII)
# A body that ends early raises one of these; it depends on whether aiohttp sees the end or the reset first.
TORN: Final = (OSError, web.RequestPayloadError, web.PayloadAccessError)


class _Digest(Protocol):
    """A hash object that can be copied and updated."""

    def copy(self) -> "_Digest": ...
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@frozen(slots=True, kw_only=True)
class Arrival:
    """One PUT.

    Attributes:
        first: First byte of the announced range; -1 if there was no valid range.
        last: Last byte of that range.
        received: How many bytes of its body arrived.
        status: The HTTP status of the answer; 0 if the connection ended before.
    """

    first: int
    last: int
    received: int
    status: int


@define(eq=False, slots=True, kw_only=True)
class Upload:
    """One upload task: the progress of the file, and all PUTs received for it.

    Attributes:
        upload_id: Its id in the `upload_url`.
        token: The secret in the `upload_url`.
        source: The plan that was accepted at init.
        expires_at: When the URL expires, in the clock's monotonic seconds.
        uploaded: How many bytes were accepted, counted from the first byte.
        arrivals: All PUTs, in the order in which they ended.
        on_complete: Called once, after the last byte.
        kept: The bytes themselves; `None` if media is not checked.
    """

    upload_id: str
    token: str = field(repr=False)
    source: FileSource
    expires_at: float
    uploaded: int = 0
    arrivals: list[Arrival] = field(factory=list[Arrival])
    on_complete: Callable[[], None] | None = field(default=None, repr=False)
    kept: bytearray | None = field(default=None, repr=False)
    _hash: _Digest = field(factory=hashlib.sha256, init=False, repr=False)

    @property
    def complete(self) -> bool:
        """Whether every byte arrived."""
        return self.uploaded == self.source.size

    @property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of the bytes accepted so far."""
        return self._hash.hexdigest()

    @property
    def chunk(self) -> tuple[int, int]:
        """The first and last byte of the next range that the host accepts."""
        return self.uploaded, self.source.end_of_chunk_at(self.uploaded) - 1

    def times_received(self, offset: int) -> int:
        """Return how often the byte at *offset* was received, accepted or not."""
        return sum(arrival.first <= offset < arrival.first + arrival.received for arrival in self.arrivals)

    def finished(self) -> None:
        """Call `on_complete`, only once."""
        on_complete, self.on_complete = self.on_complete, None
        if on_complete is not None:
            on_complete()

    async def receive(
        self, request: web.BaseRequest, first: int, *, keep_torn: bool, tear_after: int | None
    ) -> tuple[int, bool]:
        """Receive the body of a PUT that begins at byte *first*.

        The bytes are hashed and, without `kept`, not stored. They count once the body is complete.

        Args:
            request: The PUT request.
            first: The first byte of its announced range.
            keep_torn: Whether the bytes of a body that ended early count, too.
            tear_after: Reset the connection after this many bytes.

        Returns:
            How many bytes arrived, and whether the body was complete.
        """
        digest, received, complete = self._hash.copy(), 0, False
        pieces = bytearray()
        try:
            while piece := await request.content.readany():
                piece = piece if tear_after is None else piece[: tear_after - received]
                received += len(piece)
                digest.update(piece)
                if self.kept is not None:
                    pieces += piece
                if received == tear_after:
                    _reset(request)
                    break
            else:
                complete = received == request.content_length
        except TORN:
            complete = False
        finally:
            # Another PUT of the same range may have completed while this one was waiting.
            if first == self.uploaded and (complete or keep_torn):
                self.uploaded, self._hash = first + received, digest
                if self.kept is not None:
                    self.kept += pieces
        return received, complete


def parse_range(header: str | None) -> tuple[int, int, int] | None:
    """Return first byte, last byte and total of a `Content-Range`, or `None` if it is malformed."""
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last, total = (int(part) for part in match.groups())
    return (first, last, total) if first <= last < total else None


def _reset(request: web.BaseRequest) -> None:
    # Closing with unread bytes resets the connection.
    if request.transport is not None:
        request.transport.abort()
