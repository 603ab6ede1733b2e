"""The provider of a kill test: an emulator in its own process, with its creators' tokens in a store."""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from tests.sync.conftest import token_of
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.emulator import RecordedRequest as Request
from tiktok_async.models import Endpoint, Secret, fingerprint
from tiktok_async.stores import open_store


async def main(settings: dict[str, Any]) -> None:
    """Serve until standard input ends, then print the counts."""
    quirks = Quirks(window_by="user", rotation=settings["rotation"], rotation_grace=timedelta(minutes=5))
    async with Emulator(access_lifetime=timedelta(seconds=settings["life"]), quirks=quirks) as emulator:
        store = open_store(settings["store"])
        for _ in range(settings["accounts"]):
            user = emulator.add_user(videos=settings["videos"])
            await store.put(token_of(emulator, user), expected_version=None)
        await store.aclose()
        if settings["slow"]:
            emulator.fail_next(Endpoint.TOKEN, times=10**9, drip=timedelta(seconds=settings["slow"]))
        say = {
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": emulator.url,
        }
        print(json.dumps(say), flush=True)  # noqa: T201 - the parent process reads it
        refreshes: dict[int, Request] = {}
        watching = asyncio.create_task(_watch(emulator, refreshes))
        await asyncio.to_thread(sys.stdin.read)
        watching.cancel()
        counts = {
            "rate_limited": sum(emulator.rate_limited.values()),
            "refreshes": sum(emulator.refreshes.values()),
            "reuses": dict(emulator.reuses),
            "requests": {str(key): count for key, count in emulator.requests.counts.items()},
            "asked_again": _asked_again(refreshes.values()),
        }
        print(json.dumps(counts), flush=True)  # noqa: T201 - as above


async def _watch(emulator: Emulator, refreshes: dict[int, Request]) -> None:
    """Keep the refreshes: the emulator's own log is too short for a long run."""
    while True:
        refreshes.update((id(record), record) for record in emulator.requests.to(Endpoint.TOKEN))
        await asyncio.sleep(0.5)


def _asked_again(refreshes: Any) -> dict[str, list[tuple[str, int]]]:
    """Return the times and answers of each refresh token that was used more than once, by fingerprint."""
    calls: dict[str, list[tuple[str, int]]] = {}
    for record in refreshes:
        print_ = fingerprint(Secret(record.form["refresh_token"]))
        calls.setdefault(print_, []).append((record.at.isoformat(), record.status))
    return {token: answers for token, answers in calls.items() if len(answers) > 1}


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
