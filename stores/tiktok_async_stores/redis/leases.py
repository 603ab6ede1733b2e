"""Leases in Redis, for all stores there."""

from datetime import timedelta
from urllib.parse import quote

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import AccountKey
from tiktok_async_stores._lease import HoldsLeases
from tiktok_async_stores.redis import scripts
from tiktok_async_stores.redis.connect import connect, read_url, replicas
from tiktok_async_stores.redis.link import RedisClient, RedisLink


class RedisLeases(HoldsLeases):
    """The connection of a store, its keys, and its leases; in a cluster, all keys of an app are in one slot.

    Args:
        url: The address of Redis; its client is closed with the store.
        client: A client of the caller's, in place of *url*, which stays open.
        prefix: The start of all keys; it must differ for each store of one server.

    Raises:
        ConfigurationError: Not exactly one of *url* and *client* was given, or an argument is invalid.
    """

    def __init__(self, url: str | None, client: RedisClient | None, prefix: str) -> None:
        name = type(self).__name__
        if "{" in prefix or "}" in prefix:
            raise ConfigurationError(f"The prefix of a {name} may not hold braces: they mark the hash tag.")
        self._prefix = prefix
        self._heads: dict[str, bytes] = {}  # one for each app, since every get and put needs it
        if (url is None) == (client is None):
            raise ConfigurationError(f"A {name} takes a url or a client, exactly one of them.")
        if client is None:
            parts = read_url(url or "", extra=("wait_replicas",))
            self._link = RedisLink(connect(parts), owned=True, what=f"The {name}", replicas=replicas(parts))
        else:
            self._link = RedisLink(client, owned=False, what=f"The {name}")

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        keys = [self._lease(key), self._key(key.client_key, b"fence")]
        fence = await self._link.run(scripts.ACQUIRE, keys, owner, _milliseconds(ttl))
        return None if fence is None else int(fence)

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Renew it if it is still *owner*'s."""
        return bool(await self._link.run(scripts.RENEW, [self._lease(key)], owner, _milliseconds(ttl)))

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Free it if it is still *owner*'s."""
        await self._link.run(scripts.RELEASE, [self._lease(key)], owner)

    def _key(self, client_key: str, *parts: bytes) -> bytes:
        head = self._heads.get(client_key)
        if head is None:
            # Quoted, so that no client_key can end the hash tag or form a key of another app.
            head = self._heads[client_key] = f"{self._prefix}:{{{quote(client_key, safe='')}}}".encode()
        return b":".join((head, *parts))

    def _lease(self, key: AccountKey) -> bytes:
        return self._key(key.client_key, b"lease", key.open_id.encode())


def _milliseconds(span: timedelta) -> int:
    return max(1, span // timedelta(milliseconds=1))
