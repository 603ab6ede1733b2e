"""Profiles against the emulator: fields follow scopes."""

from datetime import timedelta

import pytest

from tiktok_async import (
    ConfigurationError,
    Endpoint,
    InvalidParams,
    ReauthorizationRequired,
    ScopeNotAuthorized,
    ScopeNotGranted,
    TikTokSession,
    UserField,
)
from tiktok_async.emulator import Emulator

BASIC = {"user.info.basic"}
ALL = {"user.info.basic", "user.info.profile", "user.info.stats"}


async def test_a_profile_has_all_fields_that_the_scopes_allow_by_default(
    emulator: Emulator, session: TikTokSession
) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=ALL, display_name="Ada"))
    user = await account.user_info()
    assert user.open_id == account.open_id
    assert user.display_name == "Ada"
    assert user.username is not None
    assert user.follower_count is not None


async def test_a_basic_grant_gives_a_basic_profile(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=BASIC))
    user = await account.user_info()
    assert user.display_name is not None
    assert user.username is None
    assert user.follower_count is None


async def test_only_the_requested_fields_are_set(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=ALL))
    user = await account.user_info([UserField.USERNAME, "follower_count"])
    assert user.username is not None
    assert user.follower_count is not None
    assert user.display_name is None


async def test_fields_beyond_the_grant_are_named_by_scope_and_nothing_is_sent(
    emulator: Emulator, session: TikTokSession
) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=BASIC))
    before = len(emulator.requests)
    with pytest.raises(ScopeNotGranted) as caught:
        await account.user_info(["display_name", "username", "video_count"])
    assert caught.value.missing == {"user.info.profile", "user.info.stats"}
    assert len(emulator.requests) == before


@pytest.mark.parametrize(("code", "status"), [("scope_not_authorized", 401), ("scope_permission_missed", 400)])
async def test_tiktoks_refusal_of_a_field_is_the_same_error_in_both_styles(
    emulator: Emulator, session: TikTokSession, code: str, status: int
) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=ALL))
    emulator.fail_next(Endpoint.USER_INFO, status=status, code=code)
    with pytest.raises(ScopeNotAuthorized) as caught:
        await account.user_info()
    assert caught.value.code == code
    assert caught.value.log_id


async def test_an_unknown_field_is_left_to_tiktok(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=ALL))
    with pytest.raises(InvalidParams, match="a_field_of_tomorrow"):
        await account.user_info(["display_name", "a_field_of_tomorrow"])


async def test_an_empty_list_of_fields_is_refused(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes=ALL))
    with pytest.raises(ConfigurationError, match="at least one field"):
        await account.user_info([])


async def test_a_profile_has_the_name_it_is_given_until_its_user_consents_in_the_game(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user(display_name="Ada")
    player = await session.oauth.exchange(emulator.minis_code(user, {"user.info.open_id"}))
    shown = await player.profile(avatar_url="https://game.example/1.png")
    assert (shown.open_id, shown.display_name) == (user.open_id, "TikTok Player")
    assert shown.avatar_url == "https://game.example/1.png"
    plain = (await player.profile()).avatar_url
    assert plain is not None
    assert plain.startswith("data:image/svg+xml,")
    assert emulator.deny(user)
    assert (await player.profile(name="Player 1")).display_name == "Player 1"
    assert emulator.allow(user)
    shown = await player.profile(name="Player 1")
    assert shown.display_name == "Ada"
    assert shown.avatar_url is not None
    assert (await player.token()).scopes >= {"user.info.open_id", "user.info.basic"}
    assert not emulator.allow(user), "the choice is remembered"
    assert not emulator.deny(user)


async def test_a_consent_is_used_in_every_process_and_after_a_refresh(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user()
    player = await session.oauth.exchange(emulator.minis_code(user, {"user.info.open_id"}))
    emulator.allow(user)
    await player.profile()
    assert (await session.refresh_due(timedelta(days=1))).refreshed == 1
    assert "user.info.basic" in (await player.token()).scopes
    assert (await player.user_info()).display_name == user.display_name


async def test_a_profile_is_requested_again_after_three_to_seven_days(
    emulator: Emulator, session: TikTokSession
) -> None:
    async def asked() -> int:
        before = emulator.requests.counts[Endpoint.USER_INFO]
        await player.profile()
        return emulator.requests.counts[Endpoint.USER_INFO] - before

    user = emulator.add_user()
    player = await session.oauth.exchange(emulator.minis_code(user))
    assert [await asked(), await asked()] == [1, 0]
    user.display_name = "Renamed"
    assert (await player.profile(max_age=0)).display_name == "Renamed"
    emulator.clock.advance(timedelta(days=2))
    assert await asked() == 0
    assert (await player.profile(max_age=timedelta(days=1))).display_name == "Renamed"
    emulator.clock.advance(timedelta(days=7))
    assert await asked() == 1
    with pytest.raises(ConfigurationError, match="max_age"):
        await player.profile(max_age=timedelta(days=-1))


async def test_a_refusal_is_not_stored(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user()
    player = await session.oauth.exchange(emulator.minis_code(user, {"user.info.open_id"}))
    for _ in range(2):
        await player.profile()
    assert emulator.requests.counts[Endpoint.USER_INFO] == 2


async def test_a_revoked_grant_raises_an_error_although_a_name_is_stored(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user()
    account = await emulator.connect(session, user)
    emulator.revoke(user)
    with pytest.raises(ReauthorizationRequired):
        await account.profile(name="Player 1")
