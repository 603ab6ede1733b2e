"""The base of every error, and what keeps secrets out of their words."""

import re
from typing import Any, Self

__all__ = ["TikTokError", "join_words", "scrub"]

# Token prefixes as TikTok's samples print them; what follows is opaque and of unbounded length.
# https://developers.tiktok.com/doc/oauth-user-access-token-management
_TOKEN = re.compile(r"\b(act|rft|clt)\.[^\s\"'&,;<>]+")
_SECRET_PARAMETER = re.compile(
    r"\b(upload_token|access_token|refresh_token|client_secret|code_verifier|code)=[^\s\"'&<>]+"
)


def scrub(text: str) -> str:
    """Blank what looks like a token or a secret parameter in *text* that came from outside.

    Example:
        >>> scrub("token act.abc!1 is bad")
        'token act.*** is bad'
    """
    return _SECRET_PARAMETER.sub(r"\1=***", _TOKEN.sub(r"\1.***", text))


def join_words(*parts: str | None) -> str:
    """Join the parts of a message that are there."""
    return " ".join(part for part in parts if part)


def _restore(cls: "type[TikTokError]", args: tuple[Any, ...], state: dict[str, Any]) -> "TikTokError":
    error = cls.__new__(cls, *args)
    error.args = args
    cause = state.pop("__cause__", None)
    error.__dict__.update(state)
    if cause is not None:
        error.__cause__ = cause
    return error


class TikTokError(Exception):
    """The base of every error of this library.

    Args:
        message: What happened, to whom, and what to do; no secret.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        # A foreign cause may hold request headers or refuse to pickle; ours are safe to keep.
        if isinstance(self.__cause__, TikTokError):
            state["__cause__"] = self.__cause__
        return (_restore, (type(self), self.args, state))

    def __copy__(self) -> Self:
        error = type(self).__new__(type(self), *self.args)
        error.args = self.args
        error.__dict__.update(self.__dict__)
        error.__cause__ = self.__cause__
        return error

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # The evidence is immutable values; nothing below needs a copy of its own.
        return self.__copy__()
