"""A signed cookie that holds a small dictionary, for frameworks without a web session.

The browser can read the contents, but cannot change them.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from tiktok_async.abc import Clock
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Secret

__all__ = ["CookieSigner"]

_SHORTEST_KEY = 16


class CookieSigner:
    """Signs a dictionary for a cookie, and reads it back.

    Args:
        key: At least 16 characters, the same in all processes of the application.
        max_age: How long a signed cookie is valid.
        clock: The clock.

    Raises:
        ConfigurationError: *key* is too short to protect anything.
    """

    def __init__(self, key: str | Secret, *, max_age: timedelta, clock: Clock) -> None:
        self._key = key if isinstance(key, Secret) else Secret(key)
        if len(self._key.reveal()) < _SHORTEST_KEY:
            raise ConfigurationError(f"The cookie's key needs at least {_SHORTEST_KEY} random characters.")
        self.max_age = max_age
        self._clock = clock

    def write(self, values: Mapping[str, Any]) -> str:
        """Return *values*, which JSON must be able to hold, signed and dated."""
        dated = [int(self._clock.now().timestamp()), values]
        text = base64.urlsafe_b64encode(json.dumps(dated, separators=(",", ":")).encode()).decode()
        return f"{text}.{self._signature(text)}"

    def read(self, cookie: str | None) -> dict[str, Any]:
        """Return the values that `write` signed; an empty dictionary if the signature is wrong or too old."""
        text, _, signature = (cookie or "").rpartition(".")
        if not hmac.compare_digest(self._signature(text).encode(), signature.encode("utf-8", "replace")):
            return {}
        try:
            at, values = json.loads(base64.urlsafe_b64decode(text))
        except (ValueError, binascii.Error):
            return {}
        age = self._clock.now().timestamp() - at
        return cast("dict[str, Any]", values) if age <= self.max_age.total_seconds() else {}

    def _signature(self, text: str) -> str:
        return hmac.new(
            self._key.reveal().encode(), b"cookie." + text.encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()
