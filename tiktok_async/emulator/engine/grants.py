"""Codes and tokens: their users, scopes and expiry, and which refresh tokens are invalid.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

import random
import string
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from attrs import define, frozen

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.quirks import Quirks

_LETTERS = string.ascii_letters + string.digits


@define(slots=True, eq=False)
class Grant:
    """The user, scopes and lifetime of one token.

    Attributes:
        open_id: The user's id; empty for the app's own client token.
        scopes: The scopes granted.
        ends: When it expires, in seconds of the clock's `timestamp`.
        refresh_ends: When its refresh token expires.
        rotated_at: When a refresh replaced it; `None` before.
        revoked: Whether the user or the developer revoked it.
    """

    open_id: str
    scopes: frozenset[str]
    ends: float
    refresh_ends: float = 0.0
    rotated_at: float | None = None
    revoked: bool = False


@frozen(slots=True, kw_only=True)
class Code:
    """An authorization code that was not exchanged yet."""

    open_id: str
    scopes: frozenset[str]
    redirect_uri: str | None
    challenge: str | None
    ends: float


@frozen(slots=True, kw_only=True, repr=False)
class Pair:
    """An access token and a refresh token, with the lifetimes in seconds that the client receives."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int
    open_id: str
    scopes: frozenset[str]


class Grants:
    """All codes and tokens of the app.

    Attributes:
        refreshes: How many token refreshes succeeded, by open_id.
        reuses: How often an already replaced refresh token was used again, by open_id. At TikTok this disconnects
            a creator.
        logins: How many codes were exchanged, by open_id.
    """

    def __init__(self, quirks: Quirks, clock: MovableClock, *, seed: int) -> None:
        self.quirks = quirks
        self._clock = clock
        self._random = random.Random(f"grants {seed}")  # noqa: S311 - tokens that only the emulator accepts
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._count = 0
        self.refreshes: Counter[str] = Counter()
        self.reuses: Counter[str] = Counter()
        self.logins: Counter[str] = Counter()

    def dump(self, plain: Callable[[Grant], dict[str, Any]]) -> dict[str, Any]:
        """Return all tokens as JSON values; codes expire within minutes and are left out."""
        return {
            "count": self._count,
            "access": {text: plain(grant) for text, grant in self._access.items()},
            "refresh": {text: plain(grant) for text, grant in self._refresh.items()},
        }

    def load(self, saved: Mapping[str, Any], grant: Callable[[Mapping[str, Any]], Grant]) -> None:
        """Restore what `dump` returned."""
        self._count = int(saved["count"])
        self._access = {text: grant(values) for text, values in saved["access"].items()}
        self._refresh = {text: grant(values) for text, values in saved["refresh"].items()}

    def new_code(
        self, open_id: str, scopes: frozenset[str], *, redirect_uri: str | None = None, challenge: str | None = None
    ) -> str:
        """Return a new authorization code; like TikTok's, it contains characters that need URL encoding."""
        code = f"{self._text(40)}*{self._random.randrange(10)}!{self._random.randrange(1000, 9999)}.s1"
        self._codes[code] = Code(
            open_id=open_id,
            scopes=scopes,
            redirect_uri=redirect_uri,
            challenge=challenge,
            ends=self._clock.timestamp() + self.quirks.code_lifetime.total_seconds(),
        )
        return code

    def code(self, text: str) -> Code | None:
        """Return the data of a code, if it was not used and has not expired."""
        code = self._codes.get(text)
        return code if code is not None and self._clock.timestamp() < code.ends else None

    def use_code(self, text: str) -> Pair:
        """Return tokens for a code that `code` found; the code does not work a second time."""
        code = self._codes.pop(text)
        self.logins[code.open_id] += 1
        return self.new_pair(code.open_id, code.scopes)

    def new_pair(self, open_id: str, scopes: frozenset[str], *, refresh_ends: float | None = None) -> Pair:
        """Return a new access token and a new refresh token."""
        now = self._clock.timestamp()
        if refresh_ends is None:
            refresh_ends = now + self.quirks.refresh_lifetime.total_seconds()
        return self._pair(self._token("rft"), open_id, scopes, now=now, refresh_ends=refresh_ends)

    def rotate(self, refresh_token: str) -> Pair | None:
        """Return new tokens for a refresh token; `None` if it is invalid or unknown."""
        grant = self._refresh.get(refresh_token)
        now = self._clock.timestamp()
        if grant is None or grant.revoked or now >= grant.refresh_ends:
            return None
        if grant.rotated_at is not None and not self._in_grace(grant.rotated_at, now):
            self.reuses[grant.open_id] += 1
            return None
        self.refreshes[grant.open_id] += 1
        if self.quirks.refresh_ends_access:
            self._end(self._access, grant.open_id)
        restarts = self.quirks.refresh_lifetime_restarts
        refresh_ends = now + self.quirks.refresh_lifetime.total_seconds() if restarts else grant.refresh_ends
        if self.quirks.rotation == "none":
            grant.refresh_ends = refresh_ends
            return self._pair(refresh_token, grant.open_id, grant.scopes, now=now, refresh_ends=refresh_ends)
        grant.rotated_at = grant.rotated_at or now
        return self.new_pair(grant.open_id, grant.scopes, refresh_ends=refresh_ends)

    def new_client_token(self, scopes: frozenset[str]) -> tuple[str, int]:
        """Return a new client token and its lifetime in seconds."""
        text, life = self._token("clt"), self._seconds(self.quirks.access_lifetime)
        self._access[text] = Grant("", scopes, self._clock.timestamp() + life)
        return text, life

    def access(self, text: str) -> Grant | None:
        """Return the grant of an access token, or `None` if the token is not valid."""
        grant = self._access.get(text)
        if grant is None or grant.revoked or self._clock.timestamp() >= grant.ends:
            return None
        return grant

    def whose(self, text: str) -> str | None:
        """Return the open_id of an access token, even if it is no longer valid."""
        grant = self._access.get(text)
        return grant.open_id or None if grant is not None else None

    def granted(self, open_id: str) -> frozenset[str]:
        """Return the scopes of a user's valid refresh tokens."""
        now = self._clock.timestamp()
        alive = [
            grant.scopes
            for grant in self._refresh.values()
            if grant.open_id == open_id and not grant.revoked and grant.rotated_at is None and now < grant.refresh_ends
        ]
        return frozenset[str]().union(*alive)

    def widen(self, open_id: str, scopes: frozenset[str]) -> None:
        """Add scopes to a user's valid tokens, as a consent in a mini game does; it gives no new token."""
        for tokens in (self._access, self._refresh):
            for grant in tokens.values():
                if grant.open_id == open_id and not grant.revoked:
                    grant.scopes |= scopes

    def revoke(self, open_id: str) -> bool:
        """Revoke all tokens of a user; return whether there was one."""
        self._codes = {text: code for text, code in self._codes.items() if code.open_id != open_id}
        ended = self._end(self._access, open_id)
        return self._end(self._refresh, open_id) or ended

    def expire_access(self, open_id: str) -> None:
        """Expire the access tokens of a user; the refresh tokens stay valid."""
        self._end(self._access, open_id)

    def _pair(
        self, refresh_token: str, open_id: str, scopes: frozenset[str], *, now: float, refresh_ends: float
    ) -> Pair:
        life = self._seconds(self.quirks.access_lifetime)
        access_token = self._token("act")
        self._access[access_token] = Grant(open_id, scopes, now + life)
        if refresh_token not in self._refresh:
            self._refresh[refresh_token] = Grant(open_id, scopes, now + life, refresh_ends)
        return Pair(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_in=life,
            refresh_expires_in=round(refresh_ends - now),
            open_id=open_id,
            scopes=scopes,
        )

    def _in_grace(self, rotated_at: float, now: float) -> bool:
        return self.quirks.rotation == "grace" and now < rotated_at + self.quirks.rotation_grace.total_seconds()

    @staticmethod
    def _end(tokens: dict[str, Grant], open_id: str) -> bool:
        alive = [grant for grant in tokens.values() if grant.open_id == open_id and not grant.revoked]
        for grant in alive:
            grant.revoked = True
        return bool(alive)

    def _token(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}.{self._text(48)}{self._count}!{self._random.randrange(1000, 9999)}.e1"

    def _text(self, length: int) -> str:
        return "".join(self._random.choices(_LETTERS, k=length))

    @staticmethod
    def _seconds(life: timedelta) -> int:
        return max(1, round(life.total_seconds()))
