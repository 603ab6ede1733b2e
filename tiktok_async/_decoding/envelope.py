"""Decoding TikTok's answers: the REST envelope, the flat OAuth form, and everything else.

Sources:
    https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
    https://developers.tiktok.com/doc/oauth-error-handling
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import orjson

from tiktok_async.errors import ApiError, RateLimited, ServerError, api_error, oauth_error, printable
from tiktok_async.models import Endpoint
from tiktok_async.models._http import RawResponse, header, is_error, is_redirect, is_success

_TOO_LONG = 1_000
_LONGEST_RETRY_AFTER = 3_600
_LAST_STATUS = 599

# The endpoints whose samples have no `error` member; every other endpoint has one.
# https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-info
_WITHOUT_ERROR = frozenset(
    {Endpoint.RESEARCH_SHOP.path, Endpoint.RESEARCH_SHOP_PRODUCTS.path, Endpoint.RESEARCH_SHOP_REVIEWS.path}
)
_WITH_ERROR = frozenset(endpoint.path for endpoint in Endpoint) - _WITHOUT_ERROR

# The keys of a successful answer of the OAuth endpoints; revoke's is an empty object or an empty body.
# https://developers.tiktok.com/doc/oauth-user-access-token-management
# https://developers.tiktok.com/doc/login-kit-qr-code-authorization
_SUCCESS_KEY: Mapping[str, str] = {
    Endpoint.TOKEN.path: "access_token",
    Endpoint.QRCODE_GET.path: "token",
    Endpoint.QRCODE_CHECK.path: "status",
}


class Decoded(NamedTuple):
    """A successful answer.

    Attributes:
        data: The `data` member of the envelope, or the whole body where there is no envelope.
        log_id: TikTok's id of the call, where it gave one.
    """

    data: Any
    log_id: str | None


def decode_rest(response: RawResponse, *, endpoint: str, open_id: str | None = None, trust_ok: bool = False) -> Decoded:
    """Decode an answer in the REST envelope.

    The call succeeded if `error.code` is `ok`, whatever the HTTP status is; some failures come with HTTP 200. Shop
    research sends no `error` at all, and endpoints unknown to this library may not: for them the status decides.

    Args:
        response: The answer.
        endpoint: The path that was called.
        open_id: The account it was for.
        trust_ok: Whether `ok` holds under an HTTP error status, too.

    Raises:
        ApiError: TikTok refused; the class follows the error code. `ServerError` if it is not an answer of this API.
    """
    body = _object(_load(response.body))
    if body is not None:
        error: Any = body.get("error")
        fault = _object(error)
        if fault is not None:
            if fault.get("code") == "ok" and (not is_error(response.status) or (trust_ok and body.get("data"))):
                data = body.get("data")
                return Decoded({} if data is None else data, _log_id(fault))
            if _contradicts_itself(response, body, fault.get("code")):
                raise _contradiction(response, fault, endpoint, open_id)
            raise _api_error(response, _text(fault.get("code")), fault, endpoint, open_id)
        if isinstance(error, str) and error:
            if _contradicts_itself(response, body, error):
                raise _contradiction(response, body, endpoint, open_id)
            raise _api_error(response, error, body, endpoint, open_id)
        bare = body.get("data") is not None if endpoint in _WITHOUT_ERROR else endpoint not in _WITH_ERROR
        if bare and is_success(response.status):
            data = body.get("data", body)
            return Decoded({} if data is None else data, _log_id(body))
    raise _unrecognised(response, endpoint, open_id)


def decode_oauth(response: RawResponse, *, endpoint: str, open_id: str | None = None) -> Decoded:
    """Decode an answer in the flat OAuth form.

    A non-empty `error` means failure, whatever the HTTP status is. So does an answer without the key that the endpoint
    is called for, such as `access_token`. An answer with a token is a success, whatever else it says. TikTok's
    get-started page still shows the token reply in the form of v1, `{"data": {...}, "message": "success"}`: its `data`
    is read as the flat object.

    Args:
        response: The answer.
        endpoint: The path that was called.
        open_id: The account it was for.

    Raises:
        OAuthError: TikTok refused; `AuthorizationDenied` for `access_denied`.
        ApiError: `RateLimited` for 429, `ServerError` for 5xx and for an answer that is not of this API's form.
    """
    body = _object(_load(response.body)) if response.body.strip() else {}
    if body is not None:
        body = _flat(body)
        if endpoint == Endpoint.TOKEN.path and type(body.get("access_token")) is str and body["access_token"]:
            # A token was given, and the refresh token used for it has ended: the rest of the answer does not matter.
            return Decoded(body, _log_id(body))
        error: Any = body.get("error")
        fault = _object(error)
        if isinstance(error, str) and error:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise _api_error(response, error, body, endpoint, open_id)
            raise oauth_error(
                _shorten(error, 100),
                _shorten(_text(body.get("error_description"))),
                log_id=_log_id(body) or _header_log_id(response),
                open_id=open_id,
            )
        if fault is not None and fault.get("code") != "ok":
            raise _api_error(response, _text(fault.get("code")), fault, endpoint, open_id)
        expected = _SUCCESS_KEY.get(endpoint)
        if is_success(response.status) and (expected is None or body.get(expected)):
            return Decoded(body, _log_id(body))
    raise _unrecognised(response, endpoint, open_id)


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in v1's form as v2's flat object, and any other unchanged.

    Source: https://developers.tiktok.com/doc/login-kit-manage-user-access-tokens
    """
    data = _object(body.get("data"))
    if data is None or body.keys() & {"access_token", "error"}:
        return body
    code = data.get("error_code")
    if data.get("access_token"):
        # The code or the refresh token is used up, and this is its result: the rest of the answer does not matter.
        return {**data, "log_id": _log_id(body) or _log_id(data)}
    if type(code) is int and code:
        return {
            "error": f"v1 error {code}",
            "error_description": _text(data.get("description")),
            "log_id": _log_id(data),
        }
    return body


def _load(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Not chained: the parser's error holds the whole body, and bodies hold tokens.
        return None


def _object(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON value
    return cast("dict[str, Any]", value) if type(value) is dict else None


def _contradicts_itself(response: RawResponse, body: Mapping[str, Any], code: object) -> bool:
    """Whether the answer reports an error and also an effect of the call, so that neither can be trusted."""
    data = _object(body.get("data"))
    if data is not None and data.get("publish_id"):
        return True
    # TikTok answers 401 and 429 before it acts on the call, whatever the body says.
    refused = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
    return code == "ok" and is_error(response.status) and response.status not in refused


def _contradiction(response: RawResponse, error: Mapping[str, Any], endpoint: str, open_id: str | None) -> ServerError:
    status = response.status
    return ServerError(
        "",
        f"the answer contradicts itself: it reports an error (HTTP {status}) and success",
        log_id=_log_id(error) or _header_log_id(response),
        status=status,
        endpoint=endpoint,
        open_id=open_id,
        retryable=status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _api_error(
    response: RawResponse, code: str, error: Mapping[str, Any], endpoint: str, open_id: str | None
) -> ApiError:
    status = response.status
    told = error.get("http_status_code")
    if not is_error(status) and type(told) is int and is_error(told) and told <= _LAST_STATUS:
        status = told
    text = _text(error.get("message")) or _text(error.get("error_description")) or _text(error.get("description"))
    log_id = _log_id(error) or _header_log_id(response)
    if not code or code == "ok":
        text = text or "the answer names no error"
        if not is_error(status):
            return ServerError("", _shorten(text), log_id=log_id, status=status, endpoint=endpoint, open_id=open_id)
        code = ""
    refusal = api_error(
        _shorten(code, 100), _shorten(text), log_id=log_id, status=status, endpoint=endpoint, open_id=open_id
    )
    if isinstance(refusal, RateLimited):
        refusal.retry_after = retry_after(response.headers)
    return refusal


def _unrecognised(response: RawResponse, endpoint: str, open_id: str | None) -> ApiError:
    status = response.status
    log_id = _header_log_id(response)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
        return _api_error(response, "", {}, endpoint, open_id)
    location = header(response.headers, "location") if is_redirect(status) else None
    if is_redirect(status):
        what = f"it redirects to {_host(location)}; redirects are not followed"
    else:
        kind = _shorten((header(response.headers, "content-type") or "no content type").partition(";")[0], 60)
        what = f"the answer is not of this API's form ({kind}, {len(response.body)} bytes)"
    return ServerError(
        "",
        what,
        log_id=log_id,
        status=status,
        endpoint=endpoint,
        open_id=open_id,
        # A proxy's 404 and a redirect would come again; a 5xx or a broken success may not.
        retryable=status >= HTTPStatus.INTERNAL_SERVER_ERROR or is_success(status),
    )


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the `Retry-After` header if it is a number of seconds, at most an hour.

    TikTok does not document the header. A date is not read, since rules have no clock to compare it with.
    """
    text = (header(headers, "retry-after") or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 12:  # noqa: PLR2004 - a longer one is no number of seconds
        return None
    return timedelta(seconds=min(int(text), _LONGEST_RETRY_AFTER))


def _host(location: str | None) -> str:
    # Only the host: the rest of a location may carry a token.
    try:
        return (urlsplit(location or "").hostname or "the same host")[:200]
    except ValueError:
        return "an invalid address"


def _log_id(error: Mapping[str, Any]) -> str | None:
    # The tables of the Content Posting pages spell it `logid`, all examples `log_id`.
    # https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
    found = error.get("log_id") or error.get("logid")
    if type(found) is str and len(found) <= 100:  # noqa: PLR2004 - real ones have 34
        return printable(found)
    return None


def _header_log_id(response: RawResponse) -> str | None:
    # TikTok's gateways also send the id in this header, even when the body is an error page.
    return _log_id({"log_id": header(response.headers, "x-tt-logid")})


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else ""


def _shorten(text: str, length: int = _TOO_LONG) -> str:
    return text if len(text) <= length else text[:length] + "..."
