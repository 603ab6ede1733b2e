"""The rules of a token's life: how long it is fresh, what a failed refresh means, why a grant is gone."""

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
    """What is left of a token, in seconds from now; negative when it is over.

    Attributes:
        fresh: How long it is used without a second thought.
        usable: How long it is used at all: a little less than its life, since a call takes time.
    """

    fresh: float
    usable: float


def lifetime(*, life: float, left: float, margin: timedelta | None, spread: float = 0.0) -> Lifetime:
    """Say how long a token is fresh and usable.

    The margin grows by up to a half with *spread*, the account's own number, so that accounts connected on one day
    do not end together. It is never more than half of the life: a token that lives two seconds is used for one.

    Args:
        life: Seconds from its birth to its end.
        left: Seconds from now to its end.
        margin: The user's margin; `None` takes a tenth of the life, at least 60 s.
        spread: From 0 up to 1.

    Returns:
        The two times that are left.
    """
    # Nothing lives longer than it was given: a clock that was set back must not make an old token young.
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
    """What became of a refresh token whose refresh failed."""

    REFUSED = auto()
    """TikTok does not take it (any more)."""
    UNUSED = auto()
    """It was not used and is as good as before."""
    UNCLEAR = auto()
    """TikTok answered, and not whether it rotated; the request is over."""
    UNKNOWN = auto()
    """No answer came: TikTok may have rotated, or may be about to."""


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
        # An answer with a token in it, which cannot be used: another try at once would use up a used one again.
        return RefreshOutcome.UNKNOWN
    if isinstance(error, ServerError) or (isinstance(error, ApiError) and error.status < HTTPStatus.BAD_REQUEST):
        return RefreshOutcome.UNCLEAR
    return RefreshOutcome.UNUSED


def went_back(known: Token | None, stored: Token) -> bool:
    """Say whether the store has lost a newer token that this process knows.

    A backup that was restored, or a replica that took over before the last writes had reached it, holds an older
    pair. Its refresh token has been used: TikTok would refuse it, and may end the whole grant for it.

    Times alone do not tell, since another worker's clock may be wrong; nor do versions, since a login after the
    restoring begins from the old one. A record that is marked as lost is the exception: to try a newer pair there
    costs nothing.

    Args:
        known: What this process used last, as it was stored.
        stored: What is stored now.
    """
    if known is None or known.refresh_token == stored.refresh_token or known.updated_at <= stored.updated_at:
        return False
    return stored.state is not TokenState.ACTIVE or known.version > stored.version


def reauthorization_reason(token: Token, now: datetime, *, interrupted: bool) -> str:
    """Name why TikTok refused the refresh token of *token*.

    Args:
        token: What is stored.
        now: The wall clock's time.
        interrupted: Whether an earlier refresh with the same refresh token had an unknown outcome.

    Returns:
        `expired`, `interrupted_rotation` or `revoked`.
    """
    if token.refresh_expires_at <= now:
        return "expired"
    return "interrupted_rotation" if interrupted else "revoked"
