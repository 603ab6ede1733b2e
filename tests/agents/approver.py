"""A process that approves one proposal; a test kills it on the way."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from tiktok_async import TikTokError, TikTokSession
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.agents import AgentDesk


class Clock(SystemClock):
    """The emulator's time, as it was when this process was started."""

    def __init__(self, now: str) -> None:
        self._now = datetime.fromisoformat(now)

    def now(self) -> datetime:
        return self._now.astimezone(UTC)


async def main(settings: dict[str, str]) -> None:
    async with TikTokSession(
        client_key=settings["client_key"],
        client_secret=settings["client_secret"],
        store=settings["store"],
        base_url=settings["url"],
        clock=Clock(settings["now"]),
    ) as session:
        desk = AgentDesk(session, record=Path(settings["record"]))
        try:
            done = await desk.approve(settings["proposal"], approver=settings["key"])
        except TikTokError as error:
            sys.stdout.write(type(error).__name__)
        else:
            sys.stdout.write(done.state)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
