"""Login against the emulator, over HTTP from the consent page to the stored token, and its errors."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tiktok_async import (
    AccountNotFound,
    AuthorizationDenied,
    AuthorizationRequest,
    ConfigurationError,
    Endpoint,
    OAuthError,
    ReauthorizationRequired,
    Scope,
    ScopeNotGranted,
    StateMismatch,
    TikTokSession,
)
from tiktok_async.emulator import Emulator, Quirks

REDIRECT = "http://127.0.0.1:8914/callback/"
SCOPES = ["user.info.basic", "video.list"]


async def test_a_login_stores_what_was_granted(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user(scopes=set(SCOPES))
    request = session.oauth.authorization(REDIRECT, SCOPES)
    kept = AuthorizationRequest.from_json(request.to_json())
    account = await session.oauth.complete(kept, await emulator.consent(request.url, user))
    token = await account.token()
    assert account.open_id == user.open_id
    assert token.scopes == set(SCOPES)
    assert (token.version, [one.open_id async for one in session.accounts()]) == (1, [user.open_id])


async def test_a_user_may_grant_less_than_was_asked_for(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user(scopes=set(SCOPES))
    request = session.oauth.authorization(REDIRECT, SCOPES)
    account = await session.oauth.complete(
        request, await emulator.consent(request.url, user, scopes=["user.info.basic"])
    )
    assert (await account.token()).scopes == {"user.info.basic"}


async def test_a_login_on_a_loopback_address_uses_hex_pkce(session: TikTokSession) -> None:
    query = parse_qs(urlsplit(session.oauth.authorization(REDIRECT, SCOPES).url).query)
    (challenge,) = query["code_challenge"]
    assert len(challenge) == 64
    assert int(challenge, 16)
    assert query["code_challenge_method"] == ["S256"]


async def test_no_secret_is_in_the_address_the_user_is_sent_to(emulator: Emulator, session: TikTokSession) -> None:
    request = session.oauth.authorization("https://app.example.com/cb", SCOPES)
    assert emulator.client_secret not in request.url
    assert "code_challenge" not in request.url
    assert request.code_verifier is None


async def test_a_denied_qr_login_raises_an_error(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user(scopes=set(SCOPES))
    request = session.oauth.authorization(REDIRECT, SCOPES)
    with pytest.raises(AuthorizationDenied):
        await session.oauth.complete(request, await emulator.consent(request.url, user, deny=True))


async def test_a_callback_of_another_login_is_refused_and_its_code_not_used(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user(scopes=set(SCOPES))
    mine, theirs = session.oauth.authorization(REDIRECT, SCOPES), session.oauth.authorization(REDIRECT, SCOPES)
    callback = await emulator.consent(theirs.url, user)
    with pytest.raises(StateMismatch):
        await session.oauth.complete(mine, callback)
    assert emulator.logins.total() == 0


async def test_a_login_of_another_app_is_refused(emulator: Emulator, session: TikTokSession) -> None:
    async with emulator.session(client_key="sb_other", client_secret="other") as other:
        request = other.oauth.authorization(REDIRECT, SCOPES)
    with pytest.raises(ConfigurationError, match="sb_other"):
        await session.oauth.complete(request, REDIRECT + "?code=x&state=" + request.state)


async def test_a_code_works_once(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user(scopes=set(SCOPES))
    request = session.oauth.authorization(REDIRECT, SCOPES)
    callback = await emulator.consent(request.url, user)
    await session.oauth.complete(request, callback)
    with pytest.raises(OAuthError) as caught:
        await session.oauth.complete(request, callback)
    assert caught.value.error == "invalid_grant"
    assert caught.value.log_id
    assert parse_qs(urlsplit(callback).query)["code"][0] not in str(caught.value)


async def test_a_mini_game_s_code_needs_no_redirect_uri(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user()
    account = await session.oauth.exchange(emulator.minis_code(user))
    assert account.open_id == user.open_id


async def test_an_empty_code_is_the_callers_mistake(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError):
        await session.oauth.exchange("")


async def test_a_forced_refresh_rotates_both_tokens(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=set(SCOPES), videos=1))
    before = await account.token()
    after = await session.oauth.refresh(account.open_id)
    assert after.access_token != before.access_token
    assert after.refresh_token != before.refresh_token
    assert after.version > before.version
    assert emulator.refreshes[account.open_id] == 1
    assert await account.videos().first() is not None


async def test_revoking_ends_the_grant_here_and_there(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=set(SCOPES)))
    await session.oauth.revoke(account.open_id)
    with pytest.raises(AccountNotFound):
        await account.token()
    assert [one async for one in session.accounts()] == []
    with pytest.raises(AccountNotFound):
        await account.disconnect()


async def test_a_revoked_grant_requires_a_new_login_and_works_after_it(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user(scopes=set(SCOPES), videos=1)
    account = await emulator.connect(session, user)
    emulator.revoke(user)
    with pytest.raises(ReauthorizationRequired) as caught:
        await account.videos().first()
    assert (caught.value.open_id, caught.value.reason) == (user.open_id, "revoked")
    sent = len(emulator.requests)
    with pytest.raises(ReauthorizationRequired):
        await account.videos().first()
    assert len(emulator.requests) == sent, "an account that needs a login costs no request"
    await emulator.connect(session, user)
    assert await account.videos().first() is not None


async def test_the_error_for_an_expired_grant_has_the_reason_expired(
    emulator: Emulator, session: TikTokSession
) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=set(SCOPES)))
    emulator.clock.advance(timedelta(days=181))
    with pytest.raises(ReauthorizationRequired) as caught:
        await account.token()
    assert caught.value.reason == "expired"


async def test_a_login_and_its_refreshes_read_a_token_reply_in_the_shape_of_v1() -> None:
    async with Emulator(quirks=Quirks(token_reply="v1")) as emulator, emulator.session() as session:
        user = emulator.add_user(scopes=set(SCOPES))
        request = session.oauth.authorization(REDIRECT, SCOPES)
        account = await session.oauth.complete(request, await emulator.consent(request.url, user))
        assert (await session.refresh_due(timedelta(days=1))).refreshed == 1
        assert (await account.token()).version > 1
        assert (await account.user_info()).open_id == user.open_id


async def test_a_v1_token_reply_becomes_an_account(session: TikTokSession) -> None:
    account = await session.oauth.import_v1(
        {
            "data": {
                "access_token": "act.v1",
                "refresh_token": "rft.v1",
                "open_id": "old-user",
                "expires_in": 86400,
                "refresh_expires_in": 31536000,
                "scope": "user.info.basic",
                "error_code": 0,
            },
            "message": "success",
        }
    )
    assert account.open_id == "old-user"
    assert (await account.token()).scopes == {"user.info.basic"}


async def test_a_v1_token_does_not_post_until_the_account_has_logged_in_again(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user(videos=1)
    scopes = "user.info.basic,video.list,video.publish,video.upload,portability.all.ongoing"
    data = {
        "access_token": "act.v1",
        "refresh_token": "rft.v1",
        "open_id": user.open_id,
        "expires_in": 86400,
        "refresh_expires_in": 31536000,
        "scope": scopes,
    }
    account = await session.oauth.import_v1({"data": data, "message": "success"})
    assert (await account.token()).scopes == {"user.info.basic", "video.list"}
    with pytest.raises(ScopeNotGranted):
        await account.draft_video(b"a video")
    assert len(emulator.requests) == 0
    assert [found.open_id async for found in session.accounts(lacking={Scope.VIDEO_UPLOAD})] == [user.open_id]
    account = await emulator.connect(session, user)
    await account.draft_video(b"a video")


async def test_a_client_token_is_minted_once(emulator: Emulator, session: TikTokSession) -> None:
    first, second = await session.oauth.client_token(), await session.oauth.client_token()
    assert first.access_token == second.access_token
    assert sum(request.endpoint is Endpoint.TOKEN for request in emulator.requests) == 1


async def test_a_wrong_secret_is_named_and_not_shown(emulator: Emulator) -> None:
    async with emulator.session(client_secret="wrong-canary") as session:
        with pytest.raises(OAuthError, match="client_secret") as caught:
            await session.oauth.client_token()
    assert "wrong-canary" not in str(caught.value)


async def test_a_login_survives_the_process_in_sqlite(emulator: Emulator, tmp_path: Path) -> None:
    user = emulator.add_user(scopes=set(SCOPES), videos=3)
    store = f"sqlite:///{tmp_path}/tokens.db"
    async with emulator.session(store=store) as first:
        await emulator.connect(first, user)
    async with emulator.session(store=store) as second:
        assert len(await second.account(user.open_id).videos().collect()) == 3
