"""A process that approves one proposal, once or again and again; a test kills it on the way."""

import asyncio
import json
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from tiktok_async import RetryPolicy, TikTokError, TikTokSession
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.agents import AgentDesk


class Clock(SystemClock):
    """The emulator's time, as it was when this process was started."""

    def __init__(self, now: str) -> None:
        self._now = datetime.fromisoformat(now)

    def now(self) -> datetime:
        return self._now.astimezone(UTC)


async def main(settings: dict[str, str]) -> None:
    """Write an empty line when ready, then one for each attempt: the state that it led to, or the error."""
    proposal = settings["proposal"]
    dice = random.Random(settings.get("seed"))
    async with TikTokSession(
        client_key=settings["client_key"],
        client_secret=settings["client_secret"],
        store=settings["store"],
        base_url=settings["url"],
        clock=Clock(settings["now"]),
        limiter="none://",
        retry=RetryPolicy(attempts=1),
    ) as session:
        desk = AgentDesk(session, record=Path(settings["record"]))
        say("")
        for number in range(int(settings.get("times", "1"))):
            if number and dice.random() < 0.2:
                # As after a kill behind the last byte, before that was kept.
                await desk._kept._notes.delete_note(desk._kept._key, f"outcome:{proposal}")
            try:
                say((await desk.approve(proposal, approver=settings["key"])).state)
            except TikTokError as error:
                say(type(error).__name__)


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
