"""How a question asks: through the session's own tokens, limits and connections, with the answer as it came."""

from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson
from attrs import evolve, frozen

from tiktok_async._calls.rules.endpoints import ENDPOINTS, Auth
from tiktok_async._tokens.credentials import ClientCredential
from tiktok_async.abc import Clock
from tiktok_async.api.account import Account
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import AccessTokenInvalid, AccountNotFound, ApiError, OAuthError, TikTokError
from tiktok_async.models import AccountKey, ClientToken, Endpoint, RetryPolicy, Secret, Token
from tiktok_async.models._http import Request
from tiktok_async.probe._level import Level
from tiktok_async.probe._watch import Seen, Watch

if TYPE_CHECKING:
    from tiktok_async._calls.call import Credential
    from tiktok_async.session import TikTokSession

__all__ = ["Asking", "Interrupted", "clip"]

T = TypeVar("T")

ONCE = RetryPolicy(attempts=1)
"""Nothing is asked twice: a repeat would hide the answer that a question is about."""


class Interrupted(Exception):
    """A step that sends media was begun by a run that ended; it is not begun again."""


def clip() -> bytes:
    """Return the clip that is sent: four seconds of one colour, made with ffmpeg for this."""
    return files("tiktok_async.probe").joinpath("clip.mp4").read_bytes()


@frozen(slots=True)
class _Held:
    """A token that is used as it is: TikTok's refusal is an answer here, and refreshes nothing."""

    token: Token

    @property
    def open_id(self) -> str:
        """The account."""
        return self.token.key.open_id

    def usable(self) -> Token:
        """Return the token."""
        return self.token

    async def obtain(self) -> Token:
        """Return the token."""
        return self.token

    async def rejected(self, token: Token | ClientToken) -> Token:
        """Let the refusal be."""
        del token
        raise AccessTokenInvalid("access_token_invalid", open_id=self.open_id)


class Asking:
    """What questions ask with, for one run.

    Args:
        session: The session; its transport is *watch*.
        watch: Sees the answers.
        open_id: Whose account.
        level: What the run may do.
        begun: Steps that send media and were begun by an earlier process of this run.
        begin: Is told of such a step before it sends.
    """

    def __init__(
        self,
        session: "TikTokSession",
        watch: Watch,
        open_id: str,
        level: Level,
        *,
        begun: frozenset[str] = frozenset(),
        begin: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.session = session.with_options(retry=ONCE)
        self.watch = watch
        self.open_id = open_id
        self.level = level
        self._begun = begun
        self._begin = begin
        self._steps: dict[str, Any] = {}
        self._failed: dict[str, TikTokError] = {}

    @property
    def clock(self) -> Clock:
        """The session's time."""
        return self.session.clock

    @property
    def runtime(self) -> Runtime:
        """The session's pieces, for what no method of the library would send."""
        return self.session._runtime  # noqa: SLF001 - a probe asks what the public methods refuse  # pyright: ignore[reportPrivateUsage]  # as said

    @property
    def client_secret(self) -> Secret:
        """The app's secret."""
        return self.session._secret  # noqa: SLF001 - as above  # pyright: ignore[reportPrivateUsage]  # as above

    @property
    def account(self) -> Account:
        """The account."""
        return self.session.account(self.open_id)

    async def stored(self) -> Token:
        """Return the account's token as it is stored.

        Raises:
            AccountNotFound: There is none.
        """
        token = await self.session.store.get(AccountKey(self.session.client_key, self.open_id))
        if token is None:
            raise AccountNotFound(self.open_id, self.session.client_key)
        return token

    async def call(
        self,
        endpoint: Endpoint,
        *,
        json: Any = None,  # noqa: ANN401 - any JSON
        fields: str | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        access_token: Secret | None = None,
    ) -> Seen:
        """Call *endpoint* within its limit and return TikTok's answer, be it a refusal.

        Args:
            endpoint: Which; the endpoint table says whose token it carries.
            json: The body, as JSON.
            fields: The `fields` query parameter.
            params: Further query parameters.
            body: The body as it is, in place of *json*.
            content_type: In place of the endpoint's own.
            access_token: A token in place of the stored one.

        Raises:
            TikTokError: No answer came.
        """
        spec = ENDPOINTS[endpoint]
        credential: Credential | None = None
        if spec.auth is Auth.CLIENT:
            # A token that cannot be had is asked for once.
            await self.once("client_token", lambda asking: asking.session.oauth.client_token())
            credential = ClientCredential(self.runtime.tokens.client)
        elif spec.auth is Auth.USER:
            token = await self.stored()
            credential = _Held(token if access_token is None else evolve(token, access_token=access_token))
        before = self.watch.count
        asked = dict(params or {}) | ({} if fields is None else {"fields": fields})
        try:
            await self.runtime.sender.call_spec(
                spec,
                credential=credential,
                params=asked,
                body=orjson.dumps(json) if json is not None else body,
                content_type=content_type,
            )
        except (ApiError, OAuthError):
            if self.watch.count == before:
                raise
        return self.watch.last[endpoint.path]

    async def send(self, request: Request) -> Seen:
        """Send what is no call of the API, and return the answer.

        Raises:
            TransportError: None came.
        """
        raw = await self.watch.send(request)
        return Seen(raw.status, raw.headers, None)

    async def once(self, step: str, work: Callable[["Asking"], Awaitable[T]], *, sends: bool = False) -> T:
        """Return what *work* gave when *step* was done first in this run.

        Args:
            step: The name that the questions of this step share.
            work: Does it.
            sends: Whether it sends media; then it is never begun a second time, in no process.

        Raises:
            Interrupted: It sends media, and an earlier process began it.
        """
        if step in self._steps:
            return cast("T", self._steps[step])
        if step in self._failed:
            raise copy(self._failed[step])
        if sends:
            if step in self._begun:
                raise Interrupted
            self._begin(step)
            self._begun |= {step}
        try:
            found = await work(self)
        except TikTokError as error:
            self._failed[step] = error
            raise
        self._steps[step] = found
        return found
