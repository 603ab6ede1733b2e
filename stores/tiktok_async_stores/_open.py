"""Opening the store that a URL names."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from tiktok_async.abc import CheckpointStore, Clock, TokenStore
from tiktok_async.errors import ConfigurationError
from tiktok_async_stores._url import check_url

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "tiktok_async.stores"
"""The entry-point group for stores of other packages: scheme = class or function."""

KEY_VARIABLE = "TIKTOK_STORE_KEY"
"""The environment variable that holds the keys of `EncryptedTokenStore`, newest first, separated by commas."""

REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
"""The schemes of Redis and servers with its protocol."""

POSTGRES_SCHEMES = ("postgresql", "postgres")
"""The schemes of PostgreSQL, as in libpq."""

# scheme -> module and class
_TOKEN_STORES = {
    "memory": ("tiktok_async_stores.memory.tokens", "MemoryTokenStore"),
    "sqlite": ("tiktok_async_stores.sqlite.tokens", "SQLiteTokenStore"),
    **dict.fromkeys(REDIS_SCHEMES, ("tiktok_async_stores.redis.tokens", "RedisTokenStore")),
    **dict.fromkeys(POSTGRES_SCHEMES, ("tiktok_async_stores.postgres.tokens", "PostgresTokenStore")),
}

# package that may be missing -> its extra
_EXTRAS = {"redis": "redis", "cryptography": "crypto", "psycopg": "postgres", "psycopg_pool": "postgres"}


def load(module: str, name: str) -> object:
    """Import *name* from *module*; if its library is missing, the error names the extra.

    Raises:
        ImportError: Its library is not installed.
    """
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ImportError(f'{name} needs an extra: pip install "tiktok-async[{extra}]"') from None


def open_store(url: str, **options: object) -> TokenStore:
    """Return the token store that *url* names. Nothing is opened before its first use.

    If the environment variable `TIKTOK_STORE_KEY` is set, the store is wrapped in an `EncryptedTokenStore` with its
    keys.

    Args:
        url: `memory://`, `sqlite:///PATH`, one of Redis (see `RedisTokenStore`), `postgresql://HOST/DATABASE`, or a
            scheme that an installed package adds through the entry-point group `tiktok_async.stores`. Its entry point
            is a class with a class method `from_url(url, **options)`, or a function that takes the same arguments. A
            relative path starts at the present working directory.
        **options: Passed to the store; all of this library's stores take `clock` and `on_unsafe`.

    Raises:
        ConfigurationError: A part of the URL is invalid, or an extra is missing. The message never shows the URL,
            since it may hold a password.

    Example:
        >>> store = open_store("sqlite:///tokens.db")
    """
    scheme = check_url(url)
    try:
        store = _maker(scheme)(scheme + url[len(scheme) :], **options)
        if os.environ.get(KEY_VARIABLE):
            encrypted: Any = load("tiktok_async_stores.encrypted.tokens", "EncryptedTokenStore")
            return cast("TokenStore", encrypted.from_env(store))
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    return store


def _maker(scheme: str) -> Callable[..., TokenStore]:
    found = (
        [load(*_TOKEN_STORES[scheme])]
        if scheme in _TOKEN_STORES
        else [entry.load() for entry in _of_other_packages() if entry.name == scheme]
    )
    for maker in found:
        return cast("Callable[..., TokenStore]", getattr(maker, "from_url", maker))
    raise ConfigurationError(f"No token store is known for {scheme!r}://. Known: {_known()}.")


def _of_other_packages() -> "EntryPoints":
    from importlib.metadata import entry_points  # with email and zipfile behind it

    return entry_points(group=GROUP)


def _known() -> str:
    names = {*_TOKEN_STORES, *(entry.name for entry in _of_other_packages())}
    return ", ".join(f"{name}://" for name in sorted(names))


# scheme -> module and class
_CHECKPOINT_STORES = {
    "memory": ("tiktok_async_stores.memory.checkpoints", "MemoryCheckpointStore"),
    "sqlite": ("tiktok_async_stores.sqlite.checkpoints", "SQLiteCheckpointStore"),
    **dict.fromkeys(REDIS_SCHEMES, ("tiktok_async_stores.redis.checkpoints", "RedisCheckpointStore")),
    **dict.fromkeys(POSTGRES_SCHEMES, ("tiktok_async_stores.postgres.checkpoints", "PostgresCheckpointStore")),
}


def open_checkpoints(url: str, *, clock: Clock | None = None) -> CheckpointStore:
    """Return the checkpoint store that *url* names. Nothing is opened before its first use.

    Args:
        url: `memory://`, `sqlite:///PATH`, one of Redis or `postgresql://HOST/DATABASE`. It may be the URL of the
            token store; they share no record.
        clock: Times the leases; the default is the real one.

    Raises:
        ConfigurationError: A part of the URL is invalid, or an extra is missing. The message never shows the URL,
            since it may hold a password.

    Example:
        >>> checkpoints = open_checkpoints("sqlite:///sync.db")
    """
    scheme = check_url(url)
    if scheme not in _CHECKPOINT_STORES:
        known = ", ".join(f"{name}://" for name in sorted(_CHECKPOINT_STORES))
        raise ConfigurationError(f"No checkpoint store is known for {scheme[:20]!r}. Known: {known}.")
    try:
        maker: Any = load(*_CHECKPOINT_STORES[scheme])
        store = maker.from_url(scheme + url[len(scheme) :], clock=clock)
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    return cast("CheckpointStore", store)
