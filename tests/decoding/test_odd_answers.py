"""Values on which TikTok's pages disagree, over HTTP: one invalid value never changes the values beside it."""

from datetime import date
from typing import Any

import orjson
import pytest

from tests.clocks import FastClock
from tiktok_async import Endpoint, Scope, ServerError, TikTokSession
from tiktok_async.emulator import Emulator

OK = {"code": "ok", "message": "", "log_id": "LOG"}


@pytest.fixture
def clock(emulator: Emulator) -> FastClock:
    return FastClock(emulator)


def answer_with(emulator: Emulator, endpoint: Endpoint, data: Any, times: int = 1) -> None:
    emulator.fail_next(endpoint, body=orjson.dumps({"data": data, "error": OK}), times=times)


async def test_has_more_in_the_form_of_tiktoks_examples_leads_to_the_next_page(
    emulator: Emulator, session: TikTokSession
) -> None:
    for number, more in ((1, "true"), (2, "True"), (3, "false")):
        answer_with(
            emulator,
            Endpoint.RESEARCH_ADLIB_AD_QUERY,
            {"ads": [{"ad": {"id": number}}], "has_more": more, "search_id": "s"},
        )
    day = date(2026, 8, 1)
    ads = await session.research.ads.query(start=day, end=day).collect()
    assert [ad["ad"]["id"] for ad in ads] == [1, 2, 3]


@pytest.mark.parametrize("more", ["yes", 2, [], {}])
async def test_an_invalid_has_more_never_ends_a_listing(emulator: Emulator, session: TikTokSession, more: Any) -> None:
    answer_with(emulator, Endpoint.RESEARCH_FOLLOWERS, {"user_followers": [], "cursor": 5, "has_more": more}, times=9)
    with pytest.raises(ServerError, match=r"\$\.has_more should be true or false"):
        await session.research.followers("emu_user_0001").collect()


@pytest.mark.parametrize("count", ["many", {}, [1], 1.5])
async def test_one_invalid_field_of_one_video_changes_no_other_field(
    emulator: Emulator, session: TikTokSession, count: Any
) -> None:
    account = await emulator.connect(session, emulator.add_user(scopes={Scope.VIDEO_LIST}))
    rows = [{"id": "1", "view_count": 7}, {"id": "2", "view_count": count, "title": "two"}, {"id": "3"}]
    answer_with(emulator, Endpoint.VIDEO_LIST, {"videos": rows, "has_more": False, "cursor": 0})
    videos = await account.videos().collect()
    assert [(video.id, video.view_count, video.title) for video in videos] == [
        ("1", 7, None),
        ("2", None, "two"),
        ("3", None, None),
    ]
    assert videos[1].raw["view_count"] == count


@pytest.mark.parametrize(
    "body", [{}, {"error": None}, {"data": {}, "error": OK}, {"data": {"user": None}, "error": OK}]
)
async def test_an_empty_answer_is_not_a_profile(emulator: Emulator, session: TikTokSession, body: Any) -> None:
    account = await emulator.connect(session, emulator.add_user())
    emulator.fail_next(Endpoint.USER_INFO, body=orjson.dumps(body), times=9)
    with pytest.raises(ServerError):
        await account.user_info()
