"""What the extra `media` adds: PyAV reads a video whose header is incomplete, Pillow decodes a photo."""

import asyncio
import io
import threading
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any, Self, TypeVar

from attrs import evolve

from tiktok_async._headers.reading import Header
from tiktok_async.api.posting.video import OpenVideo

__all__ = ["completed", "is_whole_photo"]

T = TypeVar("T")

_MOST = 32 * 1024 * 1024
_LONGEST_SECONDS = 10**9
_CODECS = {"hevc": "h265"}


async def completed(header: Header, video: OpenVideo, size: int) -> Header:
    """Return *header*, completed with what PyAV finds if it is installed. At most 32 MiB are read."""
    silent = None in (header.duration, header.frame_rate, header.width, header.height)
    if header.kind != "video" or not silent or (av := _module("av")) is None:
        return header
    with _Bridge(video, size) as bridge:
        return await _in_thread(lambda: _look(av, bridge, header), bridge)


async def is_whole_photo(video: OpenVideo, size: int) -> bool | None:
    """Decode a photo; `None` where Pillow is not installed."""
    pillow = _module("PIL.Image")
    if pillow is None:
        return None
    data = bytes(await video.read(0, size))
    return await asyncio.to_thread(_decodes, pillow, data)


def _module(name: str) -> ModuleType | None:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        return None


def _decodes(pillow: Any, data: bytes) -> bool:  # noqa: ANN401 - a module that may not be installed
    try:
        with pillow.open(io.BytesIO(data), formats=("JPEG", "WEBP")) as image:
            image.load()
    except Exception:  # noqa: BLE001 - a decoder may raise any exception
        return False
    return True


def _look(av: Any, bridge: "_Bridge", header: Header) -> Header:  # noqa: ANN401 - as above
    limits = {"probesize": "5000000", "analyzeduration": "5000000"}
    try:
        with av.open(bridge, options=limits) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate or stream.guessed_rate
            length = container.duration / av.time_base if container.duration else 0
            return evolve(
                header,
                video=header.video or _CODECS.get(stream.codec_context.name, stream.codec_context.name),
                duration=header.duration or (timedelta(seconds=length) if 0 < length < _LONGEST_SECONDS else None),
                frame_rate=header.frame_rate or (float(rate) if rate else None),
                width=header.width or stream.codec_context.width or None,
                height=header.height or stream.codec_context.height or None,
            )
    except Exception:  # noqa: BLE001 - as above; what it cannot read stays unknown
        return header


async def _in_thread(work: Callable[[], T], bridge: "_Bridge") -> T:
    # A cancelled call still waits for the thread, which uses what the caller closes next.
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        bridge.stop()
        await asyncio.wait([task])
        raise


class _Bridge:
    """A file for a thread, whose bytes the event loop reads."""

    def __init__(self, video: OpenVideo, size: int) -> None:
        self._video = video
        self._size = size
        self._at = 0
        self._left: int = _MOST
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the file here."""
        self._stopped.set()

    def read(self, length: int) -> bytes:
        """Return the next bytes; none at the end, or at the limit."""
        length = min(length, self._size - self._at, self._left)
        if length <= 0 or self._stopped.is_set():
            return b""
        block = asyncio.run_coroutine_threadsafe(self._video.read(self._at, length), self._loop).result()
        self._at += length
        self._left -= length
        return bytes(block)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position, as files do."""
        self._at = max(0, (0, self._at, self._size)[whence] + offset)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at
