"""Where tokens live: the stores of this library, and `open_store` to choose one by a URL.

What needs an extra loads on first use, and names the extra if it is missing.
"""

from typing import TYPE_CHECKING

from tiktok_async_stores._bulk import copy_tokens
from tiktok_async_stores._lease import LeaseTable, hold_lease
from tiktok_async_stores._open import load, open_checkpoints, open_store
from tiktok_async_stores.codec.tokens import decode_token, encode_token
from tiktok_async_stores.memory.tokens import MemoryTokenStore

if TYPE_CHECKING:
    from tiktok_async_stores.encrypted.tokens import EncryptedTokenStore, generate_store_key
    from tiktok_async_stores.memory.checkpoints import MemoryCheckpointStore
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
    "EncryptedTokenStore": "tiktok_async_stores.encrypted.tokens",
    "MemoryCheckpointStore": "tiktok_async_stores.memory.checkpoints",
    "RedisCheckpointStore": "tiktok_async_stores.redis.checkpoints",
    "RedisRateLimiter": "tiktok_async_stores.redis.limiter",
    "RedisTokenStore": "tiktok_async_stores.redis.tokens",
    "SQLiteCheckpointStore": "tiktok_async_stores.sqlite.checkpoints",
    "SQLiteTokenStore": "tiktok_async_stores.sqlite.tokens",
    "SQLiteVideoTable": "tiktok_async_stores.sqlite.videos",
    "generate_store_key": "tiktok_async_stores.encrypted.tokens",
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
