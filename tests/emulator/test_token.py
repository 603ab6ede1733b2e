"""The token endpoint: forms, codes, rotation, lifetimes, revocation."""

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.conftest import CALLBACK, VERIFIER, Raw
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.models import Endpoint

# The first is from a test of TikTok's Android SDK, the second is the verifier of RFC 7636.
VECTORS = [
    (
        "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns",
        "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef",
    ),
    (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
    ),
]


async def exchange(raw: Raw, code: str, **changes: str | None) -> Any:
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
    return await raw.form(Endpoint.TOKEN, code=code, **form)


async def test_a_code_is_exchanged_for_tokens_in_the_documented_shape(raw: Raw) -> None:
    user = raw.emulator.add_user()
    token = await raw.login(user)
    assert token["access_token"].startswith("act.")
    assert token["refresh_token"].startswith("rft.")
    assert {name: value for name, value in token.items() if not name.endswith("_token")} == {
        "expires_in": 7200,
        "refresh_expires_in": 15552000,
        "open_id": user.open_id,
        "scope": "user.info.basic,video.list",
        "token_type": "Bearer",
    }
    assert raw.emulator.logins[user.open_id] == 1


@pytest.mark.parametrize(("verifier", "challenge"), VECTORS)
async def test_the_verifier_is_checked_against_the_hex_challenge(raw: Raw, verifier: str, challenge: str) -> None:
    user = raw.emulator.add_user()
    code = await raw.code(user, code_challenge=challenge)
    wrong = await exchange(raw, code, code_verifier=verifier[::-1])
    assert wrong.code == "invalid_request"
    assert wrong.data["error_description"] == "Code verifier or code challenge is invalid."
    assert (await exchange(raw, code, code_verifier=None)).code == "invalid_request"
    assert (await exchange(raw, code, code_verifier=verifier)).status == 200


async def test_an_unneeded_verifier_is_accepted(raw: Raw) -> None:
    web = {"redirect_uri": "https://app.example.com/cb/", "code_challenge": None, "code_challenge_method": None}
    code = await raw.code(raw.emulator.add_user(), **web)
    assert (await exchange(raw, code, redirect_uri=web["redirect_uri"])).status == 200


async def test_a_code_works_once(raw: Raw) -> None:
    code = await raw.code(raw.emulator.add_user())
    assert (await exchange(raw, code)).status == 200
    again = await exchange(raw, code)
    assert (again.code, again.data["error_description"]) == ("invalid_grant", "Authorization code is expired.")


async def test_a_code_expires(raw: Raw) -> None:
    code = await raw.code(raw.emulator.add_user())
    raw.emulator.clock.advance(timedelta(minutes=5))
    assert (await exchange(raw, code)).code == "invalid_grant"


async def test_a_truncated_code_is_called_expired(raw: Raw) -> None:
    code = await raw.code(raw.emulator.add_user())
    assert (await exchange(raw, code.partition("*")[0])).data["error_description"] == "Authorization code is expired."


async def test_the_redirect_uri_has_to_be_the_same(raw: Raw) -> None:
    code = await raw.code(raw.emulator.add_user())
    wrong = await exchange(raw, code, redirect_uri=CALLBACK[:-1])
    assert wrong.code == "invalid_request"
    assert wrong.data["error_description"] == "Redirect_uri is not matched with the uri when requesting code."
    assert (await exchange(raw, code, redirect_uri=None)).code == "invalid_request"


async def test_a_mini_games_code_needs_no_redirect_uri_and_no_verifier(raw: Raw) -> None:
    user = raw.emulator.add_user()
    answer = await raw.form(Endpoint.TOKEN, grant_type="authorization_code", code=raw.emulator.minis_code(user))
    assert answer.data["open_id"] == user.open_id
    assert answer.data["scope"] == "user.info.basic"


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"client_key": None}, "invalid_request", "The request parameters are malformed."),
        ({"client_secret": None}, "invalid_request", "Client secret is missed in request."),
        ({"client_secret": "wrong"}, "invalid_client", "Client key or secret is incorrect."),
        ({"client_key": "wrong"}, "invalid_client", "Client key or secret is incorrect."),
        ({"grant_type": None}, "invalid_request", "The request is missing a required parameter."),
        ({"refresh_token": None}, "invalid_request", "The request is missing a required parameter."),
        ({"grant_type": "password"}, "unsupported_grant_type", None),
        ({"refresh_token": "rft.unknown"}, "invalid_grant", None),
        ({"content_type": "application/json"}, "invalid_request", "The request parameters are malformed."),
        (
            {"content_type": "application/x-www-form-urlencoded;charset=UTF-8"},
            "invalid_request",
            "The request parameters are malformed.",
        ),
    ],
)
async def test_a_bad_form_gets_the_documented_error(
    raw: Raw, changes: dict[str, Any], error: str, description: str | None
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "rft.x", **changes}
    answer = await raw.form(Endpoint.TOKEN, **form)
    assert answer.status == 400
    assert answer.code == error
    assert description in (None, answer.data["error_description"])
    assert set(answer.data) == {"error", "error_description", "log_id"}


async def test_a_charset_is_accepted_with_its_quirk(serve: Any) -> None:
    async with Emulator(quirks=Quirks(form_charset="accepted")) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())
        answer = await raw.form(
            Endpoint.TOKEN,
            content_type="application/x-www-form-urlencoded;charset=UTF-8",
            grant_type="refresh_token",
            refresh_token=token["refresh_token"],
        )
        assert answer.status == 200


@pytest.mark.parametrize("status", [200, 400, 401])
async def test_the_status_of_oauth_errors_is_a_quirk(serve: Any, status: Any) -> None:
    async with Emulator(oauth_error_status=status) as emulator:
        assert (await serve(emulator).refresh("rft.unknown")).status == status


async def test_a_rotated_refresh_token_is_invalid_and_its_reuse_is_counted(raw: Raw) -> None:
    user = raw.emulator.add_user()
    first = await raw.login(user)
    second = (await raw.refresh(first["refresh_token"])).data
    assert second["refresh_token"] != first["refresh_token"]
    assert (await raw.refresh(first["refresh_token"])).code == "invalid_grant"
    assert (await raw.refresh(second["refresh_token"])).status == 200
    assert raw.emulator.refreshes == {user.open_id: 2}
    assert raw.emulator.reuses == {user.open_id: 1}


async def test_an_older_access_token_stays_valid_after_a_refresh(raw: Raw) -> None:
    token = await raw.login(raw.emulator.add_user())
    await raw.refresh(token["refresh_token"])
    assert (await raw.call(Endpoint.USER_INFO, token["access_token"], fields="open_id")).status == 200


async def test_a_refresh_can_end_older_access_tokens(serve: Any) -> None:
    async with Emulator(quirks=Quirks(refresh_ends_access=True)) as emulator:
        raw = serve(emulator)
        token = await raw.login(emulator.add_user())
        newer = (await raw.refresh(token["refresh_token"])).data
        assert (await raw.call(Endpoint.USER_INFO, token["access_token"], fields="open_id")).status == 401
        assert (await raw.call(Endpoint.USER_INFO, newer["access_token"], fields="open_id")).status == 200


async def test_a_rotated_token_works_for_a_minute_with_grace(serve: Any) -> None:
    async with Emulator(rotation="grace") as emulator:
        raw = serve(emulator)
        token = await raw.login(emulator.add_user())
        await raw.refresh(token["refresh_token"])
        assert (await raw.refresh(token["refresh_token"])).status == 200
        emulator.clock.advance(timedelta(minutes=1))
        assert (await raw.refresh(token["refresh_token"])).code == "invalid_grant"


async def test_a_revoked_token_has_no_grace(serve: Any) -> None:
    async with Emulator(rotation="grace") as emulator:
        raw = serve(emulator)
        user = emulator.add_user()
        token = await raw.login(user)
        emulator.revoke(user)
        assert (await raw.refresh(token["refresh_token"])).code == "invalid_grant"


async def test_without_rotation_the_same_refresh_token_is_returned(serve: Any) -> None:
    async with Emulator(rotation="none") as emulator:
        raw = serve(emulator)
        token = await raw.login(emulator.add_user())
        again = (await raw.refresh(token["refresh_token"])).data
        assert again["refresh_token"] == token["refresh_token"]
        assert again["access_token"] != token["access_token"]


async def test_tokens_expire_at_the_time_that_their_reply_gave(raw: Raw) -> None:
    token = await raw.login(raw.emulator.add_user())
    raw.emulator.clock.advance(timedelta(hours=2))
    refused = await raw.call(Endpoint.USER_INFO, token["access_token"], fields="open_id")
    assert (refused.status, refused.code) == (401, "access_token_invalid")
    raw.emulator.clock.advance(timedelta(days=180))
    assert (await raw.refresh(token["refresh_token"])).code == "invalid_grant"
    assert not raw.emulator.reuses


async def test_a_rotated_refresh_token_may_keep_its_expiry(serve: Any) -> None:
    async with Emulator(quirks=Quirks(refresh_lifetime_restarts=False)) as emulator:
        raw = serve(emulator)
        token = await raw.login(emulator.add_user())
        emulator.clock.advance(timedelta(days=100))
        rotated = (await raw.refresh(token["refresh_token"])).data
        assert rotated["refresh_expires_in"] == pytest.approx(80 * 86400, abs=60)


async def test_revoking_ends_every_token_of_the_user_and_of_no_other_user(raw: Raw) -> None:
    user, other = raw.emulator.add_user(), raw.emulator.add_user()
    token, older, others = await raw.login(user), raw.emulator.grant(user), raw.emulator.grant(other)
    answer = await raw.form(Endpoint.REVOKE, token=token["access_token"])
    assert (answer.status, answer.data) == (200, {})
    for ended in (token, older):
        assert (await raw.call(Endpoint.USER_INFO, ended["access_token"], fields="open_id")).status == 401
        assert (await raw.refresh(ended["refresh_token"])).code == "invalid_grant"
    assert (await raw.call(Endpoint.USER_INFO, others["access_token"], fields="open_id")).status == 200
    assert (await raw.form(Endpoint.REVOKE, token=token["access_token"])).code == "invalid_grant"


async def test_the_body_of_a_revocation_may_be_empty(serve: Any) -> None:
    async with Emulator(quirks=Quirks(revoke_reply="")) as emulator:
        token = emulator.grant(emulator.add_user())
        answer = await serve(emulator).form(Endpoint.REVOKE, token=token["access_token"])
        assert (answer.status, answer.body) == (200, b"")


async def test_a_client_token_is_not_a_users_token(raw: Raw) -> None:
    answer = await raw.form(Endpoint.TOKEN, grant_type="client_credentials")
    assert answer.data["access_token"].startswith("clt.")
    assert set(answer.data) == {"access_token", "expires_in", "token_type"}
    assert (await raw.call(Endpoint.USER_INFO, answer.data["access_token"], fields="open_id")).status == 401


async def test_the_retired_v1_reply_can_be_emulated(serve: Any) -> None:
    async with Emulator(quirks=Quirks(token_reply="v1", refresh_expires_in_as_text=True)) as emulator:
        raw = serve(emulator)
        answer = await raw.refresh(emulator.grant(emulator.add_user())["refresh_token"])
        assert answer.data["message"] == "success"
        assert answer.data["data"]["error_code"] == 0
        assert answer.data["data"]["refresh_expires_in"] == "15552000"
        assert "token_type" not in answer.data["data"]
