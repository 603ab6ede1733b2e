"""Serves the authorize page: shows it, reads the decision, and redirects the browser to the app.

Source: https://developers.tiktok.com/doc/login-kit-web
"""

from urllib.parse import parse_qs, parse_qsl

from tiktok_async.emulator.engine.replies import HTML, TEXT, Reply
from tiktok_async.emulator.engine.routes import AUTHORIZE, Call, RouteDef
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.oauth import consent_page as _consent_page
from tiktok_async.emulator.oauth.authorize import Authorization, check

PATH = "/v2/auth/authorize/"
_COOKIE = "emulator_user"
_MOST_SHOWN = 200
# The form's own fields; all other fields are the parameters of the app's request.
_OWN = ("user", "grant", "decision")


def routes(state: State) -> list[RouteDef]:
    """Return the routes of the authorize page."""
    consent = _Consent(state)
    return [
        RouteDef(endpoint=AUTHORIZE, method="GET", path=PATH, handler=consent.show),
        RouteDef(endpoint=AUTHORIZE, method="POST", path=PATH, handler=consent.decide),
        RouteDef(endpoint=AUTHORIZE, method="GET", path=PATH.rstrip("/"), handler=consent.show_without_slash),
    ]


class _Consent:
    def __init__(self, state: State) -> None:
        self._state = state

    async def show(self, call: Call) -> Reply:
        params = dict(parse_qsl(call.record.query, keep_blank_values=True))
        asked = check(self._state, params)
        if not isinstance(asked, Authorization):
            return _page(_consent_page.problem(asked), status=400)
        users = list(self._state.users.values())[:_MOST_SHOWN]
        if not users:
            return Reply(409, b"There are no users yet: add one with POST /_emulator/users", TEXT)
        known = self._state.users.get(call.request.cookies.get(_COOKIE, ""))
        if (
            known is not None
            and not asked.always_ask
            and set(asked.scopes) <= self._state.grants.granted(known.open_id)
        ):
            return self._grant(known, asked, frozenset(asked.scopes))
        chosen = known or users[0]
        return _page(
            _consent_page.consent(
                app=self._state.client_key,
                action=PATH,
                users=users if chosen in users else [chosen, *users],
                chosen=chosen,
                scopes=asked.scopes,
                hidden=params,
                redirect_uri=asked.redirect_uri,
            )
        )

    async def show_without_slash(self, call: Call) -> Reply:
        if self._state.quirks.authorize_slash == "required":
            return Reply(404, b"404 page not found", TEXT)
        return await self.show(call)

    async def decide(self, call: Call) -> Reply:
        form = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
        asked = check(self._state, {name: values[0] for name, values in form.items() if name not in _OWN})
        if not isinstance(asked, Authorization):
            return _page(_consent_page.problem(asked), status=400)
        user = self._state.users.get(form.get("user", [""])[0])
        if user is None:
            return _page(_consent_page.problem([("user", "is not a user of this emulator")]), status=400)
        if form.get("decision") != ["allow"]:
            return _redirect(asked.denied("access_denied", "User denied"))
        if self._state.quirks.sandbox and not user.sandbox_target:
            return _redirect(asked.denied("access_denied", "The user is no target user", kind="non_sandbox_target"))
        scopes = {*form.get("grant", []), _consent_page.ALWAYS} & set(asked.scopes)
        return self._grant(user, asked, frozenset(map(str, scopes)))

    def _grant(self, user: EmulatedUser, asked: Authorization, scopes: frozenset[str]) -> Reply:
        if self._state.quirks.basic_scope == "always":
            scopes |= {str(_consent_page.ALWAYS)}
        code = self._state.grants.new_code(
            user.open_id, scopes, redirect_uri=asked.redirect_uri, challenge=asked.challenge
        )
        cookie = f"{_COOKIE}={user.open_id}; Path={PATH}; HttpOnly; SameSite=Lax"
        return _redirect(asked.granted(code, scopes), cookie=cookie)


def _page(body: bytes, *, status: int = 200) -> Reply:
    return Reply(status, body, HTML, _consent_page.SECURITY_HEADERS)


def _redirect(location: str, *, cookie: str | None = None) -> Reply:
    headers = {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Reply(302, b"", TEXT, headers if cookie is None else {**headers, "Set-Cookie": cookie})
