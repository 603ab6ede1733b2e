"""The keys of an encrypted store: whether they are valid and random."""

import base64
from collections.abc import Iterator

from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import ConfigurationError

_SUBJECT = "store key"
# 32 random bytes have about 30 different values; fewer than 16 mean that the key is not random.
_FEWEST_BYTES = 16
_MAKE = "Make one with `tiktok-async store-key`."


def check_store_key(variable: str | None) -> Iterator[Finding]:
    """Yield the findings about the keys in `TIKTOK_STORE_KEY`.

    Args:
        variable: Its value: keys, newest first, separated by commas. Keys are never shown.
    """
    keys = [key.strip() for key in (variable or "").split(",") if key.strip()]
    if not keys:
        advice = f"{_MAKE} Now everybody who can read the store can use its tokens."
        yield Finding(_SUBJECT, Level.DOUBTFUL, "TIKTOK_STORE_KEY is not set: tokens are not encrypted.", advice)
        return
    findings = [finding for number, key in enumerate(keys, 1) if (finding := _look(number, key)) is not None]
    if len(set(keys)) < len(keys):
        findings.append(Finding(_SUBJECT, Level.DOUBTFUL, "A key is listed twice.", "Remove one of them."))
    yield from findings
    if not findings:
        yield Finding(_SUBJECT, Level.OK, "Tokens are encrypted." if len(keys) == 1 else f"{len(keys)} keys are valid.")


def _look(number: int, key: str) -> Finding | None:
    from tiktok_async.stores import EncryptedTokenStore, MemoryTokenStore

    try:
        EncryptedTokenStore(MemoryTokenStore(), keys=[key])
    except (ConfigurationError, ImportError) as error:
        return Finding(_SUBJECT, Level.DANGEROUS, f"Key {number} of TIKTOK_STORE_KEY cannot be used: {error}", _MAKE)
    raw = base64.urlsafe_b64decode(key)
    if len(set(raw)) < _FEWEST_BYTES or (raw.isascii() and raw.decode().isprintable()):
        what = f"Key {number} of TIKTOK_STORE_KEY is not random and could be guessed."
        return Finding(_SUBJECT, Level.DANGEROUS, what, f"{_MAKE} Put it in front of the others, then rotate.")
    return None
