"""Notes: small records of an account that end by themselves."""

from datetime import timedelta

from tiktok_async.abc import Clock, NoteStore
from tiktok_async.models import AccountKey

__all__ = ["KeepsNotes", "MemoryNotes"]

# Ended notes are removed after this number of puts, so that memory stays in proportion to the valid ones.
_SWEEP_EVERY = 1_000


class KeepsNotes:
    """The `NoteStore` side of a store."""

    _notes: NoteStore

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note *name* of *key*, or `None` if there is none or its time has passed.

        Raises:
            StoreError: The store cannot be reached.
        """
        return await self._notes.get_note(key, name)

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store *value* as the note *name* of *key* for *ttl*. Returns whether it was stored.

        Raises:
            StoreError: The store cannot be reached; whether the note was stored may be unknown.
        """
        return await self._notes.put_note(key, name, value, ttl=ttl, only_if_absent=only_if_absent)

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one.

        Raises:
            StoreError: The store cannot be reached.
        """
        return await self._notes.delete_note(key, name)


class MemoryNotes:
    """Notes in a dictionary.

    Args:
        clock: Says when a note ends.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[AccountKey, str], tuple[float, bytes]] = {}
        self._puts = 0

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, or `None`."""
        until, value = self._kept.get((key, name), (0.0, b""))
        return value if until > self._clock.monotonic() else None

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store a note. Returns whether it was stored."""
        if only_if_absent and await self.get_note(key, name) is not None:
            return False
        now = self._clock.monotonic()
        self._kept[key, name] = (now + ttl.total_seconds(), value)
        self._puts += 1
        if self._puts % _SWEEP_EVERY == 0:
            self._kept = {place: note for place, note in self._kept.items() if note[0] > now}
        return True

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one."""
        until, _ = self._kept.pop((key, name), (0.0, b""))
        return until > self._clock.monotonic()
