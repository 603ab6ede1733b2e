"""Tokens in Redis, shared by the processes of any number of machines."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from attrs import frozen

from tiktok_async._clock import SystemClock
from tiktok_async.abc import Clock, Lease
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores import _redis_scripts as scripts
from tiktok_async_stores._batch import Batcher, Failure
from tiktok_async_stores._codec import decode_token, encode_token, to_microseconds, with_version
from tiktok_async_stores._lease import hold_lease
from tiktok_async_stores._notes import KeepsNotes
from tiktok_async_stores._redis_leases import RedisLeases
from tiktok_async_stores._redis_link import RedisClient
from tiktok_async_stores._redis_notes import RedisNotes
from tiktok_async_stores._redis_safety import Inspection
from tiktok_async_stores._unsafe import OnUnsafe
from tiktok_async_stores._waiting import finish

_PAGE = 200
_TOGETHER = 100

# Moves any datetime into the positive numbers, so that as fixed-width hexadecimal they sort as times do.
_OFFSET = 2**62


@frozen
class _Put:
    """A put on its way; the request id makes a second arrival harmless."""

    token: Token
    expected: int | None
    request: str


class RedisTokenStore(RedisLeases, KeepsNotes):
    """A `TokenStore` in Redis 5 or newer, or a server that speaks as it does.

    All keys of one app share the hash tag `{client_key}`: so a step that touches a record and the index is one Lua
    call, in a cluster too. The price is that one app lives on one shard of a cluster; a shard holds millions of
    tokens.

    A record ends with its refresh token (`refresh_expires_at`), by Redis's clock. Leases end by Redis's clock too.
    Reads, and puts, that wait at the same time share a round trip.

    On first use the server's settings are looked at: what could lose tokens is logged by `tiktok_async.stores` and
    given to *on_unsafe*. Nothing is refused.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, as redis-py reads it, with a user and password for ACLs.
        client: Instead of *url*: a client of `redis.asyncio`, also of a Sentinel or a Cluster. It stays yours to close.
        prefix: The start of all keys.
        clock: Times the waiting for leases; the default is the real one.
        on_unsafe: Called once with each dangerous setting.

    Raises:
        ConfigurationError: Not exactly one of *url* and *client* was given, or one of the arguments cannot be used.

    Example:
        >>> store = RedisTokenStore("redis://localhost:6379/0")
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        client: RedisClient | None = None,
        prefix: str = "tiktok",
        clock: Clock | None = None,
        on_unsafe: OnUnsafe | None = None,
    ) -> None:
        super().__init__(url, client, prefix)
        self._clock = clock or SystemClock()
        self._notes = RedisNotes(self._link, self._key)
        self._inspection = Inspection(self._link, self._clock, on_unsafe)
        self._reads = Batcher[AccountKey, bytes | None](self._get_many, limit=_TOGETHER)
        self._puts = Batcher[_Put, int](self._put_many, limit=_TOGETHER)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        prefix: str = "tiktok",
        clock: Clock | None = None,
        on_unsafe: OnUnsafe | None = None,
    ) -> "RedisTokenStore":
        """Make a store of a Redis URL."""
        return cls(url, prefix=prefix, clock=clock, on_unsafe=on_unsafe)

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None`.

        Raises:
            StoreError: Redis cannot be reached.
        """
        if not self._inspection.done:
            await self._inspection.run()
        value = await self._reads.share(key)
        if value is None:
            return None
        version, _, _, body = _bytes(value).split(b" ", 3)
        return decode_token(body, key=key, version=int(version))

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* by compare-and-set.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: Redis cannot be reached; whether the token was stored may be unknown.
        """
        if not self._inspection.done:
            await self._inspection.run()
        version = await self._puts.submit(_Put(token, expected_version, uuid4().hex[:16]))
        return with_version(token, version)

    async def delete(self, key: AccountKey) -> bool:
        """Forget the token of *key*. Returns whether there was one.

        Raises:
            StoreError: Redis cannot be reached.
        """
        keys = [*self._lists(key.client_key), self._record(key)]
        return bool(await self._link.run(scripts.DELETE, keys, key.open_id.encode()))

    async def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app, page by page.

        Raises:
            StoreError: Redis cannot be reached.
        """
        _, accounts = self._lists(client_key)
        async for member in self._members(client_key, accounts, "accounts", b"+"):
            yield AccountKey(client_key, member.decode())

    async def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts whose access token ends before *before*, soonest first, page by page.

        Raises:
            StoreError: Redis cannot be reached.
        """
        index, _ = self._lists(client_key)
        async for member in self._members(client_key, index, "index", b"(" + _due(before)):
            yield AccountKey(client_key, member.partition(b":")[2].decode())

    async def _members(self, client_key: str, listing: bytes, which: str, end: bytes) -> AsyncIterator[bytes]:
        start, full = b"-", True
        while full:
            page = await self._link.command("ZRANGEBYLEX", listing, start, end, "LIMIT", 0, _PAGE)
            members = [_bytes(member) for member in page]
            full = len(members) == _PAGE
            if not members:
                return
            start = b"(" + members[-1]
            open_ids = [m.partition(b":")[2] if which == "index" else m for m in members]
            records = [self._key(client_key, b"token", open_id) for open_id in open_ids]
            live = await self._link.run(scripts.LIVE, [listing, *records], which, *members)
            for member, alive in zip(members, live, strict=True):
                if alive:
                    yield member

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`, among all who use the server.

        Raises:
            LeaseUnavailable: *wait* is over.
            StoreError: Redis cannot be reached.
        """
        return hold_lease(self, key, ttl=ttl, wait=wait, clock=self._clock)

    async def aclose(self) -> None:
        """Finish what is being sent and close the client, if it is this store's. Harmless when repeated."""
        await finish(self._close())

    async def _close(self) -> None:
        await self._reads.drain()
        await self._puts.drain()
        await self._link.aclose()

    async def _get_many(self, keys: Sequence[AccountKey]) -> Sequence[bytes | None]:
        if len(keys) == 1:
            return [await self._link.command("GET", self._record(keys[0]))]
        # In a cluster a command may touch one slot only, and an app is one slot.
        found: dict[AccountKey, bytes | None] = {}
        for client_key in {key.client_key for key in keys}:
            ours = [key for key in keys if key.client_key == client_key]
            values = await self._link.command("MGET", *(self._record(key) for key in ours))
            found.update(zip(ours, values, strict=True))
        return [found[key] for key in keys]

    async def _put_many(self, puts: Sequence[_Put]) -> Sequence[int | Failure]:
        answers: dict[str, int] = {}
        for client_key in {put.token.key.client_key for put in puts}:
            ours = [put for put in puts if put.token.key.client_key == client_key]
            keys = [*self._lists(client_key), *(self._record(put.token.key) for put in ours)]
            arguments = [argument for put in ours for argument in _arguments(put)]
            versions = await self._link.run(scripts.PUT, keys, *arguments)
            answers.update(zip((put.request for put in ours), versions, strict=True))
        return [_answer(put, answers[put.request]) for put in puts]

    def _record(self, key: AccountKey) -> bytes:
        return self._key(key.client_key, b"token", key.open_id.encode())

    def _lists(self, client_key: str) -> tuple[bytes, bytes]:
        return self._key(client_key, b"expiring"), self._key(client_key, b"accounts")

    def __repr__(self) -> str:
        return f"<RedisTokenStore with prefix {self._prefix!r}>"


def _arguments(put: _Put) -> tuple[Any, ...]:
    token = put.token
    return (
        "" if put.expected is None else put.expected,
        put.request,
        _due(token.expires_at) if token.state is TokenState.ACTIVE else b"-",
        token.key.open_id.encode(),
        encode_token(token),
        to_microseconds(token.refresh_expires_at) // 1000,
    )


def _answer(put: _Put, answer: int) -> int | Failure:
    if answer > 0:
        return answer
    actual = -1 - answer
    return Failure(
        TokenConflict(put.token.key.open_id, expected_version=put.expected or None, actual_version=actual or None)
    )


def _due(when: datetime) -> bytes:
    return b"%016x" % (to_microseconds(when) + _OFFSET)


def _bytes(value: bytes | str) -> bytes:
    # A caller's client may decode its answers.
    return value.encode() if isinstance(value, str) else value
