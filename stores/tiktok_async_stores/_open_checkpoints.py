"""From a URL to a checkpoint store."""

from typing import Any, cast

from tiktok_async.abc import CheckpointStore, Clock
from tiktok_async.errors import ConfigurationError
from tiktok_async_stores._open import load

# scheme -> module and class
_OWN = {
    "memory": ("tiktok_async_stores.checkpoints_memory", "MemoryCheckpointStore"),
    "sqlite": ("tiktok_async_stores.checkpoints_sqlite", "SQLiteCheckpointStore"),
    "redis": ("tiktok_async_stores.checkpoints_redis", "RedisCheckpointStore"),
    "rediss": ("tiktok_async_stores.checkpoints_redis", "RedisCheckpointStore"),
    "unix": ("tiktok_async_stores.checkpoints_redis", "RedisCheckpointStore"),
}


def open_checkpoints(url: str, *, clock: Clock | None = None) -> CheckpointStore:
    """Make the checkpoint store that *url* names. Nothing is opened before its first use.

    Args:
        url: `memory://`, `sqlite:///PATH`, `redis://HOST/DB`, `rediss://HOST/DB` or `unix:///PATH`. It may be the URL
            of the token store: the two share no record.
        clock: Times the leases; the default is the real one.

    Raises:
        ConfigurationError: The scheme is unknown, or an extra is missing. The message never shows the URL, as it
            may hold a password.

    Example:
        >>> checkpoints = open_checkpoints("sqlite:///sync.db")
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in _OWN:
        known = ", ".join(f"{name}://" for name in sorted(_OWN))
        raise ConfigurationError(f"No checkpoint store is known for {scheme[:20]!r}. Known: {known}.")
    try:
        maker: Any = load(*_OWN[scheme.lower()])
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    return cast("CheckpointStore", maker.from_url(f"{scheme.lower()}://{rest}", clock=clock))
