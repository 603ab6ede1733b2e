"""Access to PostgreSQL: this library's pool or the caller's, and the place where its errors become `StoreError`."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from psycopg import AsyncConnection, Error
from psycopg import errors as states
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from tiktok_async._concurrency.lasting import LastingTask, cancelled_from_outside
from tiktok_async.abc import Clock
from tiktok_async.errors import ConfigurationError, StoreError, scrub
from tiktok_async.models import AccountKey
from tiktok_async_stores._process import Owner
from tiktok_async_stores._url import check_url
from tiktok_async_stores.postgres.connection import (
    ASK_AGAIN,
    TIMEOUT,
    Connection,
    Pool,
    cut,
    is_dead,
    make_pool,
    options,
)
from tiktok_async_stores.postgres.schema import DEFAULT_SCHEMA, bring_up_to_date, quote_schema

Row = tuple[Any, ...]

_POOL_SIZE = 4
_TRIES = 10  # of a transaction that the server rolls back because of another one

_OURS = ("schema", "pool_size")

# Errors after which a retry is safe: the server rolled back because of other transactions.
_ROLLED_BACK = (states.SerializationFailure, states.DeadlockDetected)


class ConnectionLost(StoreError):
    """The connection was lost before an answer came: whether the statement was carried out is unknown."""


def read_url(url: str, *, extra: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """Return libpq's part of *url*, and this library's options in it.

    Args:
        url: `postgresql://`.
        extra: Names of further options, which the caller reads itself.

    Raises:
        ConfigurationError: libpq does not understand it. It is not shown: it may hold a password.
    """
    check_url(url)
    head, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    known = {*_OURS, *extra}
    ours = {name: unquote(value) for name, _, value in pairs if name in known}
    # Unchanged: libpq reads a query in its own way.
    rest = "&".join("".join(pair) for pair in pairs if pair[0] not in known)
    try:
        return dict(conninfo_to_dict(f"{head}?{rest}" if rest else head)), ours
    except (Error, ValueError):
        raise ConfigurationError(
            "The PostgreSQL URL cannot be read; it looks like postgresql://user:password@host:5432/database, with "
            "?schema=NAME and ?pool_size=NUMBER where wanted. Percent-encode special characters in the password."
        ) from None


def _read_size(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise ConfigurationError("pool_size in the PostgreSQL URL is a number from 1 on, such as 4.")
    return int(text)


def to_text(name: str) -> str:
    """Return *name* with NUL escaped, the one character that PostgreSQL's text cannot hold.

    Raises:
        StoreError: It is not valid text: it contains a lone surrogate.
    """
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            raise StoreError(f"PostgreSQL cannot keep the name {name!a}: it is no valid Unicode.") from None
    return name.replace("\\", "\\\\").replace("\0", "\\0") if "\\" in name or "\0" in name else name


def names(key: AccountKey) -> tuple[str, str]:
    """Return the client_key and the open_id of *key*, as the columns hold them.

    Raises:
        StoreError: One of them is not valid text.
    """
    return to_text(key.client_key), to_text(key.open_id)


def from_text(text: str) -> str:
    """Return the name that `to_text` made *text* from."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda match: "\0" if match[1] == "0" else match[1], text, flags=re.DOTALL)


class PostgresLink:
    """Runs statements, each in its own transaction. Every failure is a `StoreError`.

    On first use the pool is opened and the tables are brought up to date. In a statement `{schema}` stands for the
    schema's name.

    Args:
        url: Where PostgreSQL is; the pool made for it is closed with the link.
        pool: A pool of the caller, instead of *url*. It is left open.
        schema: The schema of the tables; it has priority over the URL's.
        clock: Times the waits.
        owner: The name of the class that uses it, for messages.
        patience: Seconds to wait for a connection, such as during a restart of the server.
        extra: Names of options of the URL that the caller reads itself.
        make_tables: Whether the tables are made or brought up to date on first use.

    Attributes:
        schema: The schema of the tables.
        options: This library's options in the URL.
        process: The process that uses it. Its connections do not work in another process.

    Raises:
        ConfigurationError: Not exactly one of *url* and *pool* was given, or one of the arguments cannot be used.
    """

    def __init__(
        self,
        url: str | None,
        pool: Pool | None,
        schema: str | None,
        clock: Clock,
        *,
        owner: str,
        patience: float = TIMEOUT,
        extra: Collection[str] = (),
        make_tables: bool = True,
    ) -> None:
        if (url is None) == (pool is None):
            raise ConfigurationError(f"A {owner} takes a url or a pool, exactly one of them.")
        if pool is not None and not isinstance(pool, AsyncConnectionPool):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
            raise ConfigurationError(f"The pool of a {owner} is a psycopg_pool.AsyncConnectionPool.")
        self._info: dict[str, Any] | None = None
        self.options: Mapping[str, str] = {}
        self._size = _POOL_SIZE
        if url is not None:
            self._info, self.options = read_url(url, extra=extra)
            self._size = _read_size(self.options.get("pool_size", str(_POOL_SIZE)))
            schema = schema or self.options.get("schema")
        self.schema: str = schema or DEFAULT_SCHEMA
        self._quoted = quote_schema(self.schema)
        self._make_tables = make_tables
        self._clock = clock
        self._patience = patience
        self._pool = pool
        self._texts: dict[str, bytes] = {}
        self._ready = False
        self._opening = asyncio.Lock()
        self._running: set[asyncio.Task[list[Row]]] = set()
        self._closed = False
        self.process: Owner = Owner(f"The {owner}")

    async def run(self, text: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement that may arrive twice, and return its rows. After a lost connection it is sent again.

        Raises:
            StoreError: PostgreSQL cannot be reached or refused the statement.
        """
        try:
            return await self.once(text, parameters)
        except ConnectionLost:
            return await self.once(text, parameters)

    async def once(self, text: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows.

        Raises:
            ConnectionLost: Whether it was carried out is unknown.
            StoreError: PostgreSQL cannot be reached or refused the statement, which changed nothing.
        """
        pool = await self._opened()
        query = self._texts.get(text)
        if query is None:
            query = self._texts[text] = self.fill(text).encode()
        # A task that goes on if its caller is cancelled, or a program cancels all its tasks: it ends soon, and it may
        # store a token that is nowhere else.
        task = LastingTask(self._repeat(pool, query, parameters))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def maintain(self, text: str) -> None:
        """Run a statement that may take long and needs to be outside a transaction, such as VACUUM.

        Raises:
            StoreError: PostgreSQL cannot be reached or refused it.
        """
        pool = await self._opened()
        connection = await self._connection(pool)
        before = connection.autocommit
        try:
            await connection.set_autocommit(True)
            await connection.execute(self.fill(text).encode(), prepare=False)
        except (Error, OSError) as error:
            raise failed(error) from None
        finally:
            if not connection.closed:
                await connection.set_autocommit(before)
            await pool.putconn(connection)

    def fill(self, text: str) -> str:
        """Return *text* with the schema's name in it."""
        return text.replace("{schema}", self._quoted)

    async def aclose(self) -> None:
        """Close the pool if this library made it."""
        if self._closed:
            return
        self._closed = True
        if self.process.left_behind:
            return  # connections and the pool's tasks belong to the parent process
        async with self._opening:
            if self._running:
                await asyncio.wait(self._running)
            if self._info is not None and self._pool is not None:
                try:
                    await self._pool.close()
                except asyncio.CancelledError:
                    # The program cancelled all its tasks: the pool waits for its own tasks, which were among them.
                    if cancelled_from_outside():
                        raise

    def _ended(self, task: asyncio.Task[list[Row]]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # or asyncio reports it as never retrieved, if the caller is gone

    async def _opened(self) -> Pool:
        if self._closed:
            raise StoreError("The PostgreSQL store is closed.")
        self.process.check()
        if self._ready and self._pool is not None:
            return self._pool
        async with self._opening:
            if self._closed:
                raise StoreError("The PostgreSQL store is closed.")
            if not self._ready:
                await self._open()
                self._ready = True
        return self._pool  # type: ignore[return-value]  # it was made above

    async def _open(self) -> None:
        if self._info is not None and self._pool is None:
            # Before the pool, which retries again and again without telling why it fails.
            try:
                first = await Connection.connect(**options(self._info))
            except (Error, OSError) as error:
                raise failed(error) from None
            try:
                await self._prepare(first)
            finally:
                await first.close()
            pool = make_pool(self._info, self._size)
            await pool.open()
            self._pool = pool
        elif self._pool is not None:
            connection = await self._connection(self._pool)
            try:
                async with connection:
                    await self._prepare(connection)
            finally:
                await self._pool.putconn(connection)

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        if not self._make_tables:
            return
        try:
            await bring_up_to_date(connection, self._quoted, self._clock)
        except (Error, OSError) as error:
            raise failed(error) from None

    async def _connection(self, pool: Pool) -> AsyncConnection[Any]:
        deadline = self._clock.monotonic() + self._patience
        while True:
            left = deadline - self._clock.monotonic()
            try:
                connection: AsyncConnection[Any] = await pool.getconn(timeout=max(0.05, min(ASK_AGAIN, left)))
            except (PoolTimeout, TooManyRequests):
                if left <= ASK_AGAIN:
                    raise StoreError(
                        f"PostgreSQL cannot be reached: there was no connection for {self._patience:.0f} s."
                    ) from None
            except (PoolClosed, Error) as error:
                raise failed(error) from None
            else:
                if not is_dead(connection):
                    return connection
                # This happens after a restart of the server. The pool makes another one.
                await connection.close()
                await pool.putconn(connection)

    async def _repeat(self, pool: Pool, query: bytes, parameters: Sequence[object]) -> list[Row]:
        for _ in range(_TRIES - 1):
            try:
                return await self._execute(pool, query, parameters)
            except _ROLLED_BACK:
                await self._clock.sleep(0.01 * self._clock.random())
        try:
            return await self._execute(pool, query, parameters)
        except _ROLLED_BACK as error:
            raise failed(error) from None

    async def _execute(self, pool: Pool, query: bytes, parameters: Sequence[object]) -> list[Row]:
        connection = await self._connection(pool)
        timer = self._clock.call_later(TIMEOUT, partial(cut, connection))
        try:
            # Leaving it commits, if the caller's connections are not in autocommit mode.
            async with connection:
                cursor = connection.cursor(row_factory=tuple_row)
                await cursor.execute(query, parameters, prepare=False, binary=True)
                return await cursor.fetchall() if cursor.description is not None else []
        except _ROLLED_BACK:
            raise
        except states.ReadOnlySqlTransaction as error:
            # This server was the primary before: the next connection may go to the new primary.
            await connection.close()
            raise failed(error) from None
        except (Error, OSError) as error:
            if connection.closed or isinstance(error, OSError):
                raise ConnectionLost(str(failed(error))) from None
            raise failed(error) from None
        finally:
            timer.cancel()
            await pool.putconn(connection)


def failed(error: Exception) -> StoreError:
    """Return *error* as a `StoreError`, without the values that PostgreSQL may quote."""
    if isinstance(error, states.ReadOnlySqlTransaction):
        return StoreError(
            "PostgreSQL refuses to write: this server is a read-only standby. Connect to the primary, such as with "
            "several hosts in the URL, or target_session_attrs=read-write."
        )
    primary = error.diag.message_primary if isinstance(error, Error) else None
    text = scrub(primary or str(error)).strip().partition("\n")[0].rstrip(".")
    return StoreError(f"PostgreSQL failed: {text or type(error).__name__}.")
