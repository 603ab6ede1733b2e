"""Tools for tests of this library, and of code that uses it.

The contract classes need pytest (`pip install "tiktok-async[test]"`) and load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tiktok_async.testing._clock import VirtualClock

if TYPE_CHECKING:
    from tiktok_async.testing._checkpoints import CheckpointStoreContract
    from tiktok_async.testing._limiters import RateLimiterContract, StrictWindow
    from tiktok_async.testing._recording import RecordingTransport, ReplayTransport
    from tiktok_async.testing._store_bulk import BulkTokenStoreContract
    from tiktok_async.testing._store_notes import NoteStoreContract
    from tiktok_async.testing._store_urgent import UrgentTokenStoreContract
    from tiktok_async.testing._stores import TokenStoreContract

__all__ = [
    "BulkTokenStoreContract",
    "CheckpointStoreContract",
    "NoteStoreContract",
    "RateLimiterContract",
    "RecordingTransport",
    "ReplayTransport",
    "StrictWindow",
    "TokenStoreContract",
    "UrgentTokenStoreContract",
    "VirtualClock",
]

# name -> module; most import pytest
_LAZY = {
    "BulkTokenStoreContract": "tiktok_async.testing._store_bulk",
    "CheckpointStoreContract": "tiktok_async.testing._checkpoints",
    "NoteStoreContract": "tiktok_async.testing._store_notes",
    "RateLimiterContract": "tiktok_async.testing._limiters",
    "RecordingTransport": "tiktok_async.testing._recording",
    "ReplayTransport": "tiktok_async.testing._recording",
    "StrictWindow": "tiktok_async.testing._limiters",
    "TokenStoreContract": "tiktok_async.testing._stores",
    "UrgentTokenStoreContract": "tiktok_async.testing._store_urgent",
}


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
