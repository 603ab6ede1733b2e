"""The host of every `upload_url`, with all status codes that a PUT can get.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import uuid
from collections import deque
from typing import Final, Literal

from aiohttp import web

from tiktok_async.emulator.engine.quirks import PostingQuirks
from tiktok_async.emulator.engine.replies import TEXT, Reply
from tiktok_async.emulator.engine.routes import UPLOAD, Call, RouteDef
from tiktok_async.emulator.engine.server import Dropped
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.posting.rules import FileSource
from tiktok_async.emulator.posting.uploads import CONTENT_TYPES, TORN, Arrival, Upload, parse_range

_PATHS: Final = ("/video/", "/upload", "/upload/")
"""The paths of the upload host."""


class UploadHost:
    """Receives the chunks of all uploads.

    Args:
        state: The state that the areas share.

    Attributes:
        bearers: How many PUTs had an `Authorization` header, which no upload host should receive.
        tears: For each of the next PUTs with new bytes: the number of bytes after which the connection is reset.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._uploads: dict[str, tuple[Upload, PostingQuirks]] = {}
        self.bearers: int = 0
        self.tears: deque[int] = deque()

    def routes(self) -> list[RouteDef]:
        """Return the routes of this host."""
        return [
            RouteDef(endpoint=UPLOAD, method="PUT", path=path, handler=self._put, reads_body=True) for path in _PATHS
        ]

    def open(self, source: FileSource, number: int, quirks: PostingQuirks) -> Upload:
        """Begin an upload task."""
        upload = Upload(
            upload_id=str(number),
            token=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._state.seed} {number}")),
            source=source,
            expires_at=self._state.clock.monotonic() + quirks.upload_life.total_seconds(),
            kept=bytearray() if quirks.media == "checked" else None,
        )
        self._uploads[upload.upload_id] = upload, quirks
        return upload

    def url(self, upload: Upload, path: Literal["/video/", "/upload"]) -> str:
        """Return the `upload_url` of a task."""
        return f"{self._state.url}{path}?upload_id={upload.upload_id}&upload_token={upload.token}"

    async def _put(self, call: Call) -> Reply:
        self.bearers += "Authorization" in call.request.headers
        known = self._uploads.get(call.query.get("upload_id", ""))
        if known is None:
            await drain(call.request)
            return _plain(404, "no such upload task")
        upload, quirks = known
        span = parse_range(call.request.headers.get("Content-Range"))
        first, last = (-1, -1) if span is None else span[:2]
        refused = self._refuse(call, upload, span, again=quirks.chunk_again)
        if refused is None and last < upload.uploaded:
            # The chunk was accepted before, and the quirk allows it again.
            received, complete = await drain(call.request)
        elif refused is None:
            tear = self.tears.popleft() if self.tears else None
            received, complete = await upload.receive(
                call.request, first, keep_torn=quirks.torn_chunk == "kept", tear_after=tear
            )
        else:
            received, complete = await drain(call.request)
        reply = refused or Reply(quirks.upload_done if upload.complete else 206, b"", TEXT)
        upload.arrivals.append(
            Arrival(first=first, last=last, received=received, status=reply.status if complete else 0),
        )
        if not complete:
            raise Dropped
        if refused is None and upload.complete:
            upload.finished()
        if reply.status not in (200, 201, 206, 416):
            return reply
        return Reply(reply.status, reply.body, TEXT, _progress(upload, quirks))

    def _refuse(
        self, call: Call, upload: Upload, span: tuple[int, int, int] | None, *, again: Literal["416", "accepted"]
    ) -> Reply | None:
        """Return the error reply for a PUT, or `None` if it is correct."""
        if call.query.get("upload_token") != upload.token or self._state.clock.monotonic() >= upload.expires_at:
            return _plain(403, "the upload_url has expired")
        if span is None or span[2] != upload.source.size:
            return _plain(400, "Content-Range is malformed")
        first, last, _ = span
        if call.request.headers.get("Content-Type") not in CONTENT_TYPES:
            return _plain(400, "Content-Type is not one of a video")
        if call.request.content_length != last - first + 1:
            return _plain(400, "Content-Length does not fit Content-Range")
        accepted_before = last < upload.uploaded and again == "accepted"
        if first != upload.uploaded and not accepted_before:
            return _plain(416, "Content-Range does not continue the accepted bytes")
        fits = accepted_before or last == upload.chunk[1]
        return None if fits else _plain(400, "Content-Range is not the next chunk of the plan")


async def drain(request: web.BaseRequest) -> tuple[int, bool]:
    """Read a body and discard it; return how many bytes arrived, and whether it was complete."""
    received = 0
    try:
        while piece := await request.content.readany():
            received += len(piece)
    except TORN:
        return received, False
    return received, True


def _plain(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), TEXT)


def _progress(upload: Upload, quirks: PostingQuirks) -> dict[str, str]:
    """Return the reply header with the progress of the upload; there is none before the first byte."""
    if not upload.uploaded:
        return {}
    bound = upload.uploaded - (quirks.upload_range == "last")
    return {"Content-Range": f"bytes 0-{bound}/{upload.source.size}"}
