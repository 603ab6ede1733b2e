"""QR login: a QR code on one device, scanned and confirmed on another.

Source: https://developers.tiktok.com/doc/login-kit-qr-code-authorization
"""

from typing import Literal
from urllib.parse import urlencode

from attrs import define

from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, OAuthRefused, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.oauth.token_endpoint import MALFORMED, read_form, required
from tiktok_async.models import Endpoint

# The `redirect_uri` that a confirmed login returns in that form; apps register none for QR logins.
_REDIRECT = "https://app.example.com/cb/"
_INVALID_SCOPE = "The scope is invalid, unknown or not approved for this app."


@define(slots=True, kw_only=True, eq=False)
class _Login:
    """One QR code and its status."""

    scopes: tuple[str, ...]
    app_state: str | None
    ends: float
    status: Literal["new", "scanned", "confirmed", "utilised"] = "new"
    ticket: str = ""
    user: EmulatedUser | None = None


class QrLogins:
    """All QR codes that were issued."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._logins: dict[str, _Login] = {}

    def routes(self) -> list[RouteDef]:
        """Return the two routes."""
        return [
            route(Endpoint.QRCODE_GET, self._get, auth="none", oauth=True),
            route(Endpoint.QRCODE_CHECK, self._check, auth="none", oauth=True),
        ]

    def scan(self, token: str, user: EmulatedUser, client_ticket: str | None) -> None:
        """Let *user* scan; see `Emulator.qr_scan`."""
        login = self._open(token)
        login.user = user
        login.ticket = "tobefilled" if client_ticket is None else client_ticket
        login.status = "scanned"

    def confirm(self, token: str) -> None:
        """Let the user who scanned allow the login; see `Emulator.qr_confirm`."""
        login = self._open(token)
        if login.status != "scanned":
            msg = "nobody scanned this QR code, or it was confirmed already"
            raise LookupError(msg)
        login.status = "confirmed"

    def _open(self, token: str) -> _Login:
        login = self._logins.get(token)
        if login is None or self._state.clock.timestamp() >= login.ends:
            msg = "there is no such QR code, or it has expired"
            raise LookupError(msg)
        return login

    async def _get(self, call: Call) -> Reply:
        state = self._state
        form = read_form(state, call, secret=False)
        scopes = tuple(required(form, "scope").split(","))
        if not all(scopes) or (state.app_scopes is not None and not set(scopes) <= state.app_scopes):
            raise OAuthRefused("invalid_scope", _INVALID_SCOPE)
        token = f"EMUQRTOKEN{len(self._logins) + 1:022d}"
        self._logins[token] = _Login(
            scopes=scopes,
            app_state=form.get("state"),
            ends=state.clock.timestamp() + state.quirks.qr_lifetime.total_seconds(),
        )
        query = {
            "authType": "100",
            "client_key": state.client_key,
            "client_ticket": "tobefilled",
            "scope": ",".join(scopes),
            **({} if form.get("state") is None else {"state": form["state"]}),
        }
        url = f"aweme://authorize?{urlencode(query, safe=',')}"
        return state.replies.oauth({"scan_qrcode_url": url, "token": token})

    async def _check(self, call: Call) -> Reply:
        state = self._state
        form = read_form(state, call)
        login = self._logins.get(required(form, "token"))
        if login is None:
            raise OAuthRefused("invalid_request", MALFORMED)
        if state.clock.timestamp() >= login.ends and login.status in ("new", "scanned"):
            return state.replies.oauth({"client_ticket": "", "status": "expired"})
        body = {"client_ticket": login.ticket, "status": login.status}
        if login.status == "confirmed" and login.user is not None:
            body |= self._delivered(login, login.user)
            login.status = "utilised"
        return state.replies.oauth(body)

    def _delivered(self, login: _Login, user: EmulatedUser) -> dict[str, str]:
        """Return the fields of a confirmed login: TikTok's table has `code`, its example `redirect_uri`."""
        scopes = frozenset(login.scopes) & {*user.scopes, "user.info.basic"}
        code = self._state.grants.new_code(user.open_id, frozenset(map(str, scopes)))
        app_state = {} if login.app_state is None else {"state": login.app_state}
        if self._state.quirks.qr_confirmed == "code":
            return {"code": code, **app_state}
        return {"redirect_uri": f"{_REDIRECT}?{urlencode({'code': code, **app_state})}"}
