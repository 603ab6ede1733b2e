"""The emulator: TikTok's API in memory, on a real port."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs
from aiohttp import web

from tiktok_async.emulator import _admin, _connect, _consent, _display, _oauth
from tiktok_async.emulator._clock import MovableClock
from tiktok_async.emulator._faults import Drop, Fault
from tiktok_async.emulator._qr import QrLogins
from tiktok_async.emulator._quirks import MissingScopeStyle, OAuthErrorStatus, Quirks, Rotation
from tiktok_async.emulator._requests import RecordedRequest, RequestLog
from tiktok_async.emulator._routes import RouteDef
from tiktok_async.emulator._server import Dispatcher
from tiktok_async.emulator._state import State
from tiktok_async.emulator._users import EmulatedUser
from tiktok_async.emulator._webhooks import WebhookDelivery
from tiktok_async.models import Endpoint, Limit

if TYPE_CHECKING:
    from tiktok_async.session import Account, TikTokSession

_SHUTDOWN = 1.0
_DISCONNECTED_IN_TIKTOK = 1


class Emulator:
    """TikTok's API in memory, served on loopback; refuses what TikTok would refuse.

    Args:
        host: Address to serve on.
        port: TCP port; 0 takes a free one.
        seed: Makes users, videos, tokens and jitter the same on each run.
        client_key: The app's key.
        client_secret: The app's secret.
        access_lifetime: Life of an access token; default 2 h.
        refresh_lifetime: Life of a refresh token; default 180 days.
        rotation: What becomes of a used refresh token; default `"strict"`: it is dead.
        oauth_error_status: HTTP status of OAuth errors; default 400.
        missing_scope_style: Which error a field without its scope gets; default `"401"`.
        limits: Instead of the documented rate limits, by endpoint; `None` for an endpoint lifts its limit.
        app_scopes: Scopes the app is approved for; `None`: all.
        redirect_uris: Registered redirect URIs; `None`: all that keep TikTok's rules.
        webhook_url: Where webhooks go, on this machine; `None`: nowhere.
        quirks: Everything else that TikTok's pages dispute; the arguments above win over it.

    Example:
        >>> async def example() -> None:
        ...     async with Emulator() as emulator:
        ...         user = emulator.add_user(videos=250)
        ...         async with emulator.session() as session:
        ...             account = await emulator.connect(session, user)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        client_key: str = "emu_client_key",
        client_secret: str = "emu_client_secret_0001",  # noqa: S107 - the emulator's made-up app
        access_lifetime: timedelta | None = None,
        refresh_lifetime: timedelta | None = None,
        rotation: Rotation | None = None,
        oauth_error_status: OAuthErrorStatus | None = None,
        missing_scope_style: MissingScopeStyle | None = None,
        limits: Mapping[Endpoint, Limit | None] | None = None,
        app_scopes: Iterable[str] | None = None,
        redirect_uris: Iterable[str] | None = None,
        webhook_url: str | None = None,
        quirks: Quirks | None = None,
    ) -> None:
        changes = {
            "access_lifetime": access_lifetime,
            "refresh_lifetime": refresh_lifetime,
            "rotation": rotation,
            "oauth_error_status": oauth_error_status,
            "missing_scope_style": missing_scope_style,
        }
        given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        self.state = State(
            client_key=client_key,
            client_secret=client_secret,
            seed=seed,
            quirks=attrs.evolve(quirks or Quirks(), **given),
            limits=limits,
            app_scopes=app_scopes,
            redirect_uris=redirect_uris,
            webhook_url=webhook_url,
        )
        self._host = host
        self._port = port
        self._qr = QrLogins(self.state)
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Serve; `async with` does it.

        Raises:
            OSError: The port is taken.
        """
        runner = web.ServerRunner(
            web.Server(Dispatcher(self.state, self._routes()), access_log=None), shutdown_timeout=_SHUTDOWN
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        host, port, *_ = runner.addresses[0]
        self.state.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def aclose(self) -> None:
        """Stop serving and sending; harmless when repeated."""
        runner, self._runner = self._runner, None
        await self.state.webhooks.aclose()
        if runner is not None:
            await runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is served: a session's `base_url`."""
        return self.state.url

    @property
    def authorize_url(self) -> str:
        """The consent page: a session's `authorize_url`."""
        return self.state.url + _consent.PATH

    @property
    def client_key(self) -> str:
        """The app's key."""
        return self.state.client_key

    @property
    def client_secret(self) -> str:
        """The app's secret."""
        return self.state.client_secret

    @property
    def quirks(self) -> Quirks:
        """How it behaves where TikTok's pages disagree."""
        return self.state.quirks

    @property
    def clock(self) -> MovableClock:
        """Its time; `clock.advance(timedelta(hours=2))` moves it, and whoever sleeps by it."""
        return self.state.clock

    @property
    def requests(self) -> RequestLog:
        """What it was asked, in order."""
        return self.state.log

    @property
    def users(self) -> list[EmulatedUser]:
        """Everybody who was added."""
        return list(self.state.users.values())

    @property
    def refreshes(self) -> Counter[str]:
        """How many rotations succeeded, by open_id."""
        return self.state.grants.refreshes

    @property
    def reuses(self) -> Counter[str]:
        """How often a refresh token was used that a refresh had replaced, by open_id."""
        return self.state.grants.reuses

    @property
    def logins(self) -> Counter[str]:
        """How many authorization codes were exchanged, by open_id."""
        return self.state.grants.logins

    @property
    def rate_limited(self) -> Counter[Endpoint | str]:
        """How many requests were refused with 429 for their number, by endpoint."""
        return self.state.windows.refused

    @property
    def webhooks(self) -> list[WebhookDelivery]:
        """The events sent so far, with every attempt."""
        return self.state.webhooks.deliveries

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks go; may be set at any time, to an address on this machine."""
        return self.state.webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.state.webhooks.url = url

    def add_user(
        self,
        *,
        videos: int = 0,
        scopes: Iterable[str] | None = None,
        display_name: str | None = None,
        username: str | None = None,
        private: bool = False,
        sandbox_target: bool = False,
        open_id: str | None = None,
        **profile: Any,  # noqa: ANN401 - as EmulatedUser declares them
    ) -> EmulatedUser:
        """Add a creator.

        Args:
            videos: How many public videos; they are made when somebody looks.
            scopes: What they are ready to grant; default: every scope of the Display and Content Posting APIs.
            display_name: Their name.
            username: Their handle, without `@`.
            private: Whether the account is private.
            sandbox_target: Whether a sandbox app may log them in.
            open_id: Their id; default: made from the seed.
            **profile: More attributes of `EmulatedUser`, such as `bio_description`.

        Raises:
            ValueError: There is a user with this *open_id*.
        """
        return self.state.add_user(
            videos=videos,
            scopes=scopes,
            display_name=display_name,
            username=username,
            private=private,
            sandbox_target=sandbox_target,
            open_id=open_id,
            profile=profile,
        )

    def fail_next(
        self,
        endpoint: Endpoint | str,
        *,
        status: int | None = None,
        times: int = 1,
        code: str | None = None,
        message: str = "",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        html: bool = False,
        drop: Drop | None = None,
        delay: timedelta | None = None,
        drip: timedelta | None = None,
        truncate: int | None = None,
        user: EmulatedUser | None = None,
        share: float = 1.0,
    ) -> Fault:
        """Let the next requests to *endpoint* fail; without any wish, with status 500.

        Args:
            endpoint: Which; `"authorize"` is the consent page.
            status: Answer with this HTTP status instead of doing the work.
            times: How many requests.
            code: The error's code; default: what fits *status*.
            message: The error's message.
            body: The whole body instead.
            headers: More headers.
            html: Answer with a gateway's HTML page.
            drop: Reset the connection `"before"` the work, or `"after"` it without an answer.
            delay: Wait this long before the work, on the emulator's clock.
            drip: Spread the reply's body over this long, on the emulator's clock.
            truncate: Break the connection after so many bytes of the body.
            user: Only requests with a token of this user.
            share: How many of the requests that match are hit, 0 to 1.

        Returns:
            The fault; its `times` says how many requests it still waits for.
        """
        nothing_said = body is None and drop is None and delay is None and drip is None and truncate is None
        if status is None and nothing_said:
            status = 502 if html else 500
        fault = Fault(
            status=status,
            times=times,
            code=code,
            message=message,
            body=body.encode() if isinstance(body, str) else body,
            headers=dict(headers or {}),
            html=html,
            drop=drop,
            delay=delay,
            drip=drip,
            truncate=truncate,
            open_id=None if user is None else user.open_id,
            share=share,
        )
        self.state.faults.plan(endpoint, fault)
        return fault

    def revoke(self, user: EmulatedUser) -> None:
        """Let a user disconnect the app in TikTok: every token of theirs is dead, and a webhook says so."""
        self.state.revoke(user.open_id, reason=_DISCONNECTED_IN_TIKTOK)

    def expire_access(self, user: EmulatedUser) -> None:
        """End a user's access tokens before their time; the refresh tokens live on."""
        self.state.grants.expire_access(user.open_id)

    def grant(self, user: EmulatedUser, scopes: Iterable[str] | None = None) -> dict[str, Any]:
        """Return a token reply as if *user* had just logged in, without the consent page."""
        return _oauth.token_reply(self.state.grants.new_pair(user.open_id, _connect.wanted(user, scopes)))

    def minis_code(self, user: EmulatedUser, scopes: Iterable[str] = ("user.info.basic",)) -> str:
        """Return the code that a mini game's `login` gives: exchanged without redirect URI and verifier."""
        return self.state.grants.new_code(user.open_id, frozenset(map(str, scopes)))

    def qr_scan(self, token: str, user: EmulatedUser, *, client_ticket: str | None = None) -> None:
        """Let *user* scan the QR code that belongs to *token*.

        Args:
            token: From `/v2/oauth/get_qrcode/`.
            user: Who scans.
            client_ticket: What the app put into the code in place of `tobefilled`.

        Raises:
            LookupError: There is no such code, or it has expired.
        """
        self._qr.scan(token, user, client_ticket)

    def qr_confirm(self, token: str) -> None:
        """Let the user who scanned allow the login.

        Raises:
            LookupError: There is no such code, or nobody scanned it.
        """
        self._qr.confirm(token)

    def leaks(self, secret: str) -> list[RecordedRequest]:
        """Return the requests that carried *secret* in a place where it does not belong."""
        return self.state.log.leaks(secret)

    def send_webhook(
        self,
        event: str,
        content: Mapping[str, Any] | str,
        user: EmulatedUser | None = None,
        *,
        copies: int = 1,
        after: timedelta = timedelta(0),
    ) -> list[WebhookDelivery]:
        """Send an event to `webhook_url`, signed, again and again until it is taken.

        Args:
            event: Its name.
            content: What it says.
            user: Whom it is about.
            copies: How often it is delivered: more than one are duplicates.
            after: How long it is held back on the emulator's clock, so that later events overtake it.
        """
        open_id = None if user is None else user.open_id
        return self.state.webhooks.send(event, content, open_id, copies=copies, after=after)

    async def webhooks_sent(self) -> None:
        """Wait until every event was delivered or given up."""
        await self.state.webhooks.drain()

    def session(self, **overrides: Any) -> "TikTokSession":  # noqa: ANN401 - as TikTokSession declares them
        """Return a session pointed at this emulator, on its clock; *overrides* are keywords of `TikTokSession`."""
        return _connect.session(self.state, self.authorize_url, overrides)

    async def consent(
        self, url: str, user: EmulatedUser, *, scopes: Iterable[str] | None = None, deny: bool = False
    ) -> str:
        """Do what *user* does in the browser with an authorize URL.

        Args:
            url: The URL the app sent them to.
            user: Who.
            scopes: What they grant; default: what is asked for and they are ready to grant.
            deny: Whether they refuse.

        Returns:
            The URL of the app's callback, as the browser is sent to it.

        Raises:
            ValueError: The page shows an error instead of the question.
        """
        return await _connect.consent(url, user, scopes=scopes, deny=deny)

    async def connect(
        self, session: "TikTokSession", user: EmulatedUser, scopes: Iterable[str] | None = None
    ) -> "Account":
        """Log *user* in: the whole OAuth flow over HTTP, consent given.

        Args:
            session: Gets the account.
            user: Who logs in.
            scopes: What is asked for and granted; default: all the user is ready to grant.
        """
        return await _connect.connect(self.state, session, user, scopes)

    def _routes(self) -> list[RouteDef]:
        """Return what is served; a product area adds its routes here."""
        return [
            *_consent.routes(self.state),
            *_oauth.routes(self.state),
            *self._qr.routes(),
            *_display.routes(self.state),
            *_admin.routes(self),
        ]
