"""Encrypted notes, since notes may hold an upload's address."""

from datetime import timedelta

from tiktok_async.abc import NoteStore, TokenStore
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import AccountKey
from tiktok_async_stores.encrypted.cipher import Keyring

__all__ = ["EncryptedNotes"]


class EncryptedNotes:
    """Encrypts the notes of another store. `rotate` does not change them, since they end by themselves.

    Args:
        inner: The store.
        keyring: The keys.
    """

    def __init__(self, inner: TokenStore, keyring: Keyring) -> None:
        self._inner = inner
        self._keyring = keyring

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, decrypted, or `None`."""
        value = await self._store().get_note(key, name)
        return None if value is None else self._keyring.open_note(key, name, value)

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store a note, encrypted. Returns whether it was stored."""
        sealed = self._keyring.seal_note(key, name, value)
        return await self._store().put_note(key, name, sealed, ttl=ttl, only_if_absent=only_if_absent)

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one."""
        return await self._store().delete_note(key, name)

    def _store(self) -> NoteStore:
        if not isinstance(self._inner, NoteStore):
            raise ConfigurationError(f"{type(self._inner).__name__} has no notes: see `tiktok_async.abc.NoteStore`.")
        return self._inner
