"""Tokens in Redis, shared by the processes of any number of machines."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores._inspection import Inspection
from tiktok_async_stores._server_tokens import ServerTokenStore
from tiktok_async_stores._unsafe import OnUnsafe
from tiktok_async_stores.redis import scripts
from tiktok_async_stores.redis.leases import RedisLeases
from tiktok_async_stores.redis.link import RedisClient
from tiktok_async_stores.redis.notes import RedisNotes
from tiktok_async_stores.redis.records import Put, answered, due, plain, read, written
from tiktok_async_stores.redis.safety import inspect

_PAGE = 200
_TOGETHER = 100
# Many tokens are written and stored in small steps: an urgent put waits for the step before it, here and at the server.
_PUT_PAGE = 50


class RedisTokenStore(RedisLeases, ServerTokenStore[AccountKey, bytes | str, Put]):
    """A `TokenStore` in Redis 5 or newer, or a server with its protocol.

    All keys of one app share the hash tag `{client_key}`: so a step that changes a record and the index is one Lua
    call, also in a cluster. So all data of an app is on one shard of a cluster, which can hold millions of tokens.

    A record ends one life of its refresh token after it was last stored, by Redis's clock, not by this machine's.
    Leases end by Redis's clock too. Reads that wait at the same time share a round trip, and so do puts.

    On first use the server's settings are checked: those that can lose tokens are logged by `tiktok_async.stores` and
    given to *on_unsafe*. None is refused.

    Args:
        url: `redis://USER:PASSWORD@HOST:6379/0`, `unix:///PATH?db=0`, `redis+sentinel://H1:26379,H2/0?master=NAME` or
            `redis+cluster://H1:6379,H2`; with `rediss` for TLS. Options: `db`, `client_name`, `max_connections`,
            `health_check_interval`, `socket_timeout` and `socket_connect_timeout` (seconds); with TLS `ssl_ca_certs`,
            `ssl_certfile`, `ssl_keyfile`, `ssl_check_hostname`, `ssl_cert_reqs`; with Sentinel `sentinel_username` and
            `sentinel_password`. With `wait_replicas=1` a token counts as stored when a replica has confirmed it.
        client: Instead of *url*: a client of `redis.asyncio`, also of a Sentinel or a Cluster. You close it.
        prefix: The start of all keys.
        clock: Times the waiting for leases; the default is the real one.
        on_unsafe: Called once with each dangerous setting.

    Raises:
        ConfigurationError: Not exactly one of *url* and *client* was given, or an argument is invalid.

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
        self._inspection = Inspection(partial(inspect, self._link), self._clock, on_unsafe)
        self._share_trips(together=_TOGETHER, page=_PAGE, put_page=_PUT_PAGE, owner=self._link.owner)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        prefix: str = "tiktok",
        clock: Clock | None = None,
        on_unsafe: OnUnsafe | None = None,
    ) -> "RedisTokenStore":
        """Return a store for a Redis URL."""
        return cls(url, prefix=prefix, clock=clock, on_unsafe=on_unsafe)

    async def delete(self, key: AccountKey) -> bool:
        """Delete the token of *key*. Returns whether there was one.

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
        """Yield the active accounts whose access token ends before *before*, the earliest first, page by page.

        Raises:
            StoreError: Redis cannot be reached.
        """
        index, _ = self._lists(client_key)
        async for member in self._members(client_key, index, "index", b"(" + due(before)):
            yield AccountKey(client_key, member.partition(b":")[2].decode())

    async def _members(self, client_key: str, listing: bytes, which: str, end: bytes) -> AsyncIterator[bytes]:
        start, full = b"-", True
        while full:
            page = await self._link.command("ZRANGEBYLEX", listing, start, end, "LIMIT", 0, _PAGE)
            members = [plain(member) for member in page]
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

    def _place(self, key: AccountKey) -> AccountKey:
        return key

    def _prepared(self, token: Token, expected_version: int | None) -> Put:
        return token, expected_version

    def _token(self, key: AccountKey, record: bytes | str | None) -> Token | None:
        return read(key, record)

    async def _close_link(self) -> None:
        await self._link.aclose()

    async def _get_many(self, wanted: Sequence[AccountKey]) -> Sequence[bytes | str | None]:
        if len(wanted) == 1:
            return [await self._link.command("GET", self._record(wanted[0]))]
        found: list[bytes | str | None] = [None] * len(wanted)
        for client_key, places in _by_app(wanted).items():
            start = self._key(client_key, b"token", b"")
            values = await self._link.command("MGET", *(start + wanted[place].open_id.encode() for place in places))
            for place, value in zip(places, values, strict=True):
                found[place] = value
        return found

    async def _put_many(self, puts: Sequence[Put]) -> Sequence[int | TokenConflict]:
        answers: list[int | TokenConflict] = [0] * len(puts)
        for client_key, places in _by_app([token.key for token, _ in puts]).items():
            start = self._key(client_key, b"token", b"")
            keys = [*self._lists(client_key)]
            arguments: list[bytes | int] = [len(start)]
            # Recognises a trip that arrives twice.
            trip = os.urandom(6).hex()
            for number, place in enumerate(places):
                token, expected = puts[place]
                keys.append(start + token.key.open_id.encode())
                arguments += (b"" if expected is None else expected, *written(token, f"{trip}{number:x}"))
            versions = await self._link.run_safely(scripts.PUT, keys, *arguments)
            for place, version in zip(places, versions.split(), strict=True):
                answers[place] = answered(puts[place], int(version))
        return answers

    def _record(self, key: AccountKey) -> bytes:
        return self._key(key.client_key, b"token", key.open_id.encode())

    def _lists(self, client_key: str) -> tuple[bytes, bytes]:
        return self._key(client_key, b"expiring"), self._key(client_key, b"accounts")

    def __repr__(self) -> str:
        return f"<RedisTokenStore with prefix {self._prefix!r}>"


def _by_app(keys: Sequence[AccountKey]) -> dict[str, list[int]]:
    """Return the indexes of each app's keys: in a cluster, a command may use only one slot, that of one app."""
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key.client_key, []).append(place)
    return places
