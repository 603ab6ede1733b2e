"""The asyncio SDK for TikTok's official v2 API.

Names load on first use, so that `import tiktok_async` costs next to nothing and an extra that is not used is
never imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktok_async.models import (
        AccountKey,
        Endpoint,
        Limit,
        Secret,
        Token,
    )

# name -> module; the public names, sorted. Checked against the type checkers' view in tests/test_exports.py.
_HOMES = {
    "AccountKey": "tiktok_async.models",
    "Endpoint": "tiktok_async.models",
    "Limit": "tiktok_async.models",
    "Secret": "tiktok_async.models",
    "Token": "tiktok_async.models",
}

__all__ = [
    "AccountKey",
    "Endpoint",
    "Limit",
    "Secret",
    "Token",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
