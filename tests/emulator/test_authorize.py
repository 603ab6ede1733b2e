"""The authorize page: what it refuses, and where it sends the browser."""

from typing import Any

import pytest

from tests.emulator.conftest import CALLBACK, Raw, callback
from tiktok_async.emulator import Emulator, Quirks

WEB = {"redirect_uri": "https://app.example.com/cb/", "code_challenge": None, "code_challenge_method": None}


async def test_allowing_sends_the_browser_back_with_code_scopes_and_state(raw: Raw) -> None:
    user = raw.emulator.add_user()
    back = await raw.emulator.consent(raw.authorize(), user)
    assert back.startswith(CALLBACK + "?")
    params = callback(back)
    assert set(params) == {"code", "scopes", "state"}
    assert params["scopes"] == "user.info.basic,video.list"
    assert params["state"] == "s1"
    assert "*" in params["code"]
    assert "!" in params["code"]
    assert "*" not in back
    assert "!" not in back


async def test_a_user_can_also_allow_at_a_url_without_the_last_slash(raw: Raw) -> None:
    user = raw.emulator.add_user()
    back = await raw.emulator.consent(raw.authorize().replace("/authorize/?", "/authorize?"), user)
    assert back.startswith(f"{CALLBACK}?code=")


async def test_denying_sends_the_browser_back_with_an_error_and_no_code(raw: Raw) -> None:
    user = raw.emulator.add_user()
    params = callback(await raw.emulator.consent(raw.authorize(), user, deny=True))
    assert params == {"error": "access_denied", "error_description": "User denied", "state": "s1"}


async def test_only_requested_and_checked_scopes_are_granted(raw: Raw) -> None:
    user = raw.emulator.add_user()
    back = await raw.emulator.consent(raw.authorize(), user, scopes={"video.upload"})
    assert callback(back)["scopes"] == "user.info.basic"


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        ("client_key", {"client_key": "somebody"}),
        ("client_key", {"client_key": None}),
        ("response_type", {"response_type": "token"}),
        ("client_secret", {"client_secret": "oops"}),
        ("scope", {"scope": None}),
        ("scope", {"scope": "user.info.basic video.list"}),
        ("scope", {"scope": "user.info.basic,"}),
        ("redirect_uri", {"redirect_uri": None}),
        ("redirect_uri", {**WEB, "redirect_uri": "http://app.example.com/cb/"}),
        ("redirect_uri", {**WEB, "redirect_uri": "https://app.example.com/cb/?next=1"}),
        ("redirect_uri", {**WEB, "redirect_uri": "https://app.example.com/cb/#top"}),
        ("redirect_uri", {**WEB, "redirect_uri": "https://app.example.com/" + "a" * 490}),
        ("redirect_uri", {**WEB, "redirect_uri": "https://192.168.1.5/cb/"}),
        ("redirect_uri", {**WEB, "redirect_uri": "/cb/"}),
        ("redirect_uri", {"redirect_uri": "http://localhost/cb/"}),
        ("redirect_uri", {"redirect_uri": "ftp://127.0.0.1:8000/cb/"}),
        ("redirect_uri", {**WEB, "redirect_uri": "https://[nonsense/"}),
        ("code_challenge", {"code_challenge": None, "code_challenge_method": None}),
        ("code_challenge", {"code_challenge": "5qF4sSB0PQhQlQjyaWUrC9_b-RySMpIbyel0T90Uv-8"}),
        ("code_challenge", {"code_challenge": "A" * 64}),
        ("code_challenge", {**WEB, "code_challenge_method": "S256"}),
        ("code_challenge_method", {"code_challenge_method": "plain"}),
        ("disable_auto_auth", {"disable_auto_auth": "yes"}),
    ],
)
async def test_a_bad_parameter_is_named_on_a_page_and_nobody_is_redirected(
    raw: Raw, named: str, changes: dict[str, Any]
) -> None:
    raw.emulator.add_user()
    answer = await raw.send("GET", raw.authorize(**changes))
    assert answer.status == 400
    assert "Location" not in answer.headers
    assert f"<code>{named}</code>" in answer.body.decode()
    with pytest.raises(ValueError, match=named):
        await raw.emulator.consent(raw.authorize(**changes), raw.emulator.users[0])


async def test_every_bad_parameter_is_named_at_once(raw: Raw) -> None:
    raw.emulator.add_user()
    text = (await raw.send("GET", raw.authorize(client_key="x", scope=""))).body.decode()
    assert "<code>client_key</code>" in text
    assert "<code>scope</code>" in text


async def test_a_web_app_needs_no_challenge(raw: Raw) -> None:
    user = raw.emulator.add_user()
    assert (await raw.emulator.consent(raw.authorize(**WEB), user)).startswith("https://app.example.com/cb/?code=")


async def test_a_redirect_uri_must_be_registered_exactly_or_with_any_port(serve: Any) -> None:
    registered = ["https://app.example.com/cb/", "http://127.0.0.1:*/callback/"]
    async with Emulator(redirect_uris=registered) as emulator:
        raw = serve(emulator)
        user = emulator.add_user()
        await emulator.consent(raw.authorize(**WEB), user)
        await emulator.consent(raw.authorize(redirect_uri="http://127.0.0.1:61234/callback/"), user)
        for uri in (
            "https://app.example.com/cb",
            "http://127.0.0.1:61234/callback",
            "http://localhost:61234/callback/",
        ):
            with pytest.raises(ValueError, match="redirect_uri"):
                await emulator.consent(raw.authorize(redirect_uri=uri), user)


async def test_a_request_with_one_scope_that_the_app_lacks_is_refused(serve: Any) -> None:
    async with Emulator(app_scopes={"user.info.basic"}) as emulator:
        with pytest.raises(ValueError, match="scope"):
            await emulator.consent(serve(emulator).authorize(), emulator.add_user())


async def test_the_page_escapes_the_text_that_it_shows(raw: Raw) -> None:
    raw.emulator.add_user(display_name="<b>Bo</b>")
    url = raw.authorize(state='"><script>alert(1)</script>', scope="user.info.basic,<i>x</i>")
    text = (await raw.send("GET", url)).body.decode()
    assert "<script>" not in text
    assert "<b>Bo" not in text
    assert "<i>x" not in text
    assert "&lt;script&gt;" in text


async def test_a_sandbox_app_logs_in_only_its_target_users(serve: Any) -> None:
    async with Emulator(quirks=Quirks(sandbox=True)) as emulator:
        raw = serve(emulator)
        other, target = emulator.add_user(), emulator.add_user(sandbox_target=True)
        params = callback(await emulator.consent(raw.authorize(), other))
        assert params["error"] == "access_denied"
        assert params["error_type"] == "non_sandbox_target"
        assert "code" in callback(await emulator.consent(raw.authorize(), target))


async def test_the_page_is_skipped_only_after_an_earlier_grant_and_on_request(raw: Raw) -> None:
    user = raw.emulator.add_user()
    await raw.login(user)
    cookies = {"emulator_user": user.open_id}
    skipped = await raw.send("GET", raw.authorize(disable_auto_auth="0"), cookies=cookies)
    assert skipped.status == 302
    assert "code=" in skipped.headers["Location"]
    for url in (raw.authorize(), raw.authorize(disable_auto_auth="1")):
        assert (await raw.send("GET", url, cookies=cookies)).status == 200
    more = raw.authorize(disable_auto_auth="0", scope="user.info.basic,user.info.stats")
    assert (await raw.send("GET", more, cookies=cookies)).status == 200
    raw.emulator.revoke(user)
    assert (await raw.send("GET", raw.authorize(disable_auto_auth="0"), cookies=cookies)).status == 200


async def test_an_unknown_user_in_the_form_is_refused(raw: Raw) -> None:
    raw.emulator.add_user()
    url, _, query = raw.authorize().partition("?")
    form = f"{query}&user=nobody&decision=allow"
    answer = await raw.send("POST", url, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 400


async def test_without_users_the_page_says_how_to_add_one(raw: Raw) -> None:
    answer = await raw.send("GET", raw.authorize())
    assert answer.status == 409
    assert b"/_emulator/users" in answer.body
