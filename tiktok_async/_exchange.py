"""One request and its answer: its slot, its token, the bytes, and what they say."""

from tiktok_async._call import Call
from tiktok_async._endpoints import Auth, Repeatable
from tiktok_async._http import RawResponse, Request, Response
from tiktok_async._slots import Slots, settle
from tiktok_async._telling import Teller
from tiktok_async._wire import Decoded, decode_oauth, decode_rest
from tiktok_async.abc import Transport
from tiktok_async.errors import ApiError, ScopeNotAuthorized, ScopeNotGranted, TransportError
from tiktok_async.models import ClientToken, Token

__all__ = ["Exchange"]


class Exchange:
    """Sends a call once.

    Args:
        transport: Moves bytes.
        slots: The windows, as calls see them.
        tell: Tells of waits.
    """

    def __init__(self, transport: Transport, slots: Slots, tell: Teller) -> None:
        self._transport = transport
        self._slots = slots
        self._tell = tell

    async def once(self, call: Call, token: Token | ClientToken | None) -> Response:
        """Send *call* with *token* and return the decoded answer.

        Raises:
            TikTokError: What the limiter, the network or the answer raised.
        """
        spec = call.spec
        if isinstance(token, Token) and spec.scopes and token.scopes and spec.scopes.isdisjoint(token.scopes):
            raise ScopeNotGranted(spec.scopes, open_id=call.open_id, what=spec.path)
        permit = await self._slots.take(call)
        sent = False
        try:
            if permit is not None and permit.waited:
                self._tell.waited(call, permit.waited)
                if call.credential is not None:
                    # A wait may be longer than what was left of the token's life.
                    token = call.credential.usable() or await call.credential.obtain()
            request = _request(call, token)
            call.attempts += 1
            sent = True
            raw = await (self._transport.send(request) if call.streaming is None else call.streaming.send(request))
        except TransportError as error:
            settle(permit, sent=sent and error.sent)
            raise
        except BaseException:
            # A call given up in the middle may have arrived: its slot stays taken for a window.
            settle(permit, sent=sent)
            raise
        settle(permit, sent=True)
        call.status = raw.status
        try:
            decoded = _decode(call, raw)
        except ApiError as error:
            self._slots.refused(call, error)
            if isinstance(error, ScopeNotAuthorized) and isinstance(token, Token):
                error.missing = error.missing or frozenset(spec.scopes - token.scopes)
            raise
        return Response(data=decoded.data, log_id=decoded.log_id, status=raw.status, headers=raw.headers)


def _request(call: Call, token: Token | ClientToken | None) -> Request:
    headers = call.headers
    if token is not None:
        headers = {**headers, "Authorization": "Bearer " + token.access_token.reveal()}
    return Request(
        method=call.spec.method,
        url=call.url,
        headers=headers,
        body=call.body,
        fresh=call.spec.repeatable is Repeatable.UNSENT,
    )


def _decode(call: Call, raw: RawResponse) -> Decoded:
    spec = call.spec
    if spec.auth is Auth.APP:
        return decode_oauth(raw, endpoint=spec.path)
    return decode_rest(raw, endpoint=spec.path, open_id=call.open_id, trust_ok=spec.trust_ok)
