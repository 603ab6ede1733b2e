"""One post for each key: a restarted worker finds the call that an earlier one made.

The note is written before the init, so that a crash between the two leads to an unknown outcome, never to a second
post.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

from tiktok_async.abc import NoteStore, TokenStore
from tiktok_async.errors import ConfigurationError, OutcomeUnknown, StoreError
from tiktok_async.models import AccountKey

__all__ = ["KEPT", "DedupKey", "dedup_note"]

KEPT = timedelta(days=7)
"""How long a key is remembered."""

_STARTED = b'{"started":true}'
_MOST = 1_000


class DedupKey:
    """A caller's key for one post of one account.

    Args:
        notes: Remembers the key.
        key: The account.
        word: The caller's key.

    Attributes:
        word: The caller's key.
    """

    def __init__(self, notes: NoteStore, key: AccountKey, word: str) -> None:
        self._notes = notes
        self._key = key
        self.word = word
        self._name = "publish:" + hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()

    async def claim(self) -> str | None:
        """Claim the key for a call that is about to be made.

        Returns:
            `None` if it was claimed; otherwise the saved publish of an earlier call.

        Raises:
            OutcomeUnknown: An earlier call began and did not end, or is still running.
            StoreError: The store failed; nothing was sent.
        """
        if await self._claimed():
            return None
        note = await self._notes.get_note(self._key, self._name)
        saved = None if note is None else _saved(note)
        if saved is None:
            raise OutcomeUnknown(
                "An earlier call with this dedup_key has an unknown outcome, or is still running",
                open_id=self._key.open_id,
                dedup_key=self.word,
            )
        return saved

    async def _claimed(self) -> bool:
        putting = asyncio.ensure_future(
            self._notes.put_note(self._key, self._name, _STARTED, ttl=KEPT, only_if_absent=True)
        )
        try:
            return await asyncio.shield(putting)
        except asyncio.CancelledError:
            # The store may already have the claim, and no other call would remove it.
            await _finish(self._undo(putting))
            raise

    async def _undo(self, putting: Awaitable[bool]) -> None:
        if await putting:
            await self._notes.delete_note(self._key, self._name)

    async def save(self, saved: str) -> None:
        """Remember the publish that the call created."""
        value = json.dumps({"saved": saved}).encode()
        # A failure of the store is ignored: the post was accepted, and the caller must get it. A repeated call finds
        # the claim and does not post again.
        await _finish(self._notes.put_note(self._key, self._name, value, ttl=KEPT, only_if_absent=False))

    async def release(self) -> None:
        """Delete the claim: TikTok refused, or nothing was sent, so the same key may be used again."""
        # A failure of the store is ignored: the caller must get the error of the call; the claim ends by itself.
        await _finish(self._notes.delete_note(self._key, self._name))


def dedup_note(store: TokenStore, key: AccountKey, dedup_key: str | None) -> DedupKey | None:
    """Return the record of *dedup_key*; `None` without one.

    Raises:
        ConfigurationError: The key is empty or too long, or the store keeps no notes.
    """
    if dedup_key is None:
        return None
    if not 0 < len(dedup_key) <= _MOST:
        raise ConfigurationError(f"A dedup_key has 1 to {_MOST} characters, such as the id of the job that posts.")
    if not isinstance(store, NoteStore):
        raise ConfigurationError(
            f"dedup_key needs a store that keeps notes, and {type(store).__name__} does not: see "
            "`tiktok_async.abc.NoteStore`."
        )
    return DedupKey(store, key, dedup_key)


async def _finish(work: Coroutine[Any, Any, object]) -> None:
    """Run *work* to its end, even if its caller is cancelled meanwhile.

    Raises:
        CancelledError: The caller was cancelled.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    with suppress(StoreError):
        task.result()
    if cancelled is not None:
        raise cancelled


def _saved(note: bytes) -> str | None:
    data: Any = json.loads(note)
    saved = cast("dict[str, Any]", data).get("saved") if isinstance(data, dict) else None
    return saved if isinstance(saved, str) else None
