"""The token endpoint's forms and replies: no valid token is lost, and no invalid reply becomes a token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async.api.oauth.rules.authorize import (
    authorization_code_form,
    client_credentials_form,
    parse_client_token,
    parse_token,
    parse_v1_token,
    refresh_form,
    revoke_form,
)
from tiktok_async.errors import ConfigurationError, OAuthError, ServerError, TikTokError
from tiktok_async.models import AccountKey, Endpoint, Secret, Token, TokenState

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CANARY = "CanaryTokenThatMustNeverShow"
SECRET = Secret("app-secret")
REPLY: dict[str, Any] = {
    "access_token": "act.1!0001.e1",
    "expires_in": 7200,
    "open_id": "user",
    "refresh_expires_in": 15552000,
    "refresh_token": "rft.1!0001.e1",
    "scope": "user.info.basic,video.list",
    "token_type": "Bearer",
}


def first() -> Token:
    return parse_token(REPLY, client_key="app", now=NOW)


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**REPLY, **changes}.items() if name not in names}


def test_each_grant_has_its_form() -> None:
    app = {"client_key": "app", "client_secret": "app-secret"}
    code, verifier = Secret("c*0!1"), Secret("v" * 43)
    assert authorization_code_form("app", SECRET, code, redirect_uri="https://a.example/", code_verifier=verifier) == {
        **app,
        "grant_type": "authorization_code",
        "code": "c*0!1",
        "redirect_uri": "https://a.example/",
        "code_verifier": "v" * 43,
    }
    assert refresh_form("app", SECRET, Secret("rft.1")) == {
        **app,
        "grant_type": "refresh_token",
        "refresh_token": "rft.1",
    }
    assert client_credentials_form("app", SECRET) == {**app, "grant_type": "client_credentials"}
    assert revoke_form("app", SECRET, Secret("act.1")) == {**app, "token": "act.1"}


def test_a_mini_games_code_goes_without_redirect_uri_and_verifier() -> None:
    assert set(authorization_code_form("app", SECRET, Secret("c"))) == {
        "client_key",
        "client_secret",
        "grant_type",
        "code",
    }


def test_a_reply_becomes_a_token() -> None:
    token = first()
    assert token.key == AccountKey("app", "user")
    assert (token.access_token, token.refresh_token) == (Secret("act.1!0001.e1"), Secret("rft.1!0001.e1"))
    assert token.scopes == {"user.info.basic", "video.list"}
    assert (token.expires_at, token.refresh_expires_at) == (NOW + timedelta(hours=2), NOW + timedelta(days=180))
    assert (token.version, token.state, token.updated_at) == (0, TokenState.ACTIVE, NOW)


@pytest.mark.parametrize("value", ["15552000", 15552000.0, "15552000.0", " 15552000 "])
def test_a_lifetime_may_come_as_a_string(value: Any) -> None:
    assert parse_token(without(refresh_expires_in=value), client_key="app", now=NOW) == first()


def test_a_lifetime_is_never_negative_and_never_overflows() -> None:
    assert parse_token(without(expires_in=-5), client_key="app", now=NOW).expires_at == NOW
    assert parse_token(without(expires_in=10**30), client_key="app", now=NOW).expires_at > NOW + timedelta(days=3000)


@pytest.mark.parametrize("scope", ["a,b", "a b", "a, b", ",a,,b,"])
def test_scopes_are_separated_by_commas_and_blanks(scope: str) -> None:
    assert parse_token(without(scope=scope), client_key="app", now=NOW).scopes == {"a", "b"}


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "open_id"])
@pytest.mark.parametrize("value", [None, "", [], True, {}, float("nan")])
def test_the_error_of_a_login_without_a_complete_token_names_the_field(name: str, value: Any) -> None:
    with pytest.raises(ServerError, match=rf"\$\.{name} should be") as caught:
        parse_token(without(**{name: value}), client_key="app", now=NOW)
    assert not caught.value.retryable
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("missing", [None, ""])
def test_a_refresh_token_is_never_replaced_by_nothing(missing: str | None) -> None:
    for reply in (without("refresh_token", access_token="act.2"), without(access_token="act.2", refresh_token=missing)):
        token = parse_token(reply, client_key="app", now=LATER, previous=first())
        assert (token.access_token, token.refresh_token) == (Secret("act.2"), first().refresh_token)


def test_a_rotated_pair_is_kept_although_the_reply_lacks_other_fields() -> None:
    reply = {"access_token": "act.2", "refresh_token": "rft.2"}
    token = parse_token(reply, client_key="app", now=LATER, previous=first())
    assert (token.access_token, token.refresh_token) == (Secret("act.2"), Secret("rft.2"))
    assert (token.key, token.scopes) == (first().key, first().scopes)
    assert token.expires_at == LATER + timedelta(hours=2)
    assert token.refresh_expires_at == first().refresh_expires_at


def test_a_refresh_replaces_every_field_of_the_reply() -> None:
    reply = without(
        access_token="act.2", refresh_token="rft.2", scope="video.list", expires_in=60, refresh_expires_in=90
    )
    token = parse_token(reply, client_key="app", now=LATER, previous=first())
    assert (token.refresh_token, token.scopes) == (Secret("rft.2"), frozenset({"video.list"}))
    assert (token.expires_at, token.refresh_expires_at) == (
        LATER + timedelta(seconds=60),
        LATER + timedelta(seconds=90),
    )


def test_a_refresh_that_answers_for_another_account_is_refused() -> None:
    with pytest.raises(ServerError, match=r"\$\.open_id should be the open_id of the account") as caught:
        parse_token(without(open_id="somebody else"), client_key="app", now=LATER, previous=first())
    assert caught.value.open_id == "user"


def test_a_refresh_may_answer_without_an_account() -> None:
    assert parse_token(without(open_id=""), client_key="app", now=LATER, previous=first()).key == first().key


def test_a_reply_of_an_unexpected_form_names_its_endpoint_and_is_not_requested_again() -> None:
    with pytest.raises(ServerError) as caught:
        parse_token({}, client_key="app", now=NOW)
    error = caught.value
    assert (error.code, error.endpoint, error.open_id) == ("unexpected_form", Endpoint.TOKEN.path, None)
    assert error.retryable is False
    assert "changed the answer" in str(error)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("access_token", 5, "a string that is not empty"),
        ("refresh_token", "", "a string that is not empty"),
    ],
)
def test_the_error_for_a_wrong_type_names_the_right_one(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(ServerError, match=rf"\$\.{name} should be {wanted}"):
        parse_token(without(**{name: value}), client_key="app", now=NOW)


def test_a_client_token_has_a_lifetime_and_no_refresh_token() -> None:
    reply = {"access_token": "clt.1", "expires_in": 7200, "token_type": "Bearer"}
    token = parse_client_token(reply, now=NOW)
    assert (token.access_token, token.expires_at) == (Secret("clt.1"), NOW + timedelta(hours=2))
    for bad in ({}, {"access_token": "clt.1"}, {"access_token": None, "expires_in": 1}):
        with pytest.raises(ServerError, match=r"\$\.(expires_in|access_token) should be a"):
            parse_client_token(bad, now=NOW)


def v1(message: str | None = "success", **data: Any) -> dict[str, Any]:
    return {
        "data": {**without("token_type"), "captcha": "", "description": "", "error_code": 0, **data},
        "message": message,
    }


def test_a_v1_reply_becomes_the_same_token() -> None:
    assert parse_v1_token(v1(), client_key="app", now=NOW) == first()


def test_a_v1_error_is_an_oauth_error_with_its_message() -> None:
    payload = {
        "data": {"captcha": "", "desc_url": "", "description": "Parameter error", "error_code": 10002},
        "message": "error",
    }
    with pytest.raises(OAuthError, match="Parameter error") as caught:
        parse_v1_token(payload, client_key="app", now=NOW)
    assert "10002" in caught.value.error
    with pytest.raises(OAuthError):
        parse_v1_token(v1("error"), client_key="app", now=NOW)
    with pytest.raises(OAuthError) as caught:
        parse_v1_token(v1("error", log_id="2026112010"), client_key="app", now=NOW)
    assert caught.value.log_id == "2026112010"
    odd = v1("error", error_code="ten", description=["no text"], log_id=7)
    with pytest.raises(OAuthError) as caught:
        parse_v1_token(odd, client_key="app", now=NOW)
    assert (caught.value.error, caught.value.description) == ("v1 error without a code", "")
    assert caught.value.log_id is None


@pytest.mark.parametrize(
    "payload", [{}, {"data": None}, {"data": []}, REPLY, v1(refresh_token=""), v1(access_token=None)]
)
def test_an_invalid_v1_reply_is_a_configuration_error(payload: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="not a v1 token reply"):
        parse_v1_token(payload, client_key="app", now=NOW)


VALUE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "None", f"act.{CANARY}", "12", "-1", "1e400"])
    | st.lists(st.just(CANARY), max_size=2)
)


@given(st.dictionaries(st.sampled_from(sorted(REPLY)), VALUE), st.booleans())
def test_any_reply_is_a_token_or_one_of_our_errors_without_a_secret(reply: dict[str, Any], refresh: bool) -> None:  # noqa: FBT001 - Hypothesis
    try:
        token = parse_token({**REPLY, **reply}, client_key="app", now=NOW, previous=first() if refresh else None)
    except TikTokError as refusal:
        reported = f"{refusal} {refusal!r} {refusal.__dict__}"
    else:
        reported = repr(token)
        assert token.refresh_token.reveal()
        assert token.expires_at >= NOW
    # Neither scopes nor an account's id are secret, and both are shown.
    for name in ("scope", "open_id"):
        reported = reported.replace(str(reply.get(name) or "\0"), "")
    assert CANARY not in reported
