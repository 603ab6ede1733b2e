"""A probe against the emulator, on a clock whose sleeps take no time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

from tiktok_async import Limit, TikTokSession
from tiktok_async.abc import Clock, Transport
from tiktok_async.emulator import EmulatedUser, Emulator, Quirks, ResearchData
from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe import Level, Probe, RunState, Watch, mark_of

EVERY_SCOPE = frozenset(
    {Scope.USER_INFO_BASIC, Scope.USER_INFO_PROFILE, Scope.USER_INFO_STATS}
    | {Scope.VIDEO_LIST, Scope.VIDEO_PUBLISH, Scope.VIDEO_UPLOAD}
)


class Hurried(MovableClock):
    """The emulator's clock; each sleep moves it ahead."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> Any:
        return self._clock.now()

    def timestamp(self) -> float:
        return self._clock.timestamp()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Any:
        timer = self._clock.call_later(seconds, callback)
        if 1 < seconds <= 31:  # longer sleeps are timeouts of running work
            asyncio.get_running_loop().call_soon(self._clock.advance, seconds)
        return timer

    async def sleep(self, seconds: float) -> None:
        # Longer sleeps are those of the task that renews a lease, which would move the time again and again.
        if seconds <= 60:
            self._clock.advance(max(0.0, seconds))
        await self._clock.sleep(seconds if seconds > 60 else 0)


@frozen
class World:
    """An emulator with one logged-in account, and the probe."""

    emulator: Emulator
    user: EmulatedUser
    session: TikTokSession
    watch: Watch

    def probe(self, level: Level, file: Path | None = None, state: RunState | None = None) -> Probe:
        mark = mark_of(self.session.client_key, self.user.open_id)
        return Probe(self.session, self.watch, self.user.open_id, state or RunState(file=file, mark=mark, level=level))

    async def answers(self, level: Level = Level.READ) -> dict[str, dict[str, Any]]:
        """Run a probe of *level* and return its report's rows by question."""
        report = await self.probe(level).run()
        return {row["question"]: row for row in report["answers"]}


@asynccontextmanager
async def world(
    quirks: Quirks | None = None,
    *,
    scopes: frozenset[str] = EVERY_SCOPE,
    around: Callable[[Transport], Transport] | None = None,
    videos: int = 20,
    private: bool = False,
    clock: Clock | None = None,
    limiter: str = "none://",
    limits: Mapping[Endpoint, Limit] | None = None,
    **about: Any,
) -> AsyncIterator[World]:
    """Open one; *around* wraps the transport below the watch."""
    watch = Watch()
    async with Emulator(quirks=quirks, limits=limits) as emulator:
        emulator.research.data = ResearchData(first_day=(emulator.clock.now() - timedelta(days=80)).date(), videos=900)
        user = emulator.add_user(videos=videos, scopes=scopes, private=private, **about)
        transport = watch.around if around is None else lambda own: watch.around(around(own))
        async with emulator.session(
            transport=transport, clock=clock or Hurried(emulator.clock), limiter=limiter, timeout=300
        ) as session:
            await emulator.connect(session, user)
            emulator.clock.advance(timedelta(minutes=10))
            watch.texts.clear()
            yield World(emulator, user, session, watch)
