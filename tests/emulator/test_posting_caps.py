"""Caps, bans, audit and owned URLs: refusals because of the app or the user, not because of the body."""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.conftest import Answer, Raw
from tiktok_async.emulator import EmulatedUser, PostingQuirks
from tiktok_async.emulator.posting.url_properties import UrlProperties
from tiktok_async.models import Endpoint

PULL = {"source": "PULL_FROM_URL", "video_url": "https://media.example.com/a.mp4"}


async def post(raw: Raw, user: EmulatedUser, *, privacy: str = "SELF_ONLY", draft: bool = False) -> Answer:
    """Ask for one post, after every per-minute window is open again."""
    raw.emulator.clock.advance(61)
    body: dict[str, Any] = {"source_info": PULL}
    if not draft:
        body["post_info"] = {"privacy_level": privacy}
    token = raw.emulator.grant(user)["access_token"]
    return await raw.call(Endpoint.INBOX_INIT if draft else Endpoint.VIDEO_INIT, token, json=body)


async def creator_info(raw: Raw, user: EmulatedUser) -> Answer:
    return await raw.call(Endpoint.CREATOR_INFO, raw.emulator.grant(user)["access_token"])


def change(raw: Raw, **quirks: Any) -> PostingQuirks:
    raw.emulator.posting.quirks = evolve(raw.emulator.posting.quirks, **quirks)
    return raw.emulator.posting.quirks


async def test_the_sixteenth_post_of_a_day_is_refused_and_creator_info_says_so_with_200(raw: Raw) -> None:
    user = raw.emulator.add_user()
    assert [(await post(raw, user)).code for _ in range(15)] == ["ok"] * 15
    refused, info = await post(raw, user), await creator_info(raw, user)
    assert (refused.status, refused.code) == (403, "spam_risk_too_many_posts")
    assert (info.status, info.code) == (200, "spam_risk_too_many_posts")
    assert (await post(raw, raw.emulator.add_user())).code == "ok"
    raw.emulator.clock.advance(timedelta(days=1))
    assert (await post(raw, user)).code == "ok"
    assert raw.emulator.posts.accepted[user.open_id] == 16


async def test_failed_posts_do_not_count(raw: Raw) -> None:
    user = raw.emulator.add_user()
    change(raw, posts_a_day=1)
    raw.emulator.fail_publish("internal")
    assert [(await post(raw, user)).code for _ in range(3)] == ["ok", "ok", "spam_risk_too_many_posts"]


async def test_the_sixth_pending_draft_is_refused_until_the_user_posts_one(raw: Raw) -> None:
    user = raw.emulator.add_user()
    raw.emulator.plan_timeline(user_posts_after=timedelta(hours=1))
    assert [(await post(raw, user, draft=True)).code for _ in range(5)] == ["ok"] * 5
    refused = await post(raw, user, draft=True)
    assert (refused.status, refused.code) == (403, "spam_risk_too_many_pending_share")
    raw.emulator.clock.advance(timedelta(minutes=56))
    assert (await post(raw, user, draft=True)).code == "ok"


async def test_a_banned_creator_posts_nothing(raw: Raw) -> None:
    user = raw.emulator.add_user()
    raw.emulator.creator(user, banned=True)
    for answer in (await post(raw, user), await post(raw, user, draft=True)):
        assert (answer.status, answer.code) == (403, "spam_risk_user_banned_from_posting")
    info = await creator_info(raw, user)
    assert (info.status, info.code) == (200, "spam_risk_user_banned_from_posting")


async def test_an_app_without_audit_posts_to_private_accounts_only(raw: Raw) -> None:
    change(raw, audited=False)
    public, private = raw.emulator.add_user(), raw.emulator.add_user(private=True)
    code = "unaudited_client_can_only_post_to_private_accounts"
    refused = await post(raw, public)
    assert (refused.status, refused.code) == (403, code)
    assert (await post(raw, private, privacy="MUTUAL_FOLLOW_FRIENDS")).code == code
    assert (await post(raw, private)).code == "ok"
    assert (await post(raw, public, draft=True)).code == "ok"


async def test_an_app_without_audit_has_five_users_a_day(raw: Raw) -> None:
    change(raw, audited=False)
    users = [raw.emulator.add_user(private=True) for _ in range(6)]
    assert [(await post(raw, user)).code for user in users] == ["ok"] * 5 + ["reached_active_user_cap"]
    info = await creator_info(raw, users[5])
    assert (info.status, info.code) == (200, "reached_active_user_cap")
    assert (await post(raw, users[0])).code == "ok"


async def test_creator_info_may_offer_fewer_options_to_an_unaudited_app(raw: Raw) -> None:
    user = raw.emulator.add_user()
    change(raw, audited=False, options_while_unaudited="self_only")
    assert (await creator_info(raw, user)).data["data"]["privacy_level_options"] == ["SELF_ONLY"]


async def test_a_post_with_an_option_that_its_creator_lacks_is_refused(raw: Raw) -> None:
    user = raw.emulator.add_user()
    raw.emulator.creator(user, privacy=["SELF_ONLY"])
    refused = await post(raw, user, privacy="PUBLIC_TO_EVERYONE")
    assert (refused.status, refused.code) == (403, "privacy_level_option_mismatch")


@pytest.mark.parametrize(("quirk", "code"), [("accepted", "ok"), ("refused", "invalid_params")])
async def test_private_branded_content_is_accepted_or_refused(raw: Raw, quirk: str, code: str) -> None:
    change(raw, branded_self_only=quirk)
    token = raw.emulator.grant(raw.emulator.add_user())["access_token"]
    body = {"post_info": {"privacy_level": "SELF_ONLY", "brand_content_toggle": True}, "source_info": PULL}
    assert (await raw.call(Endpoint.VIDEO_INIT, token, json=body)).code == code


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://static.example.org/a.mp4", True),
        ("https://video.static.example.org/deep/a.mp4", True),
        ("https://STATIC.example.org/a.mp4", True),
        ("https://example.org/a.mp4", False),
        ("https://notstatic.example.org/a.mp4", False),
        ("http://static.example.org/a.mp4", False),
        ("https://user@static.example.org/a.mp4", False),
        ("https://static.example.org:8443/a.mp4", False),
        ("https://cdn.example.net/mine/a.mp4", True),
        ("https://cdn.example.net/mine", False),
        ("https://cdn.example.net/yours/a.mp4", False),
        ("https://192.0.2.7/a.mp4", False),
        ("https://localhost/a.mp4", False),
        ("https://[::1]/a.mp4", False),
        ("https://[broken/a.mp4", False),
        ("", False),
    ],
)
def test_a_url_is_owned_by_domain_or_by_prefix(url: str, owned: bool) -> None:  # noqa: FBT001 - a row's value
    properties = UrlProperties()
    properties.add_domain("static.example.org")
    properties.add_prefix("https://cdn.example.net/mine/")
    assert properties.owns(url) is owned


@pytest.mark.parametrize("prefix", ["http://cdn.example.net/a/", "https://cdn.example.net/a", "https://192.0.2.7/a/"])
def test_a_malformed_prefix_cannot_be_verified(prefix: str) -> None:
    with pytest.raises(ValueError, match="slash at its end"):
        UrlProperties().add_prefix(prefix)


@given(st.text())
def test_no_text_breaks_the_check_of_a_url(url: str) -> None:
    assert UrlProperties(domains={"example.org"}).owns(url) in (True, False)
