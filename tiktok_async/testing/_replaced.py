"""Decides what a recording keeps of a value. The rest is replaced; equal values get equal replacements."""

import itertools
import secrets
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

import attrs

from tiktok_async import models
from tiktok_async._error_codes import API_ERRORS, OAUTH_ERRORS

__all__ = ["Replaced"]

_DAY: Final = 86_400
_SMALL: Final = 999
# Numbers that tell nothing about a person, large or small.
_SIZES: Final = frozenset(
    {
        *(
            "expires_in",
            "refresh_expires_in",
            "error_code",
            "http_status_code",
            "max_count",
            "max_video_post_duration_sec",
        ),
        *("video_size", "chunk_size", "total_chunk_count", "uploaded_bytes", "downloaded_bytes", "height", "width"),
    }
)
# Of the envelope, of the token reply, and of requests.
_KEYS: Final = frozenset(
    {
        *("data", "error", "code", "message", "log_id", "logid", "http_status_code", "error_description", "error_code"),
        *("captcha", "desc_url", "description", "user", "videos", "cursor", "has_more", "search_id", "filters"),
        *("access_token", "expires_in", "open_id", "refresh_expires_in", "refresh_token", "scope", "token_type"),
        *("client_key", "client_secret", "grant_type", "redirect_uri", "code_verifier", "token", "max_count"),
        *("publish_id", "upload_url", "post_info", "source_info", "source", "video_size", "chunk_size", "video_ids"),
        *("total_chunk_count", "video_url", "photo_images", "photo_cover_index", "post_mode", "media_type", "status"),
        *("publicaly_available_post_id", "fields", "query", "start_date", "end_date", "is_random", "and", "or", "not"),
        *("operation", "field_name", "field_values", "username", "video_id", "comments", "user_followers"),
        *("user_following", "user_liked_videos", "pinned_videos_list", "reposted_videos", "user_reposted_videos"),
    }
)
_WORDS: Final = frozenset(
    {
        *("", "ok", "ok.", "success", "Bearer", "authorization_code", "refresh_token", "client_credentials"),
        *("FILE_UPLOAD", "PULL_FROM_URL", "DIRECT_POST", "MEDIA_UPLOAD", "PHOTO", "true", "false"),
        *("EQ", "IN", "GT", "GTE", "LT", "LTE"),
        *API_ERRORS,
        *OAUTH_ERRORS,
    }
)
# Seconds and milliseconds since 1970, from 2001 on.
_TIMES: Final = {10: _DAY, 13: _DAY * 1_000}


@cache
def _known_keys() -> frozenset[str]:
    """Return the keys that TikTok's pages name: those of the envelope, and the fields of this library's models."""
    classes = [one for one in vars(models).values() if isinstance(one, type) and attrs.has(one)]
    return _KEYS.union(*({field.name for field in attrs.fields(one)} for one in classes)) | _known_words()


@cache
def _known_words() -> frozenset[str]:
    """Return the words that TikTok's pages name: error codes, and those of this library's enumerations."""
    enums = [one for one in vars(models).values() if isinstance(one, type) and issubclass(one, StrEnum)]
    return _WORDS.union(*({str(member) for member in one} for one in enums))


class Replaced:
    """Replaces every id, secret, text, count and time; equal values get equal replacements."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._counts: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._days = secrets.randbelow(2_000) + 100

    def json(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
        """Return *value*, with everything replaced that is on no list.

        Args:
            value: Any JSON value.
            key: The key of the value.
        """
        if isinstance(value, dict):
            whole = cast("dict[str, Any]", value)
            return {self.key(name): self.json(inner, name) for name, inner in whole.items()}
        if isinstance(value, list):
            return [self.json(inner, key) for inner in value]  # pyright: ignore[reportUnknownVariableType] - JSON
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if key in _SIZES or 0 <= value <= _SMALL else self._number(value)
        return 0.5

    def key(self, name: str) -> str:
        """Return a key: unchanged if a page of TikTok's names it."""
        return name if name in _known_keys() else self._word(name, lambda number: f"key_{number}")

    def text(self, text: str) -> str:
        """Return a text: unchanged if a page of TikTok's names all its words."""
        if all(word in _known_words() for word in text.split(",")):
            return text
        if text.isascii() and text.isdigit():
            return str(self._number(int(text))).zfill(len(text))
        if text.startswith(("https://", "http://")):
            # An upload address must stay one that uploads are allowed to.
            base = "https://upload.tiktokapis.com/upload" if "upload_token=" in text else "https://example.com"
            return self._word(text, lambda number: f"{base}/{number}")
        return self._word(text, lambda number: f"text-{number}")

    def _number(self, value: int) -> int:
        digits = len(str(abs(value)))
        if digits in _TIMES and str(value).startswith("1"):
            # All times move by the same days, so their order and distances stay.
            return value - self._days * _TIMES[digits]
        known = self._counts.get(value)
        if known is None:
            known = self._counts[value] = 10 ** (digits - 1) + next(self._numbers)
        return known

    def _word(self, value: str, make: Callable[[int], str]) -> str:
        known = self._words.get(value)
        if known is None:
            known = self._words[value] = make(next(self._numbers))
        return known
