"""The profile of a user.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from tiktok_async._credentials import AccountCredential
from tiktok_async._send import Sender
from tiktok_async.api.reading import member, read
from tiktok_async.errors import ConfigurationError, ScopeNotAuthorized, ScopeNotGranted
from tiktok_async.models import USER_FIELD_SCOPES, Endpoint, Scope, Token, User, UserField


async def user_info(sender: Sender, credential: AccountCredential, fields: Iterable[UserField | str] | None) -> User:
    """Return the profile of *credential*'s account; see `Account.user_info`."""
    token = credential.usable() or await credential.obtain()
    wanted = _granted_fields(token) if fields is None else _checked(fields, token)
    response = await sender.call(Endpoint.USER_INFO, credential=credential, fields=",".join(wanted))
    profile: Any = member(response, "user") or {}
    return read(response, profile, User, endpoint=Endpoint.USER_INFO, open_id=credential.open_id)


def _granted_fields(token: Token) -> list[str]:
    granted = [str(field) for field, scope in USER_FIELD_SCOPES.items() if scope in token.scopes]
    if not granted:
        raise ScopeNotGranted({Scope.USER_INFO_BASIC}, open_id=token.key.open_id, what="A profile")
    return granted


def _checked(fields: Iterable[UserField | str], token: Token) -> list[str]:
    wanted = list(dict.fromkeys(str(field) for field in fields))
    if not wanted:
        msg = "user_info needs at least one field; leave `fields` out for all that the granted scopes allow."
        raise ConfigurationError(msg)
    # A field this library does not know may be new at TikTok: it is asked for, and TikTok decides.
    missing: set[str] = {
        scope
        for field, scope in USER_FIELD_SCOPES.items()
        if field in wanted and token.scopes and scope not in token.scopes
    }
    if missing:
        raise ScopeNotGranted(missing, open_id=token.key.open_id, what="Of the fields asked for, some")
    return wanted


async def profile(sender: Sender, credential: AccountCredential, *, name: str, avatar_url: str | None) -> User:
    """Return the profile, or what the caller knows of the user; see `Account.profile`."""
    try:
        user = await user_info(sender, credential, None)
    except (ScopeNotGranted, ScopeNotAuthorized):
        user = User(open_id=credential.open_id)
    return evolve(user, display_name=user.display_name or name, avatar_url=user.avatar_url or avatar_url)
