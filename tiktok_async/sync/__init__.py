"""Bulk sync: the videos of thousands of creators, from one process or from a fleet.

`sync_videos` is for one process and yields results as they come. `sync_account` and `due_accounts` are for a fleet on
any worker engine. The engine only carries jobs: a job that is lost, late or run twice does not change what is stored in
the end.
"""

from tiktok_async.models import AccountSync, Checkpoint, DueAccount, SyncState
from tiktok_async.sync._account import Handler, sync_account
from tiktok_async.sync._covers import refresh_covers
from tiktok_async.sync._due import due_accounts, enrol_accounts
from tiktok_async.sync._results import SyncPage, SyncResult
from tiktok_async.sync._videos import sync_videos

__all__ = [
    "AccountSync",
    "Checkpoint",
    "DueAccount",
    "Handler",
    "SyncPage",
    "SyncResult",
    "SyncState",
    "due_accounts",
    "enrol_accounts",
    "refresh_covers",
    "sync_account",
    "sync_videos",
]
