"""The other side of a kill test: an emulator in a process of its own, and tokens of its creators in a store."""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from tests.sync.conftest import token_of
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.stores import open_store


async def main(settings: dict[str, Any]) -> None:
    """Serve until standard input ends, then say what was counted."""
    quirks = Quirks(window_by="user", rotation=settings["rotation"], rotation_grace=timedelta(minutes=5))
    async with Emulator(access_lifetime=timedelta(seconds=settings["life"]), quirks=quirks) as emulator:
        store = open_store(settings["store"])
        for _ in range(settings["accounts"]):
            user = emulator.add_user(videos=settings["videos"])
            await store.put(token_of(emulator, user), expected_version=None)
        say = {
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": emulator.url,
        }
        print(json.dumps(say), flush=True)  # noqa: T201 - who started this process reads it
        await asyncio.to_thread(sys.stdin.read)
        counts = {
            "rate_limited": sum(emulator.rate_limited.values()),
            "refreshes": sum(emulator.refreshes.values()),
            "reuses": sum(emulator.reuses.values()),
            "requests": {str(key): count for key, count in emulator.requests.counts.items()},
        }
        print(json.dumps(counts), flush=True)  # noqa: T201 - as above
        await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
