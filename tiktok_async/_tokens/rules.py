"""The rules for tokens: how long one is fresh, what a failed refresh means, and why a grant has ended."""

import zlib
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus

from attrs import frozen

from tiktok_async.errors import ApiError, OAuthError, ServerError, TikTokError, TransportError
from tiktok_async.models import Token, TokenState

_SHORTEST_MARGIN = 60.0
_GUARD = 1.0


@frozen(slots=True)
class Lifetime:
    """The time that is left of a token, in seconds from now; negative after its end.

    Attributes:
        fresh: The time until it needs a refresh.
        usable: The time for which it may be used: a little less than its life, since a call takes time.
    """

    fresh: float
    usable: float


def lifetime(*, life: float, left: float, margin: timedelta | None, spread: float = 0.0) -> Lifetime:
    """Say how long a token is fresh and usable.

    The margin grows by up to a half with *spread*, a number of the account's, so that accounts connected on one day are
    not refreshed together. It is never more than half of the life: a token of two seconds is used for one.

    Args:
        life: Seconds from its start to its end.
        left: Seconds from now to its end.
        margin: The user's margin; `None` takes a tenth of the life, at least 60 s.
        spread: From 0 up to 1.

    Returns:
        The two times that are left.
    """
    # No token has more left than its whole life: a clock that was set back must not make an old token seem new.
    left = min(life, left)
    wanted = max(_SHORTEST_MARGIN, life / 10) if margin is None else margin.total_seconds()
    guard = min(_GUARD, life / 20)
    window = min(life / 2, wanted * (1 + spread / 2))
    return Lifetime(fresh=left - max(window, guard), usable=left - guard)


def token_lifetime(token: Token, now: datetime, margin: timedelta | None) -> Lifetime:
    """Say how long *token* is fresh and usable, counted from *now*."""
    return lifetime(
        life=max(0.0, (token.expires_at - token.updated_at).total_seconds()),
        left=(token.expires_at - now).total_seconds(),
        margin=margin,
        spread=zlib.crc32(token.key.open_id.encode("utf-8", "surrogatepass")) / 2**32,
    )


class RefreshOutcome(Enum):
    """The state of a refresh token after its refresh failed."""

    REFUSED = auto()
    """TikTok refuses it."""
    SPENT = auto()
    """TikTok rotated it, and the answer with the new pair cannot be used."""
    UNUSED = auto()
    """It was not used and is still valid."""
    UNCLEAR = auto()
    """TikTok's answer does not say whether it rotated the token; the request has ended."""
    UNKNOWN = auto()
    """There was no answer: TikTok may have rotated it, or may still do so."""


def classify_refresh_error(error: TikTokError) -> RefreshOutcome:
    """Say what *error*, raised by a refresh, means for the refresh token.

    Source: https://developers.tiktok.com/doc/oauth-error-handling
    """
    if isinstance(error, OAuthError):
        if error.error == "invalid_grant":
            return RefreshOutcome.REFUSED
        return RefreshOutcome.UNCLEAR if error.error == "server_error" else RefreshOutcome.UNUSED
    if isinstance(error, TransportError):
        return RefreshOutcome.UNKNOWN if error.sent else RefreshOutcome.UNUSED
    if isinstance(error, ServerError) and error.code == "unexpected_form":
        # The answer held a token that cannot be used, such as another account's.
        return RefreshOutcome.SPENT
    if isinstance(error, ServerError) or (isinstance(error, ApiError) and error.status < HTTPStatus.BAD_REQUEST):
        return RefreshOutcome.UNCLEAR
    return RefreshOutcome.UNUSED


def went_back(known: Token | None, stored: Token) -> bool:
    """Say whether the store has lost a newer token that this process knows.

    A restored backup holds an older pair, and so does a replica that took over before it had the last writes. Its
    refresh token has been used: TikTok would refuse it, and may end the whole grant.

    Times alone do not show it, since another worker's clock may be wrong. Versions alone do not either, since a login
    after the restore continues from the old version. A record that is marked as lost is the exception: trying a newer
    pair there costs nothing.

    Args:
        known: The token that this process used last, as it was stored.
        stored: The token that is stored now.
    """
    if known is None or known.refresh_token == stored.refresh_token or known.updated_at <= stored.updated_at:
        return False
    return stored.state is not TokenState.ACTIVE or known.version > stored.version


def reauthorization_reason(token: Token, now: datetime, *, interrupted: bool) -> str:
    """Return the reason why TikTok refused the refresh token of *token*.

    Args:
        token: The stored token.
        now: The wall clock's time.
        interrupted: Whether an earlier refresh with the same refresh token had an unknown outcome.

    Returns:
        `expired`, `interrupted_rotation` or `revoked`.
    """
    if token.refresh_expires_at <= now:
        return "expired"
    return "interrupted_rotation" if interrupted else "revoked"
