"""The ids of public posts, kept under their publish: they come minutes or days after the post, to any process."""

import logging
from datetime import timedelta

from tiktok_async.abc import NoteStore
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey

__all__ = ["PostedIds"]

_log = logging.getLogger("tiktok_async")

_KEPT = timedelta(days=90)
# A draft may be posted several times; more than these are not kept.
_MOST = 20


class PostedIds:
    """The ids that are known of one publish.

    Each has a note of its own, so that two processes that learn of two ids at once keep both.

    Args:
        store: Where they are kept; one that keeps no notes leaves them to this object alone.
        key: The account.
        publish_id: The publish.
    """

    def __init__(self, store: object, key: AccountKey, publish_id: str) -> None:
        self._notes = store if isinstance(store, NoteStore) else None
        self._key = key
        self._publish_id = publish_id
        self._known: list[str] = []

    async def add(self, *post_ids: str) -> None:
        """Keep what is new of *post_ids*.

        Raises:
            StoreError: The store failed.
        """
        for post_id in post_ids:
            if post_id not in self._known and len(self._known) < _MOST:
                await self._put(post_id)

    async def learn(self, *post_ids: str) -> None:
        """Keep *post_ids*, or say in the log that the store failed: they can be asked for again."""
        try:
            await self.add(*post_ids)
        except StoreError as error:
            _log.warning("The post ids of %s are not kept: %s", self._publish_id, error)

    async def find(self) -> tuple[str, ...]:
        """Return the ids that are kept, in the order they were learnt.

        Raises:
            StoreError: The store failed.
        """
        while self._notes is not None and len(self._known) < _MOST:
            note = await self._notes.get_note(self._key, self._name())
            if note is None:
                break
            self._known.append(note.decode())
        return tuple(self._known)

    async def _put(self, post_id: str) -> None:
        if self._notes is None:
            self._known.append(post_id)
            return
        while post_id not in await self.find() and len(self._known) < _MOST:
            # If another process has taken the place meanwhile, its id is read and the next place is tried.
            await self._notes.put_note(self._key, self._name(), post_id.encode(), ttl=_KEPT, only_if_absent=True)

    def _name(self) -> str:
        return f"posted:{self._publish_id}:{len(self._known)}"
