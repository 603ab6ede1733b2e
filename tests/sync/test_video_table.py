"""The videos' table: one row a video, however often and by however many it is written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.sync.conftest import World
from tiktok_async import refresh_covers, sync_account
from tiktok_async.models import AccountKey, Video
from tiktok_async.stores import SQLiteCheckpointStore, SQLiteVideoTable


async def test_a_sync_writes_each_video_once_and_marks_gone_videos(world: World, tmp_path: Path) -> None:
    user = await world.connect(videos=45)
    path = tmp_path / "videos.db"
    checkpoints = SQLiteCheckpointStore(path)  # in the same file
    async with SQLiteVideoTable(path) as table:
        await sync_account(world.session, user.open_id, table.write, checkpoints)
        await checkpoints.delete(AccountKey(world.session.client_key, user.open_id))
        await sync_account(world.session, user.open_id, table.write, checkpoints)
        assert await table.counts() == (1, 45)
        await table.upsert(user.open_id, [], gone=user.videos.ids()[:2])
        assert await table.counts() == (1, 43)
    await checkpoints.aclose()
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT id, title, view_count, gone FROM videos ORDER BY id DESC").fetchall()
    assert [row[0] for row in rows] == user.videos.ids()
    first = user.videos[0]
    assert rows[0][1:] == (first["title"], first["view_count"], 1)


async def test_a_video_that_is_listed_again_is_not_marked_as_gone(tmp_path: Path) -> None:
    async with SQLiteVideoTable(tmp_path / "videos.db") as table:
        for gone, listed in (((), 1), (("7",), 0), ((), 1)):
            await table.upsert("one", [Video(id="7", title="x")] if not gone else [], gone)
            assert (await table.counts())[1] == listed


async def test_concurrent_writes_of_the_same_videos_leave_one_row_each(tmp_path: Path) -> None:
    tables = [SQLiteVideoTable(tmp_path / "videos.db") for _ in range(4)]
    videos = [Video(id=str(number), like_count=number) for number in range(50)]
    await asyncio.gather(*(table.upsert("one", videos) for table in tables for _ in range(5)))
    assert await tables[0].counts() == (1, 50)
    for table in tables:
        await table.aclose()


async def test_covers_are_replaced_in_their_videos(world: World, tmp_path: Path) -> None:
    user = await world.connect(videos=3)
    async with SQLiteVideoTable(tmp_path / "videos.db") as table:
        ids = user.videos.ids()
        await table.upsert(user.open_id, [Video(id=video_id, title="kept") for video_id in ids])
        async for video in refresh_covers(world.session, user.open_id, await table.covers(user.open_id)):
            await table.set_cover(user.open_id, video)
        assert all(video.cover_expires_at for video in await table.covers(user.open_id))
        assert [
            video async for video in refresh_covers(world.session, user.open_id, await table.covers(user.open_id))
        ] == []
    with closing(sqlite3.connect(tmp_path / "videos.db")) as database:
        rows = database.execute("SELECT DISTINCT title FROM videos").fetchall()
    assert rows == [("kept",)]
