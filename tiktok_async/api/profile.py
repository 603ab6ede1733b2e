"""The profile of a mini game's player: requested with the stored token, kept for days, and never without a name.

Source: https://developers.tiktok.com/doc/minis-user-data
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson
from attrs import evolve

from tiktok_async._decoding.answers import member, read
from tiktok_async._decoding.converter import DecodeError, structure
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.abc import NoteStore
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError, ScopeNotAuthorized, StoreError
from tiktok_async.models import USER_FIELD_SCOPES, AccountKey, Endpoint, Scope, Token, User

__all__ = ["shown_profile"]

_NOTE = "profile"
# "every 3 to 7 days": https://developers.tiktok.com/doc/minis-user-data
_SOONEST, _LATEST = timedelta(days=3), timedelta(days=7)
_KEPT = timedelta(days=30)
# A head and shoulders in grey.
_PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E%3Crect width='40' height='40'"
    " fill='%23c9cbd4'/%3E%3Ccircle cx='20' cy='15' r='7' fill='%23fff'/%3E%3Cellipse cx='20' cy='36' rx='13' ry='12'"
    " fill='%23fff'/%3E%3C/svg%3E"
)


async def shown_profile(
    runtime: Runtime, credential: AccountCredential, *, name: str, avatar_url: str | None, max_age: timedelta | None
) -> User:
    """Return the profile, or a substitute for it; see `Account.profile`."""
    if max_age is not None and max_age < timedelta(0):
        msg = f"max_age is the greatest age of a profile, zero or more, not {max_age}."
        raise ConfigurationError(msg)
    token = credential.usable() or await credential.obtain()
    key = AccountKey(runtime.client_key, credential.open_id)
    notes = runtime.store if isinstance(runtime.store, NoteStore) else None
    limit = _age_of(credential.open_id) if max_age is None else max_age
    user = None if notes is None else await _kept(notes, key, now=runtime.clock.now(), limit=limit)
    if user is None:
        user = await _asked(runtime, credential, token)
        if user is not None and notes is not None:
            note = orjson.dumps({"at": runtime.clock.now().isoformat(), "user": user.raw})
            await notes.put_note(key, _NOTE, note, ttl=_KEPT, only_if_absent=False)
    picture = _PICTURE if avatar_url is None else avatar_url
    if user is None:
        return User(open_id=credential.open_id, display_name=name, avatar_url=picture)
    return evolve(user, display_name=user.display_name or name, avatar_url=user.avatar_url or picture)


def _age_of(open_id: str) -> timedelta:
    """Return how long the account's profile is kept: 3 to 7 days, so that not all are requested on one day."""
    share = int.from_bytes(hashlib.sha256(open_id.encode("utf-8", "surrogatepass")).digest()[:4]) / 2**32
    return _SOONEST + share * (_LATEST - _SOONEST)


async def _kept(notes: NoteStore, key: AccountKey, *, now: datetime, limit: timedelta) -> User | None:
    found = await notes.get_note(key, _NOTE)
    if found is None:
        return None
    try:
        kept: Any = orjson.loads(found)
        if now - datetime.fromisoformat(kept["at"]) >= limit:
            return None
        return structure(kept["user"], User)
    except (DecodeError, KeyError, TypeError, ValueError):
        return None


async def _asked(runtime: Runtime, credential: AccountCredential, token: Token) -> User | None:
    """Ask TikTok, whatever scopes are recorded: a consent in the game adds scopes without a new token."""
    scopes = token.scopes | {Scope.USER_INFO_BASIC}
    fields = ",".join(field for field, scope in USER_FIELD_SCOPES.items() if scope in scopes)
    try:
        response = await runtime.sender.call(Endpoint.USER_INFO, credential=credential, fields=fields)
    except ScopeNotAuthorized:
        return None
    user = read(response, member(response, "user"), User, endpoint=Endpoint.USER_INFO, open_id=credential.open_id)
    if Scope.USER_INFO_BASIC not in token.scopes:
        # The profile was received; the scopes are recorded the next time.
        with suppress(StoreError):
            await runtime.tokens.add_scopes(credential.open_id, frozenset({str(Scope.USER_INFO_BASIC)}))
    return user
