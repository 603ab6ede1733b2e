"""Checkpoints in this process's memory, for tests and for runs that are not continued."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from itertools import islice, takewhile

from attrs import define, evolve, field

from tiktok_async.abc import Clock, Lease
from tiktok_async.errors import CheckpointConflict
from tiktok_async.models import AccountKey, Checkpoint, DueAccount
from tiktok_async_stores._url import check_memory_url
from tiktok_async_stores.memory.ordered import OrderedKeys
from tiktok_async_stores.memory.tokens import MemoryTokenStore


@define
class _App:
    """One app's checkpoints, and their accounts in the order of their due times."""

    checkpoints: dict[str, Checkpoint] = field(factory=dict[str, Checkpoint])
    index: OrderedKeys[tuple[datetime, str]] = field(factory=OrderedKeys[tuple[datetime, str]])

    def place(self, checkpoint: Checkpoint) -> None:
        """Store *checkpoint* in place of the one before."""
        self.remove(checkpoint.key.open_id)
        self.checkpoints[checkpoint.key.open_id] = checkpoint
        self.index.add((checkpoint.due_at, checkpoint.key.open_id))

    def remove(self, open_id: str) -> bool:
        """Delete a checkpoint; return whether there was one."""
        before = self.checkpoints.pop(open_id, None)
        if before is not None:
            self.index.remove((before.due_at, open_id))
        return before is not None


class MemoryCheckpointStore:
    """A `CheckpointStore` of one process and one event loop; its data is lost when the process ends.

    Args:
        clock: Times the leases; the default is the real one.

    Example:
        >>> checkpoints = MemoryCheckpointStore()
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._apps: dict[str, _App] = {}
        # Only its leases are used.
        self._leases = MemoryTokenStore(clock=clock)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> "MemoryCheckpointStore":
        """Return a store for `memory://`; each one is empty and separate.

        Raises:
            ConfigurationError: The URL has further parts.
        """
        check_memory_url(url)
        return cls(clock=clock)

    async def get(self, key: AccountKey) -> Checkpoint | None:
        """Return the checkpoint of *key*, or `None`."""
        app = self._apps.get(key.client_key)
        return app.checkpoints.get(key.open_id) if app is not None else None

    async def put(self, checkpoint: Checkpoint, *, expected_version: int) -> Checkpoint:
        """Store *checkpoint* by compare-and-set.

        Raises:
            CheckpointConflict: Another version is stored.
        """
        before = await self.get(checkpoint.key)
        actual = 0 if before is None else before.version
        if actual != expected_version:
            raise CheckpointConflict(
                checkpoint.key.open_id, expected_version=expected_version or None, actual_version=actual or None
            )
        stored = evolve(checkpoint, version=actual + 1)
        self._apps.setdefault(checkpoint.key.client_key, _App()).place(stored)
        return stored

    async def add(self, checkpoints: Sequence[Checkpoint]) -> int:
        """Store those whose accounts have none yet. Returns how many."""
        new = [checkpoint for checkpoint in checkpoints if await self.get(checkpoint.key) is None]
        for checkpoint in new:
            await self.put(checkpoint, expected_version=0)
        return len(new)

    async def take_due(self, client_key: str, *, before: datetime, until: datetime, limit: int) -> Sequence[DueAccount]:
        """Return accounts that are due, the longest overdue first, and make them due again at *until*."""
        app = self._apps.get(client_key)
        if app is None:
            return ()
        due = list(islice(takewhile(lambda entry: entry[0] < before, app.index), limit))
        for _, open_id in due:
            app.place(evolve(app.checkpoints[open_id], due_at=until))
        return tuple(DueAccount(open_id=open_id, checkpoint_id=app.checkpoints[open_id].id) for _, open_id in due)

    async def delete(self, key: AccountKey) -> bool:
        """Delete the checkpoint of *key*. Returns whether there was one."""
        app = self._apps.get(key.client_key)
        return app is not None and app.remove(key.open_id)

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold a lease for the sync of *key* inside `async with`.

        Raises:
            LeaseUnavailable: *wait* has passed.
        """
        return self._leases.lease(key, ttl=ttl, wait=wait)

    async def aclose(self) -> None:
        """Do nothing: the checkpoints stay for other users of this store."""

    def __repr__(self) -> str:
        return f"<MemoryCheckpointStore of {sum(len(app.checkpoints) for app in self._apps.values())} checkpoints>"
