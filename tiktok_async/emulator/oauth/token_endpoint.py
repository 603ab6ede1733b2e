"""The token and revoke endpoints, which take forms and reply without the envelope.

Sources: https://developers.tiktok.com/doc/oauth-user-access-token-management
https://developers.tiktok.com/doc/client-access-token-management and https://developers.tiktok.com/doc/oauth-error-handling
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tiktok_async.emulator.engine.grants import Pair
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, OAuthRefused, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.oauth.authorize import is_challenge
from tiktok_async.models import Endpoint, Scope

FORM = "application/x-www-form-urlencoded"
MALFORMED = "The request parameters are malformed."
MISSING = "The request is missing a required parameter."
_NO_SECRET = "Client secret is missed in request."  # noqa: S105 - a message
_WRONG_CLIENT = "Client key or secret is incorrect."
_WRONG_URI = "Redirect_uri is not matched with the uri when requesting code."
_WRONG_VERIFIER = "Code verifier or code challenge is invalid."
_WRONG_CODE = "Authorization code is expired."
# The next three messages are the emulator's own; TikTok's are not documented.
_WRONG_REFRESH = "Refresh token is invalid or expired."
_WRONG_TOKEN = "Access token is invalid or expired."  # noqa: S105 - a message
_WRONG_GRANT = "The grant type is not supported."
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{1,128}")
_REASON_DEVELOPER = 5
_CLIENT_SCOPES = frozenset(
    map(
        str, (Scope.RESEARCH_DATA_BASIC, Scope.RESEARCH_DATA_U18EU, Scope.RESEARCH_DATA_VRA, Scope.RESEARCH_ADLIB_BASIC)
    )
)


def routes(state: State) -> list[RouteDef]:
    """Return the routes of the OAuth endpoints."""
    tokens = _Tokens(state)
    return [
        route(Endpoint.TOKEN, tokens.token, auth="none", oauth=True),
        route(Endpoint.REVOKE, tokens.revoke, auth="none", oauth=True),
    ]


def read_form(state: State, call: Call, *, secret: bool = True) -> dict[str, str]:
    """Return the form of an OAuth call after checking its client key and secret.

    Raises:
        OAuthRefused: The content type, the form or the client is wrong.
    """
    content_type = call.request.headers.get("Content-Type", "")
    if state.quirks.form_charset == "accepted":
        content_type = content_type.partition(";")[0].strip()
    try:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True)
    except UnicodeDecodeError:
        pairs = []
    form = dict(pairs)
    if content_type != FORM or len(form) != len(pairs) or not form.get("client_key"):
        raise OAuthRefused("invalid_request", MALFORMED)
    if secret and not form.get("client_secret"):
        raise OAuthRefused("invalid_request", _NO_SECRET)
    good = hmac.compare_digest(form["client_key"].encode(), state.client_key.encode())
    if secret:
        good &= hmac.compare_digest(form["client_secret"].encode(), state.client_secret.encode())
    if not good:
        raise OAuthRefused("invalid_client", _WRONG_CLIENT)
    return form


def required(form: Mapping[str, str], name: str) -> str:
    """Return a field of a form.

    Raises:
        OAuthRefused: It is missing or empty.
    """
    if not form.get(name):
        raise OAuthRefused("invalid_request", MISSING)
    return form[name]


class _Tokens:
    def __init__(self, state: State) -> None:
        self._state = state
        self._grants: Mapping[str, Callable[[Mapping[str, str]], Reply]] = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh_token,
            "client_credentials": self._by_client,
        }

    async def token(self, call: Call) -> Reply:
        form = read_form(self._state, call)
        grant = self._grants.get(required(form, "grant_type"))
        if grant is None:
            raise OAuthRefused("unsupported_grant_type", _WRONG_GRANT)
        return grant(form)

    async def revoke(self, call: Call) -> Reply:
        form = read_form(self._state, call)
        grant = self._state.grants.access(required(form, "token"))
        if grant is None or not grant.open_id:
            raise OAuthRefused("invalid_grant", _WRONG_TOKEN)
        call.record.open_id = grant.open_id
        self._state.revoke(grant.open_id, reason=_REASON_DEVELOPER)
        return Reply(200, self._state.quirks.revoke_reply.encode())

    def _by_code(self, form: Mapping[str, str]) -> Reply:
        text = required(form, "code")
        code = self._state.grants.code(text)
        if code is None:
            raise OAuthRefused("invalid_grant", _WRONG_CODE)
        # The code of a mini game has no redirect URI, so its exchange sends none.
        if code.redirect_uri is not None and required(form, "redirect_uri") != code.redirect_uri:
            raise OAuthRefused("invalid_request", _WRONG_URI)
        if code.challenge is not None and not self._matches(form.get("code_verifier", ""), code.challenge):
            raise OAuthRefused("invalid_request", _WRONG_VERIFIER)
        return self._pair(self._state.grants.use_code(text))

    def _matches(self, verifier: str, challenge: str) -> bool:
        quirks = self._state.quirks
        if quirks.web_challenge == "ignored" and not is_challenge(challenge, quirks.challenge_form):
            return True
        return _matches(verifier, challenge, quirks.challenge_form)

    def _by_refresh_token(self, form: Mapping[str, str]) -> Reply:
        pair = self._state.grants.rotate(required(form, "refresh_token"))
        if pair is None:
            raise OAuthRefused("invalid_grant", _WRONG_REFRESH)
        return self._pair(pair)

    def _by_client(self, form: Mapping[str, str]) -> Reply:
        del form
        approved = self._state.app_scopes
        scopes = _CLIENT_SCOPES if approved is None else _CLIENT_SCOPES & approved
        token, life = self._state.grants.new_client_token(scopes)
        return self._state.replies.oauth({"access_token": token, "expires_in": life, "token_type": "Bearer"})

    def _pair(self, pair: Pair) -> Reply:
        body: dict[str, Any] = token_reply(pair)
        if self._state.quirks.refresh_expires_in_as_text:
            body["refresh_expires_in"] = str(pair.refresh_expires_in)
        if self._state.quirks.token_reply == "v1":  # noqa: S105 - a shape, not a secret
            del body["token_type"]
            extra = {"captcha": "", "desc_url": "", "description": "", "error_code": 0}
            body = {"data": {**body, **extra, "log_id": self._state.replies.log_id()}, "message": "success"}
        return self._state.replies.oauth(body)


def token_reply(pair: Pair) -> dict[str, Any]:
    """Return the reply of the token endpoint for a user."""
    return {
        "access_token": pair.access_token,
        "expires_in": pair.expires_in,
        "open_id": pair.open_id,
        "refresh_expires_in": pair.refresh_expires_in,
        "refresh_token": pair.refresh_token,
        "scope": ",".join(sorted(pair.scopes)),
        "token_type": "Bearer",
    }


def _matches(verifier: str, challenge: str, form: str) -> bool:
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = digest.hex() if form == "hex" else base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(expected, challenge)
