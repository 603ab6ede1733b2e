"""The public types of bulk sync in a user's code: mypy and pyright check this file, and nothing runs it."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import assert_type

from tiktok_async import (
    Account,
    AccountKey,
    AccountSync,
    Checkpoint,
    CheckpointStore,
    DueAccount,
    SyncPage,
    SyncResult,
    SyncState,
    TikTokError,
    TikTokSession,
    Video,
    due_accounts,
    refresh_covers,
    sync_account,
    sync_videos,
)
from tiktok_async.stores import (
    MemoryCheckpointStore,
    RedisCheckpointStore,
    SQLiteCheckpointStore,
    SQLiteVideoTable,
    open_checkpoints,
)
from tiktok_async.workers import SyncJobs


async def one_process(session: TikTokSession, marks: dict[str, datetime]) -> None:
    results = sync_videos(session, accounts=None, since=None, concurrency=32, fields=None)
    assert_type(results, AsyncGenerator[SyncResult, None])
    async for result in results:
        assert_type(result.account, Account)
        assert_type(result.videos, tuple[Video, ...])
        assert_type(result.error, TikTokError | None)
        assert_type(result.watermark, datetime | None)
        assert_type(result.gone, tuple[str, ...])
    async for _ in sync_videos(session, accounts=["one", session.account("two")], since=marks):
        pass
    async for video in refresh_covers(session, "one", [Video(id="1")], within=timedelta(hours=1)):
        assert_type(video, Video)


async def handler(page: SyncPage) -> None:
    assert_type(page.account, Account)
    assert_type(page.videos, tuple[Video, ...])
    assert_type(page.gone, tuple[str, ...])


async def fleet(session: TikTokSession, checkpoints: CheckpointStore, table: SQLiteVideoTable) -> None:
    done = await sync_account(session, "one", handler, checkpoints)
    assert_type(done, AccountSync)
    assert_type(done.state, SyncState)
    await sync_account(session, "one", table.write, checkpoints, checkpoint_id="3", every=timedelta(hours=12))
    async for due in due_accounts(session, checkpoints, limit=1000):
        assert_type(due, DueAccount)
        assert_type(due.open_id, str)
        assert_type(due.checkpoint_id, str)
    assert_type(await checkpoints.get(AccountKey("app", "one")), Checkpoint | None)
    jobs = SyncJobs(session=session, checkpoints=checkpoints, handler=handler)
    assert_type(await jobs.sync("one"), str)


def stores() -> list[CheckpointStore]:
    return [
        MemoryCheckpointStore(),
        SQLiteCheckpointStore("sync.db"),
        RedisCheckpointStore("redis://127.0.0.1/0"),
        open_checkpoints("memory://"),
    ]
