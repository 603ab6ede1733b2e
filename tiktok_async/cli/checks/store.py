"""The store, of any kind: first what endangers it, then its accounts."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from tiktok_async.cli.checks.accounts import check_accounts
from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.cli.checks.postgres import check_postgres
from tiktok_async.cli.checks.redis import check_redis
from tiktok_async.cli.checks.sqlite import check_sqlite
from tiktok_async.cli.checks.store_key import check_store_key
from tiktok_async.errors import ConfigurationError
from tiktok_async.stores import open_store
from tiktok_async_stores._open import POSTGRES_SCHEMES, REDIS_SCHEMES
from tiktok_async_stores._url import check_url, file_path


async def check_store(url: str, client_key: str, scopes: Iterable[str]) -> AsyncIterator[Finding]:
    """Yield the findings about the store at *url*.

    Args:
        url: The store's URL; it is never shown, since it may contain a password.
        client_key: The key of the app whose accounts to check.
        scopes: The scopes that the app uses.
    """
    try:
        scheme = check_url(url)
        file = file_path(url) if scheme == "sqlite" else None
    except ConfigurationError as error:
        yield Finding("store", Level.DANGEROUS, f"It cannot be opened. {error}")
        return
    if scheme == "memory":
        yield Finding("store", Level.DANGEROUS, "It is in memory.", "All tokens end with its process.")
        return
    findings, there = await _check_place(scheme, url, file)
    for finding in [*findings, *check_store_key(os.environ.get("TIKTOK_STORE_KEY"))]:
        yield finding
    if not there:
        return  # opening it would make it
    try:
        store = open_store(url)
    except ConfigurationError as error:
        yield Finding("store", Level.DANGEROUS, f"It cannot be opened. {error}")
        return
    try:
        for finding in await check_accounts(store, client_key, scopes):
            yield finding
    finally:
        await store.aclose()


async def _check_place(scheme: str, url: str, file: str | None) -> tuple[list[Finding], bool]:
    """Return the findings about the store's place, and whether the store already exists."""
    if file is not None:
        return [*check_sqlite(file)], await asyncio.to_thread(Path(file).is_file)
    if scheme in REDIS_SCHEMES:
        return [finding async for finding in check_redis(url)], True
    return await check_postgres(url) if scheme in POSTGRES_SCHEMES else ([], True)
