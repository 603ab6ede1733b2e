"""Checkpoints in Redis, shared by the workers of any number of machines."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import CheckpointConflict
from tiktok_async.models import AccountKey, Checkpoint, DueAccount
from tiktok_async_stores.codec.checkpoints import decode_checkpoint, encode_checkpoint, from_microseconds
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.redis import checkpoint_scripts as scripts
from tiktok_async_stores.redis.leases import RedisLeases
from tiktok_async_stores.redis.link import RedisClient
from tiktok_async_stores.redis.records import check_signed, plain, signed


class RedisCheckpointStore(RedisLeases):
    """A `CheckpointStore` in Redis 5 or newer, or a server with its protocol; it may be the tokens' own server.

    All keys of one app share the hash tag `{client_key}`, so that each step is one Lua call, also in a cluster. If
    it is lost, no data of yours is lost: accounts are then synced again from their beginning.

    Args:
        url: As for `RedisTokenStore`.
        client: Instead of *url*: a client of `redis.asyncio`, also of a Sentinel or a Cluster. You close it.
        prefix: The start of all keys.
        clock: Times the waiting for leases; the default is the real one.

    Raises:
        ConfigurationError: Not exactly one of *url* and *client* was given, or an argument is invalid.

    Example:
        >>> checkpoints = RedisCheckpointStore("redis://localhost:6379/0")
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        client: RedisClient | None = None,
        prefix: str = "tiktok-sync",
        clock: Clock | None = None,
    ) -> None:
        super().__init__(url, client, prefix)
        self._clock = clock or SystemClock()

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> "RedisCheckpointStore":
        """Return a store for a Redis URL."""
        return cls(url, clock=clock)

    async def get(self, key: AccountKey) -> Checkpoint | None:
        """Return the checkpoint of *key*, or `None`.

        Raises:
            StoreError: Redis cannot be reached, or the record cannot be read.
        """
        value: bytes | str | None = await self._link.command("GET", self._record(key))
        if value is None:
            return None
        version, request, due, number, body = plain(value).split(b" ", 4)
        check_signed(request, key)
        return decode_checkpoint(
            body, key=key, due_at=from_microseconds(int(due)), number=int(number), version=int(version)
        )

    async def put(self, checkpoint: Checkpoint, *, expected_version: int) -> Checkpoint:
        """Store *checkpoint* by compare-and-set.

        Raises:
            CheckpointConflict: Another version is stored.
            StoreError: Redis cannot be reached; whether it was stored may be unknown.
        """
        key = checkpoint.key
        keys = [self._index(key.client_key), self._record(key)]
        arguments = (expected_version, signed(uuid4().hex[:16], key), *_arguments(checkpoint))
        version = int(await self._link.run_safely(scripts.PUT, keys, *arguments))
        if version < 0:
            raise CheckpointConflict(
                key.open_id, expected_version=expected_version or None, actual_version=-1 - version or None
            )
        return evolve(checkpoint, version=version)

    async def add(self, checkpoints: Sequence[Checkpoint]) -> int:
        """Store those whose accounts have none yet. Returns how many.

        Raises:
            StoreError: Redis cannot be reached.
        """
        if not checkpoints:
            return 0
        keys = [self._index(checkpoints[0].key.client_key), *(self._record(each.key) for each in checkpoints)]
        arguments = [argument for each in checkpoints for argument in _arguments(each)]
        return int(await self._link.run(scripts.ADD, keys, uuid4().hex[:16], *arguments))

    async def take_due(self, client_key: str, *, before: datetime, until: datetime, limit: int) -> Sequence[DueAccount]:
        """Return accounts that are due, the longest overdue first, and make them due again at *until*.

        Raises:
            StoreError: Redis cannot be reached.
        """
        index, taken = self._index(client_key), list[DueAccount]()
        while len(taken) < limit:
            found = await self._link.command(
                "ZRANGEBYSCORE", index, "-inf", f"({to_microseconds(before)}", "LIMIT", 0, limit - len(taken)
            )
            open_ids: list[bytes] = [each.encode() if isinstance(each, str) else each for each in found]
            if not open_ids:
                break
            keys = [index, *(self._key(client_key, b"checkpoint", open_id) for open_id in open_ids)]
            rounds = await self._link.run(
                scripts.TAKE, keys, to_microseconds(before), to_microseconds(until), *open_ids
            )
            taken += [
                DueAccount(open_id=open_id.decode(), checkpoint_id=str(number))
                for open_id, number in zip(open_ids, rounds, strict=True)
                if number >= 0
            ]
        return taken

    async def delete(self, key: AccountKey) -> bool:
        """Delete the checkpoint of *key*. Returns whether there was one.

        Raises:
            StoreError: Redis cannot be reached.
        """
        keys = [self._index(key.client_key), self._record(key)]
        return bool(await self._link.run(scripts.DELETE, keys, key.open_id.encode()))

    async def aclose(self) -> None:
        """Close the store's own client. Harmless when repeated."""
        await self._link.aclose()

    def _record(self, key: AccountKey) -> bytes:
        return self._key(key.client_key, b"checkpoint", key.open_id.encode())

    def _index(self, client_key: str) -> bytes:
        return self._key(client_key, b"due")

    def __repr__(self) -> str:
        return f"<RedisCheckpointStore with prefix {self._prefix!r}>"


def _arguments(checkpoint: Checkpoint) -> tuple[Any, ...]:
    return (
        to_microseconds(checkpoint.due_at),
        checkpoint.round,
        checkpoint.key.open_id.encode(),
        encode_checkpoint(checkpoint),
    )
