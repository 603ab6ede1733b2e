"""Shared helpers of the tests of uploads: small chunks, and a look at what arrived."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from tiktok_async import Publish, UploadProgress
from tiktok_async.emulator import Emulator

CHUNK = 6_000_000
UPLOAD = "upload"

Begun = Callable[[], Awaitable[tuple[Publish, Path]]]


async def uploaded(publish: Publish) -> list[UploadProgress]:
    return [progress async for progress in publish.upload()]


def whole(emulator: Emulator, clip: Path) -> bool:
    return emulator.posts[0].sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
