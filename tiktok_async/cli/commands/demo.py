"""`tiktok-async demo`."""

import tempfile
from pathlib import Path

from tiktok_async.cli._session import store_url


async def command(*, store: str | None = None, videos: int = 250) -> None:
    """Show what this library does, against the emulator: no app, no account and no network are needed.

    Every step says what happened and verifies it. The exit code is 0 only if every step was verified.

    Args:
        store: The token store: a URL, or the path of a SQLite file. By default a file that is deleted at the end.
        videos: How many videos the made-up creator has.
    """
    from tiktok_async.cli._demo import run_demo

    with tempfile.TemporaryDirectory(prefix="tiktok-async-") as folder:
        await run_demo(store_url(store or str(Path(folder) / "tokens.db")), videos=videos)
