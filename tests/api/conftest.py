"""A TikTok and a session that talks to it."""

from collections.abc import AsyncIterator

import pytest

from tiktok_async import TikTokSession
from tiktok_async.emulator import Emulator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        yield running


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[TikTokSession]:
    async with emulator.session() as opened:
        yield opened
