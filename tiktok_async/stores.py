"""The stores of this library, and `open_store` to choose one by a URL.

Also `open_limiter` for rate limits. Each loads on first use, and names the extra that it needs if it is missing.
"""

from typing import TYPE_CHECKING, cast

from tiktok_async._limits.local import LocalRateLimiter, NoRateLimiter
from tiktok_async.abc import Clock, RateLimiter
from tiktok_async.errors import ConfigurationError
from tiktok_async_stores._open import POSTGRES_SCHEMES, REDIS_SCHEMES, load, open_checkpoints, open_store
from tiktok_async_stores._url import check_url

if TYPE_CHECKING:
    from tiktok_async_stores._bulk import copy_tokens
    from tiktok_async_stores._lease import LeaseTable, hold_lease
    from tiktok_async_stores.codec.tokens import decode_token, encode_token
    from tiktok_async_stores.encrypted.tokens import EncryptedTokenStore, generate_store_key
    from tiktok_async_stores.memory.checkpoints import MemoryCheckpointStore
    from tiktok_async_stores.memory.tokens import MemoryTokenStore
    from tiktok_async_stores.postgres.checkpoints import PostgresCheckpointStore
    from tiktok_async_stores.postgres.limiter import PostgresRateLimiter
    from tiktok_async_stores.postgres.schema import postgres_schema
    from tiktok_async_stores.postgres.tokens import PostgresTokenStore
    from tiktok_async_stores.postgres.videos import PostgresVideoTable
    from tiktok_async_stores.redis.checkpoints import RedisCheckpointStore
    from tiktok_async_stores.redis.limiter import RedisRateLimiter
    from tiktok_async_stores.redis.tokens import RedisTokenStore
    from tiktok_async_stores.sqlite.checkpoints import SQLiteCheckpointStore
    from tiktok_async_stores.sqlite.tokens import SQLiteTokenStore
    from tiktok_async_stores.sqlite.videos import SQLiteVideoTable

__all__ = [
    "EncryptedTokenStore",
    "LeaseTable",
    "MemoryCheckpointStore",
    "MemoryTokenStore",
    "PostgresCheckpointStore",
    "PostgresRateLimiter",
    "PostgresTokenStore",
    "PostgresVideoTable",
    "RedisCheckpointStore",
    "RedisRateLimiter",
    "RedisTokenStore",
    "SQLiteCheckpointStore",
    "SQLiteTokenStore",
    "SQLiteVideoTable",
    "copy_tokens",
    "decode_token",
    "encode_token",
    "generate_store_key",
    "hold_lease",
    "open_checkpoints",
    "open_limiter",
    "open_store",
    "postgres_schema",
]

# name -> module
_LAZY = {
    "EncryptedTokenStore": "tiktok_async_stores.encrypted.tokens",
    "LeaseTable": "tiktok_async_stores._lease",
    "MemoryCheckpointStore": "tiktok_async_stores.memory.checkpoints",
    "MemoryTokenStore": "tiktok_async_stores.memory.tokens",
    "PostgresCheckpointStore": "tiktok_async_stores.postgres.checkpoints",
    "PostgresRateLimiter": "tiktok_async_stores.postgres.limiter",
    "PostgresTokenStore": "tiktok_async_stores.postgres.tokens",
    "PostgresVideoTable": "tiktok_async_stores.postgres.videos",
    "RedisCheckpointStore": "tiktok_async_stores.redis.checkpoints",
    "RedisRateLimiter": "tiktok_async_stores.redis.limiter",
    "RedisTokenStore": "tiktok_async_stores.redis.tokens",
    "SQLiteCheckpointStore": "tiktok_async_stores.sqlite.checkpoints",
    "SQLiteTokenStore": "tiktok_async_stores.sqlite.tokens",
    "SQLiteVideoTable": "tiktok_async_stores.sqlite.videos",
    "copy_tokens": "tiktok_async_stores._bulk",
    "decode_token": "tiktok_async_stores.codec.tokens",
    "encode_token": "tiktok_async_stores.codec.tokens",
    "generate_store_key": "tiktok_async_stores.encrypted.tokens",
    "hold_lease": "tiktok_async_stores._lease",
    "postgres_schema": "tiktok_async_stores.postgres.schema",
}

# scheme -> name
_LIMITERS = {
    **dict.fromkeys(REDIS_SCHEMES, "RedisRateLimiter"),
    **dict.fromkeys(POSTGRES_SCHEMES, "PostgresRateLimiter"),
}


def open_limiter(url: str, *, clock: Clock | None = None) -> RateLimiter:
    """Open the rate limiter that *url* names.

    Args:
        url: `local://` (this process), `none://` (no limit), or for a fleet one of Redis, as in `RedisTokenStore`, or
            `postgresql://HOST/DATABASE` (`?on_outage=local&share=0.25` sets the behaviour while the server is down).
        clock: Time and timers; the machine's by default.

    Raises:
        ConfigurationError: A part of the URL is invalid, or its extra is not installed.
    """
    scheme = check_url(url, what="limiter")
    if scheme in {"local", "none"}:
        if url.partition("://")[2]:
            raise ConfigurationError(f"The limiter's URL {scheme}:// must end with the slashes.")
        return LocalRateLimiter(clock=clock) if scheme == "local" else NoRateLimiter()
    name = _LIMITERS.get(scheme)
    if name is None:
        raise ConfigurationError(
            f"No rate limiter for the scheme {scheme!r}. Use local://, none://, redis://HOST/DB or "
            "postgresql://HOST/DATABASE."
        )
    try:
        limiter = cast("type[RedisRateLimiter | PostgresRateLimiter]", __getattr__(name))
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    return limiter(url, clock=clock)


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = load(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
