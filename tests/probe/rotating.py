"""A process that runs a probe of level `rotate`; a test kills it during the run."""

import asyncio
import json
import sys
from pathlib import Path

from tiktok_async import TikTokSession
from tiktok_async.probe import Level, Probe, RunState, Watch, mark_of


async def main(settings: dict[str, str]) -> None:
    """Write an empty line when ready, and the number of answers at the end."""
    watch = Watch()
    async with TikTokSession(
        client_key=settings["client_key"],
        client_secret=settings["client_secret"],
        store=settings["store"],
        base_url=settings["url"],
        authorize_url=settings["authorize_url"],
        transport=watch.around,
        limiter="none://",
    ) as session:
        open_id = settings["open_id"]
        state = RunState(file=Path(settings["file"]), mark=mark_of(session.client_key, open_id), level=Level.ROTATE)
        sys.stdout.write("\n")
        sys.stdout.flush()
        report = await Probe(session, watch, open_id, state).run()
    sys.stdout.write(f"{len(report['answers'])}\n")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
