"""A process that approves one proposal, once or many times; a test kills it before it ends."""

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
    """A clock that always shows the emulator's time at the start of this process."""

    def __init__(self, now: str) -> None:
        self._now = datetime.fromisoformat(now)

    def now(self) -> datetime:
        return self._now.astimezone(UTC)


async def main(settings: dict[str, str]) -> None:
    """Write an empty line when ready, then one line for each attempt: the new state, or the error."""
    proposal = settings["proposal"]
    rng = random.Random(settings.get("seed"))
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
        write_line("")
        for number in range(int(settings.get("times", "1"))):
            if number and rng.random() < 0.2:
                # The same state as after a kill between the last byte and the storing of the outcome.
                await desk._kept._notes.delete_note(desk._kept._key, f"outcome:{proposal}")
            try:
                write_line((await desk.approve(proposal, approver=settings["key"])).state)
            except TikTokError as error:
                write_line(type(error).__name__)


def write_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
