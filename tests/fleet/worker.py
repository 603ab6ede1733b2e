"""One process of a fleet: many tasks call TikTok for a few accounts and record every outcome."""

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

from tiktok_async.errors import ReauthorizationRequired, TikTokError
from tiktok_async.models import Event, TokenRefreshed
from tiktok_async.session import TikTokSession


class Worker:
    """Makes calls until its standard input ends."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._log = Path(settings["log"])
        self._gone: set[str] = set()
        self.counts: Counter[str] = Counter()

    def write(self, **line: Any) -> None:
        """Record what must be known even if this process is killed."""
        with self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def observe(self, event: Event) -> None:
        """Count rotations."""
        if isinstance(event, TokenRefreshed):
            self.counts["refreshed"] += 1

    async def run(self) -> None:
        """Work."""
        settings = self._settings
        async with TikTokSession(
            client_key=settings["client_key"],
            client_secret=settings["client_secret"],
            base_url=settings["url"],
            store=settings["store"],
            limiter="none://",
            timeout=aiohttp.ClientTimeout(total=settings["timeout"]),
            observer=self.observe,
        ) as session:
            for open_id in settings["accounts"]:
                await self._first(session, open_id)
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            tasks = [asyncio.create_task(self._call(session)) for _ in range(settings["tasks"])]
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if not isinstance(result, asyncio.CancelledError):
                self.write(failed=repr(result))
        self.write(**self.counts)

    async def _first(self, session: TikTokSession, open_id: str) -> None:
        try:
            await session.account(open_id).token()
        except ReauthorizationRequired as error:
            self._gone.add(open_id)
            self.write(gone=open_id, reason=error.reason)

    async def _call(self, session: TikTokSession) -> None:
        await asyncio.sleep(random.random() * 0.5)
        while True:
            open_id = random.choice(self._settings["accounts"])
            if open_id in self._gone:
                await asyncio.sleep(0.01)
                continue
            try:
                await session.account(open_id).user_info({"open_id"})
            except ReauthorizationRequired as error:
                self._gone.add(open_id)
                self.write(gone=open_id, reason=error.reason)
            except TikTokError as error:
                self.write(failed=repr(error), open_id=open_id)
            else:
                self.counts["ok"] += 1
            await asyncio.sleep(random.random() * 2 * self._settings["pace"])


if __name__ == "__main__":
    asyncio.run(Worker(json.loads(sys.argv[1])).run())
