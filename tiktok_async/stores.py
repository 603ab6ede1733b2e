"""Where tokens live: the stores of this library, and `open_store` to choose one by a URL.

What needs an extra loads on first use, and names the extra if it is missing.
"""

from typing import TYPE_CHECKING

from tiktok_async_stores._bulk import copy_tokens
from tiktok_async_stores._codec import decode_token, encode_token
from tiktok_async_stores._lease import LeaseTable, hold_lease
from tiktok_async_stores._open import load, open_store
from tiktok_async_stores._open_checkpoints import open_checkpoints
from tiktok_async_stores.memory import MemoryTokenStore

if TYPE_CHECKING:
    from tiktok_async_stores.checkpoints_memory import MemoryCheckpointStore
    from tiktok_async_stores.checkpoints_redis import RedisCheckpointStore
    from tiktok_async_stores.checkpoints_sqlite import SQLiteCheckpointStore
    from tiktok_async_stores.encrypted import EncryptedTokenStore, generate_store_key
    from tiktok_async_stores.redis import RedisTokenStore
    from tiktok_async_stores.redis_limiter import RedisRateLimiter
    from tiktok_async_stores.sqlite import SQLiteTokenStore
    from tiktok_async_stores.videos_sqlite import SQLiteVideoTable

__all__ = [
    "EncryptedTokenStore",
    "LeaseTable",
    "MemoryCheckpointStore",
    "MemoryTokenStore",
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
    "open_store",
]

# name -> module
_LAZY = {
    "EncryptedTokenStore": "tiktok_async_stores.encrypted",
    "MemoryCheckpointStore": "tiktok_async_stores.checkpoints_memory",
    "RedisCheckpointStore": "tiktok_async_stores.checkpoints_redis",
    "RedisRateLimiter": "tiktok_async_stores.redis_limiter",
    "RedisTokenStore": "tiktok_async_stores.redis",
    "SQLiteCheckpointStore": "tiktok_async_stores.checkpoints_sqlite",
    "SQLiteTokenStore": "tiktok_async_stores.sqlite",
    "SQLiteVideoTable": "tiktok_async_stores.videos_sqlite",
    "generate_store_key": "tiktok_async_stores.encrypted",
}


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
