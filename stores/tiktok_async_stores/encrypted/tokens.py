"""Encrypted tokens: a stolen store does not reveal them."""

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from tiktok_async.abc import Lease, TokenStore, UrgentTokenStore
from tiktok_async.errors import ConfigurationError, TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores._bulk import get_many, pages, put_many
from tiktok_async_stores._notes import KeepsNotes
from tiktok_async_stores._open import KEY_VARIABLE
from tiktok_async_stores.codec.tokens import with_version
from tiktok_async_stores.encrypted.cipher import Keyring, generate_store_key
from tiktok_async_stores.encrypted.notes import EncryptedNotes

__all__ = ["EncryptedTokenStore", "generate_store_key"]


class EncryptedTokenStore(KeepsNotes):
    """Wraps any `TokenStore` and encrypts the two tokens of each record with AES-256-GCM.

    Fields for searches stay readable: accounts, scopes, times, state. Each ciphertext is bound to its account and
    field: copied to another account, or from the access token to the refresh token, it cannot be decrypted. It is not
    bound to the version, which the store sets only after the encryption. So an attacker who can write to the store can
    restore an old record, as a backup does; TikTok then refuses its used refresh token.

    Args:
        inner: The store that keeps the records; `aclose` closes it.
        keys: Url-safe base64 of 32 bytes each, newest first. The first one encrypts, all of them decrypt.
        allow_plaintext: Also read records that are not encrypted, until `rotate` has encrypted them.

    Raises:
        ConfigurationError: There is no key, or one of them is not a key. The message shows none.

    Example:
        >>> store = EncryptedTokenStore(MemoryTokenStore(), keys=[generate_store_key()])
    """

    def __init__(self, inner: TokenStore, keys: Iterable[str], *, allow_plaintext: bool = False) -> None:
        self._inner = inner
        self._urgent = inner if isinstance(inner, UrgentTokenStore) else None
        self._ring = Keyring(keys, allow_plaintext=allow_plaintext)
        self._notes = EncryptedNotes(inner, self._ring)

    @classmethod
    def from_env(cls, inner: TokenStore, *, allow_plaintext: bool = False) -> "EncryptedTokenStore":
        """Wrap *inner* with the keys in `TIKTOK_STORE_KEY`: newest first, separated by commas.

        Raises:
            ConfigurationError: The variable is missing or invalid.
        """
        keys = [key.strip() for key in os.environ.get(KEY_VARIABLE, "").split(",") if key.strip()]
        if not keys:
            raise ConfigurationError(f"{KEY_VARIABLE} is not set; make a key with generate_store_key().")
        return cls(inner, keys, allow_plaintext=allow_plaintext)

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, decrypted, or `None`.

        Raises:
            DecryptionError: None of the keys decrypts it; the record is not changed.
            StoreError: The inner store failed.
        """
        stored = await self._inner.get(key)
        return None if stored is None else self._ring.open(stored)

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token*, encrypted, by compare-and-set.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The inner store failed.
        """
        stored = await self._inner.put(self._ring.seal(token), expected_version=expected_version)
        return with_version(token, stored.version)

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token*, encrypted, as `put` does, and before all other work of an inner store that can.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The inner store failed.
        """
        put = self._inner.put if self._urgent is None else self._urgent.put_urgent
        stored = await put(self._ring.seal(token), expected_version=expected_version)
        return with_version(token, stored.version)

    async def get_many(self, keys: Sequence[AccountKey]) -> list[Token | None]:
        """Return the stored tokens of *keys*, decrypted, with `None` for a missing one.

        Raises:
            DecryptionError: None of the keys decrypts one of them; the record is not changed.
            StoreError: The inner store failed.
        """
        found = await get_many(self._inner, keys)
        return [None if stored is None else self._ring.open(stored) for stored in found]

    async def put_many(self, puts: Sequence[tuple[Token, int | None]]) -> list[Token | TokenConflict]:
        """Store each token, encrypted, by compare-and-set with the version beside it.

        Returns:
            For each, in their order, the token as stored, or its conflict.

        Raises:
            StoreError: The inner store failed; which of them were stored may be unknown.
        """
        sealed = [(self._ring.seal(token), expected) for token, expected in puts]
        return [
            with_version(token, stored.version) if isinstance(stored, Token) else stored
            for (token, _), stored in zip(puts, await put_many(self._inner, sealed), strict=True)
        ]

    async def delete(self, key: AccountKey) -> bool:
        """Delete the token of *key*. Returns whether there was one."""
        return await self._inner.delete(key)

    def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app."""
        return self._inner.keys(client_key)

    def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts whose access token ends before *before*, the earliest first."""
        return self._inner.expiring(client_key, before)

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`.

        Raises:
            LeaseUnavailable: *wait* has passed.
        """
        return self._inner.lease(key, ttl=ttl, wait=wait)

    async def rotate(self, client_key: str) -> int:
        """Encrypt every record of one app with the newest key, while others read and write.

        After that, the older keys are not needed any more. It may be stopped and started again at any time.

        Returns:
            The number of records that were encrypted again; those with the newest key are not changed.

        Raises:
            DecryptionError: None of the keys decrypts a record; records encrypted before that stay so.
            StoreError: The inner store failed.
        """
        count = 0
        async for keys in pages(self._inner.keys(client_key)):
            left = keys
            while left:
                found = await get_many(self._inner, left)
                old = [one for one in found if one is not None and not self._ring.is_newest(one)]
                puts = [(self._ring.seal(self._ring.open(one)), one.version) for one in old]
                stored = await put_many(self._inner, puts)
                # A refresh came first: read it again, since it may have used an older key.
                left = [one.key for one, outcome in zip(old, stored, strict=True) if isinstance(outcome, TokenConflict)]
                count += len(old) - len(left)
        return count

    async def aclose(self) -> None:
        """Close the inner store. Harmless when repeated."""
        await self._inner.aclose()

    def __repr__(self) -> str:
        return f"<EncryptedTokenStore of {self._inner!r}>"
