"""The emulator: TikTok's API in memory, on a real port."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import attrs
from aiohttp import web

from tiktok_async.emulator import _admin, _connect, _dashboard, display
from tiktok_async.emulator._controls import Controls
from tiktok_async.emulator.engine.quirks import MissingScopeStyle, OAuthErrorStatus, Quirks, Rotation
from tiktok_async.emulator.engine.routes import RouteDef
from tiktok_async.emulator.engine.server import Dispatcher
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.oauth import consent, token_endpoint
from tiktok_async.models import Endpoint, Limit

if TYPE_CHECKING:
    from tiktok_async.api.account import Account
    from tiktok_async.session import SessionOptions, TikTokSession

_SHUTDOWN = 0.2  # seconds; a handler that runs longer is cancelled
# asyncio needs two iterations of the event loop to accept a connection, and aiohttp knows it only then.
_ACCEPTING = 3


class Served(Controls):
    """The common part of `Emulator` and `EmulatorThread`: TikTok's API in memory, on loopback.

    Args:
        host: Address to serve on.
        port: TCP port; 0 takes a free one.
        seed: Makes users, videos, tokens and jitter the same on each run.
        client_key: The app's key.
        client_secret: The app's secret.
        access_lifetime: Lifetime of an access token; default 2 h.
        refresh_lifetime: Lifetime of a refresh token; default 180 days.
        rotation: What happens to a used refresh token; default `"strict"`: it becomes invalid.
        oauth_error_status: HTTP status of OAuth errors; default 400.
        missing_scope_style: The error for a field whose scope is missing; default `"401"`.
        limits: Rate limits by endpoint, instead of the documented ones; `None` for an endpoint means no limit.
        app_scopes: Scopes the app is approved for; `None`: all.
        redirect_uris: Registered redirect URIs; `None`: all that follow TikTok's rules.
        webhook_url: URL on this machine that webhooks are sent to; `None`: none are sent.
        quirks: All other behaviour on which TikTok's pages disagree; the arguments above override it.
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
        state = State(
            client_key=client_key,
            client_secret=client_secret,
            seed=seed,
            quirks=attrs.evolve(quirks or Quirks(), **given),
            limits=limits,
            app_scopes=app_scopes,
            redirect_uris=redirect_uris,
            webhook_url=webhook_url,
        )
        super().__init__(state)
        self._host = host
        self._port = port
        self._runner: web.ServerRunner | None = None

    def env(self) -> dict[str, str]:
        """Return the environment variables that make `TikTokSession.from_env` use this emulator."""
        return {
            "TIKTOK_CLIENT_KEY": self.client_key,
            "TIKTOK_CLIENT_SECRET": self.client_secret,
            "TIKTOK_BASE_URL": self.url,
            "TIKTOK_AUTHORIZE_URL": self.authorize_url,
        }

    def session(self, **overrides: "Unpack[SessionOptions]") -> "TikTokSession":
        """Return a session that uses this emulator and its clock; *overrides* are arguments of `TikTokSession`."""
        return _connect.session(self.state, self.authorize_url, overrides)

    async def connect(
        self, session: "TikTokSession", user: EmulatedUser, scopes: Iterable[str] | None = None
    ) -> "Account":
        """Log *user* in: run the whole OAuth flow over HTTP and give consent.

        Args:
            session: The session that gets the account.
            user: The user who logs in.
            scopes: The scopes to request and grant; default: all that the user is ready to grant.
        """
        return await _connect.connect(self.state, session, user, scopes)

    async def _serve(self) -> None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self._port), family=family)
        runner = web.ServerRunner(
            web.Server(Dispatcher(self.state, self._routes()), access_log=None), shutdown_timeout=_SHUTDOWN
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
        except BaseException:
            listening.close()
            await runner.cleanup()
            raise
        self._listening = listening
        self._runner = runner
        host, port, *_ = runner.addresses[0]
        self.state.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        self.stop_products()
        await self.state.webhooks.aclose()
        if runner is not None:
            await self._accept_no_more()
            await runner.cleanup()

    async def _accept_no_more(self) -> None:
        """Stop listening, and let the server know the connections that are being accepted, so that it closes them.

        A browser opens spare connections at any time; asyncio leaves one open whose server is closed in the middle.
        """
        with suppress(NotImplementedError):  # Windows' event loop has no readers
            asyncio.get_running_loop().remove_reader(self._listening)
        for _ in range(_ACCEPTING):
            await asyncio.sleep(0)

    def _routes(self) -> list[RouteDef]:
        """Return all routes; a product area adds its own here."""
        return [
            *consent.routes(self.state),
            *token_endpoint.routes(self.state),
            *self.qr.routes(),
            *display.routes(self.state),
            *self.product_routes(),
            *_admin.routes(self),
            *_dashboard.routes(),
        ]


class Emulator(Served):
    """TikTok's API in memory, served on loopback; it refuses what TikTok would refuse.

    It runs on the event loop on which it was started; `EmulatorThread` is for tests without an event loop.

    Example:
        >>> async def example() -> None:
        ...     async with Emulator() as emulator:
        ...         user = emulator.add_user(videos=250)
        ...         async with emulator.session() as session:
        ...             account = await emulator.connect(session, user)
    """

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Start serving; `async with` does it.

        Raises:
            OSError: The port is taken.
        """
        await self._serve()

    async def aclose(self) -> None:
        """Stop serving and sending webhooks; may be called more than once."""
        await self._stop()

    async def consent(
        self, url: str, user: EmulatedUser, *, scopes: Iterable[str] | None = None, deny: bool = False
    ) -> str:
        """Give or deny consent at an authorize URL, as *user* does in the browser.

        Args:
            url: The URL the app sent them to.
            user: The user who decides.
            scopes: The scopes they grant; default: those that are requested and that they are ready to grant.
            deny: Whether they refuse.

        Returns:
            The callback URL of the app, to which the browser is redirected.

        Raises:
            ValueError: The page shows an error instead of the consent form.
        """
        return await _connect.consent(url, user, scopes=scopes, deny=deny)

    async def webhooks_sent(self) -> None:
        """Wait until every event was delivered or given up."""
        await self.state.webhooks.drain()
