"""An emulated TikTok with one connected creator, and a way to move its clock ahead."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.posting.uploads import CHUNK, Begun
from tiktok_async import Account, Event, PrivacyLevel, Publish, TikTokSession, VideoPost
from tiktok_async.emulator import EmulatedUser, Emulator

T = TypeVar("T")

MB = 1_000_000
_CLIP = random.Random(19).randbytes(19 * MB)  # made once: making it takes longer than sending it
Hurry = Callable[[Awaitable[T]], Awaitable[T]]


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user()


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def session(emulator: Emulator, events: list[Event]) -> AsyncIterator[TikTokSession]:
    async with emulator.session(observer=events.append) as opened:
        yield opened


@pytest.fixture
async def account(emulator: Emulator, session: TikTokSession, user: EmulatedUser) -> Account:
    return await emulator.connect(session, user)


@pytest.fixture
def post() -> VideoPost:
    return VideoPost(title="hello #emu", privacy_level=PrivacyLevel.SELF_ONLY)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of three chunks of 6 MB: the first, one between, and the last one, which is larger."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(_CLIP)
    return path


@pytest.fixture
def hurry(emulator: Emulator) -> Hurry[object]:
    """Await something while the emulator's time, which is the session's too, runs some hundred times as fast."""

    async def run(work: Awaitable[T]) -> T:
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=0.005)
                emulator.clock.advance(2)
            return await task
        finally:
            task.cancel()

    return run


@pytest.fixture
def begun(account: Account, post: VideoPost, clip: Path) -> Begun:
    """Begin to post `clip` in its chunks, and return it with its file."""

    async def begin() -> tuple[Publish, Path]:
        return await account.post_video(clip, post, chunk_size=CHUNK), clip

    return begin
