"""`tiktok-async sync`."""

import sys
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Json, note, write_json, write_record
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.cli._sync_progress import SyncProgress
from tiktok_async.errors import ConfigurationError, TikTokError
from tiktok_async.sync import SyncResult
from tiktok_async_stores._open import POSTGRES_SCHEMES
from tiktok_async_stores._url import check_url, file_path

if TYPE_CHECKING:
    from tiktok_async.abc import CheckpointStore
    from tiktok_async.stores import PostgresVideoTable, SQLiteVideoTable


async def command(
    *,
    to: Annotated[str, Parameter(name="--to")],
    concurrency: int = 32,
    look_back: Annotated[int, Parameter(name="--look-back")] = 30,
    json: Json = False,
    options: Options = DEFAULTS,
) -> None:
    """Bring the videos of all accounts up to date in the table `videos` of a SQLite file, or of PostgreSQL.

    Run it again at any time: it continues where it stopped, and asks for new videos, and for changes within the
    look-back. Videos that are no longer listed stay in the table, marked as `gone`.

    Args:
        to: The file (it is made if it is missing), or postgresql://HOST/DATABASE. It also holds the checkpoints.
        concurrency: How many accounts at a time.
        look_back: How many days back to look for changed and missing videos.
        json: Write a line with one JSON document for each account, instead of the counts at the end.
        options: The session's options.
    """
    from tiktok_async.sync import sync_videos

    checkpoints_there, table_there = _target(to)
    # The checkpoint store makes the file, and refuses a file of another program.
    async with aclosing(checkpoints_there) as checkpoints, aclosing(table_there) as table:
        with SyncProgress() as progress:
            async with opened(options, observer=progress.observe) as (session, _):
                results = sync_videos(
                    session,
                    concurrency=concurrency,
                    checkpoints=checkpoints,
                    look_back=timedelta(days=look_back),
                )
                async with aclosing(results):
                    async for result in results:
                        await table.upsert(result.account.open_id, result.videos, result.gone)
                        progress.add(result)
                        _tell(result, json=json)
    if not json:
        write_record(progress.record())
    if progress.failures:
        total = progress.accounts + progress.failures
        raise TikTokError(f"{progress.failures} of {total} accounts failed; run the command again to continue.")


def _target(to: str) -> "tuple[CheckpointStore, SQLiteVideoTable | PostgresVideoTable]":
    """Return the stores for checkpoints and videos; both are in the same place."""
    from tiktok_async import stores

    if "://" not in to:
        return stores.SQLiteCheckpointStore(to), stores.SQLiteVideoTable(to)
    scheme = check_url(to, what="target")
    if scheme == "sqlite":
        return _target(file_path(to))
    if scheme in POSTGRES_SCHEMES:
        try:
            return stores.PostgresCheckpointStore(to), stores.PostgresVideoTable(to)
        except ImportError as error:
            raise ConfigurationError(str(error)) from None
    raise ConfigurationError(f"Videos go to a SQLite file or to postgresql://HOST/DATABASE, not to {scheme}://.")


def _tell(result: SyncResult, *, json: bool) -> None:
    open_id, error = result.account.open_id, result.error
    if json:
        write_json(
            {
                "open_id": open_id,
                "videos": len(result.videos),
                "gone": len(result.gone),
                "watermark": result.watermark,
                "error": None if error is None else str(error),
            }
        )
        sys.stdout.flush()  # a program that reads it gets each line at once
    elif error is not None:
        note(f"{open_id}: {error}")
