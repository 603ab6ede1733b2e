"""The accounts that a process has at hand, at most as many as there is room for."""

from collections.abc import Iterator

from tiktok_async._tokens.renewal import AccountEntry
from tiktok_async.abc import Clock
from tiktok_async.models import AccountKey

__all__ = ["ROOM", "AccountCache"]

ROOM = 50_000
"""Accounts in the cache, unless the session says otherwise. One takes about a kilobyte."""

_TRIES = 8  # looks for an account that can be forgotten


class AccountCache:
    """The entries of accounts, by open_id.

    Where there is no room for another one, one by chance is forgotten, of two the one whose token is over. Whoever
    walks through more accounts than there is room for, again and again, finds most of what fits; forgetting the
    oldest, or what was used longest ago, would forget each of them just before its turn.

    Args:
        client_key: The app.
        clock: Time and chance.
        room: How many accounts are kept.
    """

    def __init__(self, client_key: str, clock: Clock, room: int) -> None:
        self._client_key = client_key
        self._clock = clock
        self._room = room
        self._entries: dict[str, AccountEntry] = {}
        # In any order, so that one can be drawn; each entry knows its place.
        self._drawn_from: list[AccountEntry] = []
        self.get = self._entries.get

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, open_id: object) -> bool:
        return open_id in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __getitem__(self, open_id: str) -> AccountEntry:
        return self._entries[open_id]

    def entry(self, open_id: str) -> AccountEntry:
        """Return the entry of *open_id*, an empty one if there was none."""
        entry = self._entries.get(open_id)
        if entry is None:
            while len(self._drawn_from) >= self._room and self._forget_one():
                pass
            entry = self._entries[open_id] = AccountEntry(AccountKey(self._client_key, open_id))
            entry.place = len(self._drawn_from)
            self._drawn_from.append(entry)
        return entry

    def pop(self, open_id: str) -> AccountEntry | None:
        """Forget *open_id* and return its entry, if there was one."""
        entry = self._entries.pop(open_id, None)
        if entry is not None:
            last = self._drawn_from.pop()
            if last is not entry:
                self._drawn_from[entry.place] = last
                last.place = entry.place
        return entry

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._drawn_from.clear()

    def _forget_one(self) -> bool:
        """Forget an idle account; the store still has it. Returns whether there was one among a few."""
        for _ in range(_TRIES):
            one, other = self._draw(), self._draw()
            if other.renewal is None and (one.renewal is not None or other.usable_until < self._clock.monotonic()):
                one = other
            if one.renewal is None:
                self.pop(one.key.open_id)
                return True
        return False

    def _draw(self) -> AccountEntry:
        return self._drawn_from[int(self._clock.random() * len(self._drawn_from))]
