"""One process of a long Research walk: writes ids and checkpoint in one transaction, and is killed at any time."""

import asyncio
import sqlite3
import sys
from datetime import date
from pathlib import Path

from tiktok_async import F, Query, TikTokSession

QUERY = Query.none(F.username == "nobody")
FIRST, LAST = date(2025, 8, 1), date(2026, 9, 4)


async def walk(url: str, path: Path) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    saved = database.execute("SELECT checkpoint FROM state").fetchone()
    async with TikTokSession(
        client_key="emu_client_key", client_secret="emu_client_secret_0001", base_url=url
    ) as session:
        pages = session.research.videos(
            QUERY, start=FIRST, end=LAST, fields=["id"], checkpoint=None if saved is None else saved[0]
        )
        async for page in pages.pages():
            with database:
                database.execute("BEGIN")
                database.executemany("INSERT INTO videos VALUES (?)", [(video.id,) for video in page.items])
                database.execute("DELETE FROM state")
                database.execute("INSERT INTO state VALUES (?)", (page.checkpoint,))
            sys.stdout.write(f"{len(page.items)}\n")
            sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    asyncio.run(walk(sys.argv[1], Path(sys.argv[2])))
