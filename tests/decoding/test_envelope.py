"""Answers in every form: the envelope, the flat OAuth form, and answers that TikTok never sent."""

import contextlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import errors
from tiktok_async._decoding.envelope import decode_oauth, decode_rest, retry_after
from tiktok_async.errors import API_ERRORS, ApiError, OAuthError, RateLimited, ServerError, TikTokError
from tiktok_async.models import Endpoint
from tiktok_async.models._http import RawResponse

CANARY = "CanaryTokenThatMustNeverShow0123456789"
LIST = "/v2/video/list/"


def answer(body: Any, status: int = 200, **headers: str) -> RawResponse:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return RawResponse(
        status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}, body=raw
    )


def envelope(code: Any = "ok", **error: Any) -> dict[str, Any]:
    return {"data": {}, "error": {"code": code, "message": "", "log_id": "LOG", **error}}


def refused(response: RawResponse, endpoint: str = LIST) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode_rest(response, endpoint=endpoint, open_id="user")
    assert caught.value.__cause__ is None
    assert caught.value.endpoint == endpoint
    assert caught.value.open_id == "user"
    return caught.value


def oauth_refused(response: RawResponse, endpoint: str = Endpoint.TOKEN.path) -> TikTokError:
    with pytest.raises(TikTokError) as caught:
        decode_oauth(response, endpoint=endpoint, open_id="user")
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("message", ["", "ok", "ok.", None])
def test_the_code_ok_is_a_success_with_any_message(message: str | None) -> None:
    decoded = decode_rest(answer({**envelope(message=message), "data": {"a": 1}}), endpoint=LIST)
    assert (decoded.data, decoded.log_id) == ({"a": 1}, "LOG")


@pytest.mark.parametrize("body", [{"error": envelope()["error"]}, {"data": None, "error": envelope()["error"]}])
def test_a_success_without_data_is_an_empty_object(body: dict[str, Any]) -> None:
    assert decode_rest(answer(body), endpoint=LIST).data == {}


SHOPS = [Endpoint.RESEARCH_SHOP, Endpoint.RESEARCH_SHOP_PRODUCTS, Endpoint.RESEARCH_SHOP_REVIEWS]


@pytest.mark.parametrize("endpoint", SHOPS)
def test_shops_have_no_error_member_and_succeed_by_their_status(endpoint: Endpoint) -> None:
    assert decode_rest(answer({"data": {"shops": []}}), endpoint=endpoint.path).data == {"shops": []}
    assert type(refused(answer({"data": {"shops": []}}, 500), endpoint.path)) is ServerError
    assert type(refused(answer({}), endpoint.path)) is ServerError


def test_an_unknown_endpoint_may_have_another_shape() -> None:
    assert decode_rest(answer({"anything": 1}), endpoint="/v2/minis/new/").data == {"anything": 1}


@pytest.mark.parametrize("endpoint", [one for one in Endpoint if one not in SHOPS])
@pytest.mark.parametrize("body", [{}, {"error": None}, {"data": {"user": {}}}, {"error": "", "data": None}])
def test_an_answer_of_another_endpoint_without_an_error_member_is_a_server_error(
    endpoint: Endpoint, body: dict[str, Any]
) -> None:
    error = refused(answer(body), endpoint.path)
    assert type(error) is ServerError
    assert error.retryable


@pytest.mark.parametrize("code", API_ERRORS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
def test_each_code_has_its_error_class_with_any_status(code: str, status: int) -> None:
    error = refused(answer(envelope(code, message="why"), status))
    assert type(error).__name__ == API_ERRORS[code].error
    assert (error.code, error.message, error.log_id, error.status) == (code, "why", "LOG", status)


@pytest.mark.parametrize("spelling", ["log_id", "logid"])
def test_the_log_id_is_read_in_both_spellings(spelling: str) -> None:
    body = {"error": {"code": "internal_error", spelling: "LOG9"}}
    assert refused(answer(body, 500)).log_id == "LOG9"
    assert decode_rest(answer({"error": {"code": "ok", spelling: "LOG9"}}), endpoint=LIST).log_id == "LOG9"


def test_the_log_id_of_an_error_page_comes_from_the_header() -> None:
    assert refused(answer(b"<html>Bad gateway", 502, X_Tt_Logid="LOG8")).log_id == "LOG8"


def test_a_status_inside_the_error_counts_if_the_http_status_is_a_success() -> None:
    error = refused(answer(envelope("new_code", http_status_code=429)))
    assert (type(error), error.status) == (RateLimited, 429)
    assert refused(answer(envelope("new_code", http_status_code="soon"))).status == 200


@pytest.mark.parametrize("code", ["", None, 0, [], {}])
def test_an_error_without_a_code_is_not_a_success(code: Any) -> None:
    assert isinstance(refused(answer(envelope(code))), ApiError)
    assert type(refused(answer(envelope(code), 503))) is ServerError


def test_the_code_ok_with_an_error_status_is_a_server_error() -> None:
    assert type(refused(answer(envelope(), 500))) is ServerError


def test_a_numeric_code_is_kept_as_a_string() -> None:
    assert refused(answer(envelope(40001000), 400)).code == "40001000"


def test_a_flat_error_from_the_rest_api_is_an_api_error() -> None:
    body = {"error": "invalid_request", "error_description": "Malformed.", "log_id": "LOG"}
    error = refused(answer(body, 400))
    assert (error.code, error.message, error.log_id) == ("invalid_request", "Malformed.", "LOG")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"ok"', b"{", b"\xff\xfe", b'{"error": '])
@pytest.mark.parametrize("status", [200, 404, 500, 502])
def test_a_body_without_an_envelope_is_a_server_error(body: bytes, status: int) -> None:
    error = refused(answer(body, status, Content_Type="text/html; charset=x"))
    assert type(error) is ServerError
    assert error.retryable is (status != 404)
    assert "text/html" in str(error)


def test_the_error_never_shows_the_body() -> None:
    for body in (f"<p>act.{CANARY}".encode(), orjson.dumps({"error": envelope("x", message=f"act.{CANARY}")["error"]})):
        error = refused(answer(body, 500))
        assert CANARY not in f"{error} {error!r} {error.__dict__}"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (f"https://login.example.com/a?token=act.{CANARY}", "login.example.com"),
        ("/elsewhere", "the same host"),
        ("http://[", "an invalid address"),
    ],
)
def test_a_redirect_is_an_error_that_names_only_the_host(location: str, host: str) -> None:
    error = refused(answer(b"", 302, Location=location))
    assert type(error) is ServerError
    assert not error.retryable
    assert host in str(error)
    assert CANARY not in str(error)
    assert "?" not in str(error)


@pytest.mark.parametrize("body", [b"slow down", b"", orjson.dumps(envelope("rate_limit_exceeded"))])
def test_a_429_is_rate_limited_with_any_body(body: bytes) -> None:
    error = refused(answer(body, 429, retry_after="7"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=7)


def test_a_401_without_a_body_is_an_invalid_token() -> None:
    assert type(refused(answer(b"", 401))) is errors.AccessTokenInvalid


def test_a_used_up_daily_quota_is_not_the_error_of_a_full_window() -> None:
    assert type(refused(answer(envelope("daily_quota_limit_exceeded"), 429))) is errors.QuotaExhausted


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("60", 60),
        (" 5 ", 5),
        ("99999", 3600),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_used_if_it_is_valid(header: str, seconds: int | None) -> None:
    assert retry_after({"Retry-After": header}) == (None if seconds is None else timedelta(seconds=seconds))
    assert retry_after({}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "error", "code", "message", "log_id", "access_token", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(body=JSON.map(orjson.dumps) | st.binary(max_size=60), status=st.integers(100, 599), oauth=st.booleans())
def test_any_answer_is_data_or_one_of_our_errors(body: bytes, status: int, oauth: bool) -> None:  # noqa: FBT001 - Hypothesis
    decode, endpoint = (decode_oauth, Endpoint.TOKEN.path) if oauth else (decode_rest, LIST)
    with contextlib.suppress(TikTokError):
        decoded = decode(answer(body, status), endpoint=endpoint)
        assert status < 400
        assert decoded.log_id is None or isinstance(decoded.log_id, str)


TOKEN = {"access_token": "act.x", "expires_in": 7200}


@pytest.mark.parametrize("message", ["success", None, "error"])
def test_a_token_reply_in_the_shape_of_v1_is_read(message: str | None) -> None:
    pair = {"access_token": "act.a", "refresh_token": "rft.b", "open_id": "user", "error_code": 0}
    body = {"data": {**pair, "log_id": "LOG"}, **({} if message is None else {"message": message})}
    decoded = decode_oauth(answer(body), endpoint=Endpoint.TOKEN.path)
    assert decoded.data == {**pair, "log_id": "LOG"}
    assert decoded.log_id == "LOG"


def test_a_refusal_in_the_shape_of_v1_is_an_oauth_error() -> None:
    data = {"error_code": 10007, "description": "Code expired", "captcha": "", "log_id": "LOG"}
    error = oauth_refused(answer({"data": data, "message": "error"}))
    assert isinstance(error, OAuthError)
    assert (error.error, error.description, error.log_id) == ("v1 error 10007", "Code expired", "LOG")


def test_a_token_reply_is_the_whole_flat_object() -> None:
    assert decode_oauth(answer(TOKEN), endpoint=Endpoint.TOKEN.path).data == TOKEN
    assert decode_oauth(answer({**TOKEN, "error": ""}), endpoint=Endpoint.TOKEN.path).data["access_token"] == "act.x"


@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_oauth_error_fails_with_any_status(status: int) -> None:
    body = {"error": "invalid_grant", "error_description": "Authorization code is expired.", "log_id": "LOG"}
    error = oauth_refused(answer(body, status))
    assert isinstance(error, OAuthError)
    assert (error.error, error.description, error.log_id, error.open_id) == (
        "invalid_grant",
        "Authorization code is expired.",
        "LOG",
        "user",
    )


@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_answer_with_a_token_is_a_token_even_if_it_names_an_error(status: int) -> None:
    body = {**TOKEN, "error": "invalid_grant", "error_description": "Authorization code is expired."}
    assert decode_oauth(answer(body, status), endpoint=Endpoint.TOKEN.path).data["access_token"] == "act.x"


def test_a_denial_has_its_own_error_class() -> None:
    assert type(oauth_refused(answer({"error": "access_denied"}))) is errors.AuthorizationDenied


@pytest.mark.parametrize("body", [{}, {"access_token": None}, {"access_token": ""}, {"data": {}, "message": "error"}])
def test_a_success_without_a_token_is_a_failure(body: dict[str, Any]) -> None:
    assert type(oauth_refused(answer(body))) is ServerError


@pytest.mark.parametrize("body", [b"", b"{}", b" \n"])
def test_a_revocation_succeeds_with_an_empty_body(body: bytes) -> None:
    assert decode_oauth(answer(body), endpoint=Endpoint.REVOKE.path).data == {}


def test_an_empty_answer_with_an_error_status_is_not_a_revocation() -> None:
    assert type(oauth_refused(answer(b"", 500), Endpoint.REVOKE.path)) is ServerError


def test_qr_replies_are_recognized_by_their_keys() -> None:
    assert (
        decode_oauth(answer({"token": "T", "scan_qrcode_url": "x"}), endpoint=Endpoint.QRCODE_GET.path).data["token"]
        == "T"
    )
    new = {"client_ticket": "", "status": "new"}
    assert decode_oauth(answer(new), endpoint=Endpoint.QRCODE_CHECK.path).data == new


@pytest.mark.parametrize(
    "body", [b"slow down", orjson.dumps({"error": "server_error"}), orjson.dumps(envelope("rate_limit_exceeded"))]
)
def test_a_429_of_an_oauth_endpoint_has_a_retry_after(body: bytes) -> None:
    error = oauth_refused(answer(body, 429, Retry_After="3"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize(("status", "kind"), [(502, ServerError), (429, RateLimited), (302, ServerError)])
def test_an_error_page_of_a_proxy_is_not_an_oauth_error(status: int, kind: type[ApiError]) -> None:
    assert type(oauth_refused(answer(b"<html>", status))) is kind


def test_an_envelope_from_an_oauth_endpoint_is_decoded() -> None:
    error = oauth_refused(answer(envelope("internal_error", message="why"), 500))
    assert isinstance(error, ServerError)
    assert error.message == "why"


def test_the_error_for_an_undecodable_content_type_can_be_printed() -> None:
    error = refused(answer(b"<html>", 502, Content_Type="text/h\udcfftml\x1b[2J", X_Tt_Logid="A\nB"))
    str(error).encode("utf-8")
    assert str(error).isprintable()
    assert "text/h\\udcfftml" in str(error)
