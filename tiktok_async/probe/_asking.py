"""How a question asks: with the session's own tokens, limits and connections. It gets the answer unchanged."""

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
"""No retries: a retry would hide the answer that the question needs."""


class Interrupted(Exception):
    """An earlier run began a step that sends media and ended. The step is not begun again."""


def clip() -> bytes:
    """Return the clip to send: four seconds of one colour, made with ffmpeg."""
    return files("tiktok_async.probe").joinpath("clip.mp4").read_bytes()


@frozen(slots=True)
class _Held:
    """A token that is used unchanged. TikTok's refusal is an answer here, and does not cause a refresh."""

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
        """Raise the refusal, without a refresh."""
        del token
        raise AccessTokenInvalid("access_token_invalid", open_id=self.open_id)


class Asking:
    """What questions use to ask, for one run.

    Args:
        session: The session; its transport is *watch*.
        watch: Sees the answers.
        open_id: The account.
        level: What the run may do.
        begun: Steps that send media and were begun by an earlier process of this run.
        begin: Called with such a step before it sends.
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
        self.session: TikTokSession = session.with_options(retry=ONCE)
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
        """The session's parts, for requests that no method of the library would send."""
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
        """Call *endpoint* within its limit and return TikTok's answer, even if it is a refusal.

        Args:
            endpoint: The endpoint; the endpoint table says whose token it carries.
            json: The JSON body.
            fields: The `fields` query parameter.
            params: Further query parameters.
            body: The raw body, instead of *json*.
            content_type: Used instead of the endpoint's own.
            access_token: A token to use instead of the stored one.

        Raises:
            TikTokError: No answer came.
        """
        self.watch.check(endpoint.path)
        spec = ENDPOINTS[endpoint]
        credential: Credential | None = None
        if spec.auth is Auth.CLIENT:
            # If getting this token fails, it is not tried again in this run.
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
        """Send a request that is not an API call, and return the answer.

        Raises:
            TransportError: No answer came.
        """
        raw = await self.watch.send(request)
        return Seen(raw.status, raw.headers, None)

    async def once(self, step: str, work: Callable[["Asking"], Awaitable[T]], *, sends: bool = False) -> T:
        """Run *work* the first time that *step* is asked for in this run, and return its result each time.

        Args:
            step: The name that the questions of this step share.
            work: The function that does the step.
            sends: Whether it sends media. Then no process begins it a second time.

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
