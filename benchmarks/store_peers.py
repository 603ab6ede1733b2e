"""What the token stores are measured beside: the bare drivers, and the tokens that all of them keep."""

import random
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from redis.asyncio import Redis

from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.stores import encode_token
from tiktok_async_stores._batch import Batcher

APP = "aw1234567890abcdef"
ACCOUNTS = 5000
NOW = datetime.now(UTC)
LUCK = random.Random(1)
T = TypeVar("T")
Operation = Callable[[T], Awaitable[Any]]
UPDATE = "UPDATE t SET expires = ?, body = ? WHERE id = ?"


def account(number: int) -> AccountKey:
    return AccountKey(APP, f"723f24d7-e717-40f8-a2b6-{number:012x}")


def token(number: int) -> Token:
    """Return a token as long as TikTok's: two of 72 letters, two scopes."""
    letters = string.ascii_letters + string.digits
    return Token(
        key=account(number),
        access_token=Secret("act." + "".join(LUCK.choices(letters, k=68))),
        refresh_token=Secret("rft." + "".join(LUCK.choices(letters, k=68))),
        scopes={"user.info.basic", "video.list"},
        expires_at=NOW + timedelta(seconds=number * 86400 / 1_000_000),
        refresh_expires_at=NOW + timedelta(days=365),
        updated_at=NOW,
    )


@asynccontextmanager
async def bare_sqlite(path: Path, tokens: list[Token]) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        await connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, expires INTEGER, body BLOB) WITHOUT ROWID")
        await connection.execute("CREATE INDEX i ON t (expires)")
        await connection.execute("BEGIN")
        for one in tokens:
            row = (one.key.open_id, int(one.expires_at.timestamp()), encode_token(one))
            await connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
        await connection.execute("COMMIT")
        yield connection


class Rotations:
    """Tokens as refreshes bring them: another pair of secrets, later than all before."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._made = 0

    def __call__(self, number: int) -> Token:
        self._made += 1
        pair = self._tokens[(number + self._made) % ACCOUNTS]
        return Token(
            key=self._tokens[number].key,
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            scopes=pair.scopes,
            expires_at=NOW + timedelta(days=1, milliseconds=self._made),
            refresh_expires_at=pair.refresh_expires_at,
            updated_at=NOW,
        )


def row(token: Token) -> tuple[int, bytes, str]:
    return int(token.expires_at.timestamp() * 1000), encode_token(token), token.key.open_id


def sqlite_get(connection: aiosqlite.Connection) -> Operation[AccountKey]:
    async def get(key: AccountKey) -> Any:  # noqa: ANN401 - as the driver gives it
        async with connection.execute("SELECT body FROM t WHERE id = ?", (key.open_id,)) as cursor:
            found: Any = await cursor.fetchone()
        return found[0]

    return get


def sqlite_put(connection: aiosqlite.Connection) -> Operation[Token]:
    async def put(token: Token) -> None:
        await connection.execute(UPDATE, row(token))

    return put


def sqlite_put_grouped(connection: Any) -> Operation[Token]:  # noqa: ANN401 - its inside is used
    """Return a put of bare rows that share commits: one hop to the thread and one statement for all who wait."""

    raw, run = connection._conn, connection._execute  # noqa: SLF001 - there is no public way to the thread

    def commit(rows: Sequence[tuple[Any, ...]]) -> list[None]:
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(UPDATE, rows)
        raw.execute("COMMIT")
        return [None] * len(rows)

    batcher = Batcher[tuple[Any, ...], None](lambda rows: run(commit, rows), limit=500)
    return lambda token: batcher.submit(row(token))


def sqlite_put_unchanged(connection: Any) -> Operation[Token]:  # noqa: ANN401 - as above
    """Return the same with rows that hold their own content anew: SQLite looks, and writes nothing."""
    grouped = sqlite_put_grouped(connection)
    first: dict[AccountKey, Token] = {}
    return lambda token: grouped(first.setdefault(token.key, token))


def redis_get(client: Redis) -> Operation[AccountKey]:
    async def get(key: AccountKey) -> Any:  # noqa: ANN401 - as the driver gives it
        return await client.get(f"bare:{key.open_id}")

    return get


def redis_get_many(client: Redis) -> Operation[Sequence[AccountKey]]:
    return lambda keys: client.mget([f"bare:{key.open_id}" for key in keys])


def redis_put(client: Redis) -> Operation[Token]:
    async def put(token: Token) -> None:
        await client.set(f"bare:{token.key.open_id}", encode_token(token))

    return put


def redis_put_many(client: Redis) -> Operation[Sequence[Token]]:
    async def put_many(tokens: Sequence[Token]) -> None:
        pipeline = client.pipeline(transaction=False)
        for token in tokens:
            pipeline.set(f"bare:{token.key.open_id}", encode_token(token))
        await pipeline.execute()

    return put_many
