"""Clocks that let the emulator's time pass without waiting."""

import asyncio
from typing import Any

from tiktok_async.emulator import Emulator


class FastClock:
    """Sleeps by moving the emulator's time."""

    def __init__(self, emulator: Emulator) -> None:
        self._clock = emulator.clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))
        await asyncio.sleep(0)
