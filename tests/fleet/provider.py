"""The emulator in a process of its own, with accounts that are logged in."""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint


async def serve(settings: dict[str, Any]) -> None:
    """Serve until the end of the standard input, then print what was counted."""
    async with Emulator(
        access_lifetime=timedelta(seconds=settings["life"]), limits=dict.fromkeys(Endpoint, None)
    ) as emulator:
        async with emulator.session(store=settings["store"]) as session:
            accounts = [await emulator.connect(session, emulator.add_user()) for _ in range(settings["accounts"])]
        if settings["slow"]:
            # Answers are delayed as real ones are, so that kills happen between the work and its answer.
            emulator.fail_next(Endpoint.TOKEN, times=10**9, drip=timedelta(seconds=settings["slow"]))
        _say(
            url=emulator.url,
            client_key=emulator.client_key,
            client_secret=emulator.client_secret,
            accounts=[account.open_id for account in accounts],
        )
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        statuses = emulator.requests.statuses
        _say(
            refreshes=emulator.refreshes,
            reuses=emulator.reuses,
            token={status: count for (to, status), count in statuses.items() if to is Endpoint.TOKEN},
        )


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
