"""The allow list: the words and numbers that a report may hold, and how TikTok's answers are expressed in them.

Nothing of an answer is copied. Each function here takes a value of any kind and returns a word of a closed list, a
small number or a bucket; what is in no list becomes `other`, or is counted.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from tiktok_async._error_codes import API_ERRORS, OAUTH_ERRORS
from tiktok_async.models import PublishState, Scope, UserField, VideoField

__all__ = [
    "FACTS",
    "WORDS",
    "Fact",
    "code_word",
    "digits_of",
    "key_words",
    "kind_word",
    "life_word",
    "one_of",
    "span_word",
    "status_word",
]

Fact: TypeAlias = "bool | int | str | list[str]"
"""The type of a fact: one or several words of the list, a small number, or yes or no."""

OTHER: Final = "other"
MOST: Final = 9_999
"""The largest number in a report. A person's ids and counts are larger, or are reported by their number of digits."""

_FIRST_STATUS, _LAST_STATUS = 100, 599

CODES: Final = frozenset({"ok", *API_ERRORS, *OAUTH_ERRORS})
KINDS: Final = ("absent", "null", "boolean", "integer", "number", "string", "digits", "list", "object")

# From TikTok's pages; the models name the page of each.
KEYS: Final = frozenset(
    {
        *("data", "error", "code", "message", "log_id", "logid", "http_status_code"),
        *("user", "videos", "cursor", "has_more", "search_id"),
        *("access_token", "expires_in", "open_id", "refresh_expires_in", "refresh_token", "scope", "token_type"),
        *("error_description", "captcha", "desc_url", "description", "error_code"),
        *("creator_avatar_url", "creator_username", "creator_nickname", "privacy_level_options", "comment_disabled"),
        *("duet_disabled", "stitch_disabled", "max_video_post_duration_sec"),
        *("publish_id", "upload_url", "status", "fail_reason", "publicaly_available_post_id"),
        *("uploaded_bytes", "downloaded_bytes"),
        *(str(name) for name in UserField),
        *(str(name) for name in VideoField),
    }
)

_LIVES: Final = {7_200: "2h", 86_400: "24h", 15_552_000: "180d", 31_536_000: "365d"}
_SPANS: Final = ((5.0, "under_5s"), (60.0, "under_1m"), (600.0, "under_10m"))
_LONGER: Final = "over_10m"

FACTS: Final = frozenset(
    {
        *("status", "code", "error_code", "keys", "other_keys", "kind", "digits", "life", "span", "state", "items"),
        *("pages", "again", "control_status", "polls", "message", "has_more", "cursor", "granted", "scopes"),
    }
)
"""The names of facts."""

WORDS: Final = frozenset(
    {
        OTHER,
        "",
        *CODES,
        *KINDS,
        *KEYS,
        *_LIVES.values(),
        *(word for _, word in _SPANS),
        _LONGER,
        *(str(state) for state in PublishState),
        *(str(scope) for scope in Scope),
    }
)
"""Every word that a fact may be, in addition to the sides of the questions."""

_KINDS_OF: Final[Mapping[type[object], str]] = {int: "integer", float: "number", list: "list", dict: "object"}
_DIGITS = re.compile(r"[0-9]{1,40}", re.ASCII)


def status_word(status: object) -> int:
    """Return an HTTP status, or 0 if it is not one."""
    return status if isinstance(status, int) and _FIRST_STATUS <= status <= _LAST_STATUS else 0


def code_word(code: object) -> str:
    """Return an error code that TikTok's pages know, `""` for none, or `other`.

    Example:
        >>> code_word("spam_risk_too_many_posts"), code_word("Ann's own words")
        ('spam_risk_too_many_posts', 'other')
    """
    return one_of(code, CODES)


def one_of(word: object, words: Iterable[str]) -> str:
    """Return *word* if it is one of *words* or nothing, else `other`."""
    if word is None or word == "":
        return ""
    # Return the word of the list, not the text that TikTok sent.
    return next((known for known in words if known == word), OTHER)


def key_words(value: object) -> dict[str, Fact]:
    """Return the documented keys of an object, and the number of its other keys.

    Example:
        >>> key_words({"cursor": 1, "Ann": 2})
        {'keys': ['cursor'], 'other_keys': 1}
    """
    found: Mapping[str, Any] = value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType] - JSON
    known = sorted(key for key in KEYS if key in found)
    return {"keys": list[str](known), "other_keys": min(len(found) - len(known), MOST)}


def kind_word(value: object, *, absent: bool = False) -> str:
    """Return the JSON type of *value*; a string of only digits is called `digits`."""
    if absent:
        return "absent"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "digits" if _DIGITS.fullmatch(value) else "string"
    return _KINDS_OF.get(type(value), OTHER)


def digits_of(value: object) -> int:
    """Return how many digits a number has, as a number or a string; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    return len(str(value)) if _DIGITS.fullmatch(str(value)) else 0


def life_word(seconds: object) -> str:
    """Return a token's lifetime if a page of TikTok's names it, else `other`."""
    whole = int(seconds) if isinstance(seconds, int | str) and digits_of(seconds) else -1
    return _LIVES.get(whole, OTHER)


def span_word(seconds: float) -> str:
    """Return the bucket of a length of time, positive or negative."""
    return next((word for most, word in _SPANS if abs(seconds) < most), _LONGER)
