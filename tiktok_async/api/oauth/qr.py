"""Login with a QR code: shown here, scanned and confirmed in TikTok's app.

Source: https://developers.tiktok.com/doc/login-kit-qr-code-authorization
"""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import timedelta

from attrs import field, frozen

from tiktok_async._decoding.answers import read
from tiktok_async.api.account import Account
from tiktok_async.api.oauth.rules.authorize import check_scopes
from tiktok_async.api.oauth.rules.qr import QrCheck, check_ticket, code_of, with_ticket
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ApiError, OAuthError, TransportError
from tiktok_async.models import Endpoint, QrStatus, Secret
from tiktok_async.models._wire import WireModel

__all__ = ["QrLogin", "begin"]

_INTERVAL = timedelta(seconds=2)
# The number of checks in a row that may fail.
_PATIENCE = 5
_OVER = (QrStatus.CONFIRMED, QrStatus.EXPIRED, QrStatus.UTILISED)


@frozen(kw_only=True)
class _Code(WireModel):
    scan_qrcode_url: str
    token: str = field(repr=False)


class QrLogin:
    """One QR code and its login.

    Attributes:
        url: The content of the QR code, to draw for example with segno; it is for TikTok's app and opens no web page.
        scopes: The requested scopes.
        account: The account that logged in, after `watch` has yielded `confirmed`.
    """

    def __init__(
        self,
        runtime: Runtime,
        exchange: Callable[[Secret], Awaitable[Account]],
        code: _Code,
        scopes: tuple[str, ...],
        *,
        client_secret: Secret,
        state: str,
    ) -> None:
        self._ticket = secrets.token_urlsafe(24)
        self.url: str = with_ticket(code.scan_qrcode_url, self._ticket)
        self.scopes = scopes
        self.account: Account | None = None
        self._runtime = runtime
        self._exchange = exchange
        self._state = state
        self._token = Secret(code.token)
        self._client_secret = client_secret

    def __repr__(self) -> str:
        return f"QrLogin(scopes={','.join(self.scopes)!r}, account={self.account!r})"

    async def watch(self, *, every: timedelta = _INTERVAL) -> AsyncGenerator[QrStatus | str, None]:
        """Yield the status of the login each time it changes, until the end.

        The last status is `confirmed`, with the account stored; `expired`, if nobody confirmed in time; or `utilised`,
        if the code was used elsewhere. After these two, begin again. TikTok does not say how long a code is valid.

        Args:
            every: How often to ask.

        Raises:
            StateMismatch: The answer is for another code than the one shown; nothing was stored.
            OAuthError: TikTok refused.
            TransportError: TikTok could not be reached, several times in a row.

        Example:
            >>> async def log_in(session):
            ...     qr = await session.oauth.qr_login(["user.info.basic"])
            ...     print(qr.url)
            ...     async for status in qr.watch():
            ...         print(status)
            ...     return qr.account
        """
        last: str | None = None
        failures = 0
        while True:
            try:
                check = await self._check()
            except (TransportError, ApiError, OAuthError) as error:
                failures += 1
                if failures >= _PATIENCE or not _may_pass(error):
                    raise
            else:
                failures = 0
                check_ticket(check, self._ticket)
                if check.status == QrStatus.CONFIRMED:
                    # TikTok gives the code once, so it is exchanged before the status is yielded.
                    self.account = await self._exchange(code_of(check, ticket=self._ticket, state=self._state))
                if check.status != last:
                    last = check.status
                    yield check.status
                if check.status in _OVER:
                    return
            await self._runtime.clock.sleep(every.total_seconds())

    async def _check(self) -> QrCheck:
        endpoint = Endpoint.QRCODE_CHECK
        form = {
            "client_key": self._runtime.client_key,
            "client_secret": self._client_secret.reveal(),
            "token": self._token.reveal(),
        }
        response = await self._runtime.sender.call(endpoint, form=form)
        return read(response, response.data, QrCheck, endpoint=endpoint)


def _may_pass(error: TransportError | ApiError | OAuthError) -> bool:
    # A user is about to scan the code, so a short failure must not end the login.
    return isinstance(error, TransportError) or error.retryable


async def begin(
    runtime: Runtime,
    exchange: Callable[[Secret], Awaitable[Account]],
    scopes: Iterable[str],
    *,
    client_secret: Secret,
) -> QrLogin:
    """Get a QR code; see `OAuth.qr_login`."""
    asked = check_scopes(scopes)
    endpoint, state = Endpoint.QRCODE_GET, secrets.token_urlsafe(24)
    form = {"client_key": runtime.client_key, "scope": ",".join(asked), "state": state}
    response = await runtime.sender.call(endpoint, form=form)
    code = read(response, response.data, _Code, endpoint=endpoint)
    if not code.token:
        raise OAuthError("invalid_request", "TikTok gave no token with which to check this QR code; begin again")
    return QrLogin(runtime, exchange, code, asked, client_secret=client_secret, state=state)
