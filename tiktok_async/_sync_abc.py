"""The seam of bulk sync: where checkpoints live. Part of `tiktok_async.abc`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from tiktok_async.models import AccountKey, Checkpoint, DueAccount

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tiktok_async.abc import Lease

__all__ = ["CheckpointStore"]


class CheckpointStore(Protocol):
    """Where checkpoints live. Any number of tasks, processes and machines use the same records at once.

    Every method raises `StoreError` (and nothing of the library underneath) when the store cannot be reached.
    """

    async def get(self, key: AccountKey) -> Checkpoint | None:
        """Return the checkpoint of *key*, or `None` if there is none."""
        ...

    async def put(self, checkpoint: Checkpoint, *, expected_version: int) -> Checkpoint:
        """Store *checkpoint* under its key, by compare-and-set.

        Args:
            checkpoint: What to store; its own `version` is ignored.
            expected_version: The version that must be stored now; 0 for none at all.

        Returns:
            The checkpoint as stored: its `version` is one more than the one it replaced.

        Raises:
            CheckpointConflict: Another version is stored. Nothing was changed.
            StoreError: The store failed; whether it was stored may be unknown.
        """
        ...

    async def add(self, checkpoints: Sequence[Checkpoint]) -> int:
        """Store those of *checkpoints* whose accounts have none yet, and leave the others as they are.

        Args:
            checkpoints: At most 1,000, of one app.

        Returns:
            How many were stored.
        """
        ...

    async def take_due(self, client_key: str, *, before: datetime, until: datetime, limit: int) -> Sequence[DueAccount]:
        """Hand out accounts that are due before *before*, longest overdue first, and make them due again at *until*.

        It reads an index: the cost depends on *limit* and not on how many accounts there are. Of several callers at
        once, each account goes to one. Versions stay as they are, so that a worker in the middle of an account is
        not disturbed.

        Args:
            client_key: The app.
            before: Accounts that are due earlier than this.
            until: When they are due again if nobody finishes them; not before *before*.
            limit: How many at most, up to 1,000.

        Returns:
            The accounts; fewer than *limit* means that no more are due.
        """
        ...

    async def delete(self, key: AccountKey) -> bool:
        """Forget the checkpoint of *key*. Returns whether there was one; a second call is harmless."""
        ...

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> "AbstractAsyncContextManager[Lease]":
        """Hold the right to sync *key* inside `async with`, as `TokenStore.lease` does.

        It is another lease than the token's: an account that is being synced can still have its token refreshed,
        by the same worker too.

        Args:
            key: The account; it needs no checkpoint.
            ttl: How long the lease outlives a holder that died.
            wait: How long to wait for another holder; zero tries once.

        Raises:
            LeaseUnavailable: *wait* is over and another worker still holds it.
            StoreError: The store failed.
        """
        ...

    async def aclose(self) -> None:
        """Close what this store opened; a client passed in stays open. Harmless when repeated."""
