"""What a process knows of one account's token, and the work on it that callers wait for."""

import math
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, final

from attrs import frozen

from tiktok_async._flight import Promise
from tiktok_async.errors import ReauthorizationRequired, TikTokError, TokenNotSaved
from tiktok_async.models import AccountKey, Secret, Token

if TYPE_CHECKING:
    from tiktok_async._refresh import Rotation

_NEVER = -math.inf


class Want(Enum):
    """What a flight is for."""

    USABLE = auto()
    """Any token that can be used."""
    FRESH = auto()
    """One that is not stale; nobody waits for it."""
    OTHER = auto()
    """One that is not the refused one."""
    NEW = auto()
    """One that TikTok gives now."""
    LATER = auto()
    """One that ends later than a given time; the sweep's."""


@frozen(slots=True)
class Wish:
    """What a flight is for, in full.

    Attributes:
        want: Which kind of token.
        refused: The access token that TikTok refused, for `Want.OTHER`.
        until: The token has to live longer than this, for `Want.LATER`;
        since: or to have been given since then.
    """

    want: Want
    refused: Secret | None = None
    until: datetime | None = None
    since: datetime | None = None


@final
class Flight:
    """Work on one account: any number of callers wait, none of them owns it.

    Attributes:
        wish: What it is for.
        known: The token, as soon as this process may use it.
        saved: The token, once it is stored.
        rotation: The rotation, once it came to that.
        began: When that was, by the monotonic clock.
        gained: Whether TikTok gave a new token.
    """

    __slots__ = ("began", "gained", "known", "rotation", "saved", "wish")

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.known: Promise[Token] = Promise()
        self.saved: Promise[Token] = Promise()
        self.rotation: Rotation | None = None
        self.began = 0.0
        self.gained = False

    @property
    def exposed(self) -> bool:
        """Whether a token may be lost if this is cut off now."""
        # One that rotated and is only giving its lease back has still to be told of.
        return self.rotation is not None and (self.rotation.exposed or self.rotation.rotated)

    @property
    def forced(self) -> bool:
        """Whether it asks TikTok whatever failed a moment ago."""
        return self.wish.want is Want.NEW

    async def over(self) -> None:
        """Wait until the token is stored or the flight has failed.

        Raises:
            TokenNotSaved: TikTok gave a new token and the store does not take it.
            ReauthorizationRequired: The grant is gone, and the store may not have taken that yet.
        """
        try:
            await self.saved.wait()
        except (TokenNotSaved, ReauthorizationRequired):
            raise
        except TikTokError:
            return

    def keep(self, token: Token) -> None:
        """Settle both promises."""
        self.known.keep(token)
        self.saved.keep(token)

    def fail(self, error: BaseException) -> None:
        """Settle both promises with *error*, as far as they are open."""
        self.known.fail(error)
        self.saved.fail(error)


@final
class AccountEntry:
    """The cached token of one account, with its deadlines by the monotonic clock.

    The wall clock is looked at once, when a token comes in: it may be set later, and a token must neither seem
    fresh nor dead for that.

    Attributes:
        key: The account.
        token: The token used last, whether or not it still is of use.
        fresh_until: Up to here it is used without a second thought.
        usable_until: Up to here it is used at all.
        flight: The work under way.
        failures: How many refreshes failed in a row.
        error: What the last one failed with.
        retry_at: TikTok is not asked before.
        look_at: The store is not asked before; calls get *error*.
        suspect: An access token that came from a refusal of the one before.
        suspect_until: Up to here a refusal of *suspect* is believed.
    """

    __slots__ = (
        "error",
        "failures",
        "flight",
        "fresh_until",
        "key",
        "look_at",
        "retry_at",
        "suspect",
        "suspect_until",
        "token",
        "usable_until",
    )

    def __init__(self, key: AccountKey) -> None:
        self.key = key
        self.token: Token | None = None
        self.fresh_until = _NEVER
        self.usable_until = _NEVER
        self.flight: Flight | None = None
        self.failures = 0
        self.error: TikTokError | None = None
        self.retry_at = _NEVER
        self.look_at = _NEVER
        self.suspect: Secret | None = None
        self.suspect_until = _NEVER

    def adopt(self, token: Token, *, fresh_until: float, usable_until: float) -> None:
        """Use *token* from now on."""
        self.token = token
        self.fresh_until = fresh_until
        self.usable_until = usable_until

    def recover(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.error = None
        self.retry_at = self.look_at = _NEVER

    def drop(self) -> None:
        """Use the token no more."""
        self.token = None
        self.fresh_until = self.usable_until = _NEVER
