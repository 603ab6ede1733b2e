"""TikTok's own Research wrapper (`TikTokResearchApi` on PyPI) beside this library, over the same data."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve
from tiktok_research_api import (
    Criteria,
    Query,
    QueryUserFollowersRequest,
    QueryUserInfoRequest,
    QueryUserLikedVideosRequest,
    QueryVideoCommentsRequest,
    QueryVideoRequest,
    TikTokResearchAPI,
)

import tiktok_async
from tiktok_async.emulator import EmulatorThread

START, END = date(2026, 8, 20), date(2026, 10, 2)  # two windows of the wrapper's
US = Query(and_criteria=[Criteria("IN", "region_code", ["US", "FR"])])


def wrapper_of(tiktok: EmulatorThread) -> TikTokResearchAPI:
    """Make a wrapper that calls the emulator: its constructor sets the host, and gets a token there at once."""

    class AtTheEmulator(TikTokResearchAPI):
        url = property(lambda _: tiktok.url, lambda _, __: None)

    return AtTheEmulator(tiktok.client_key, tiktok.client_secret, qps=10_000)


def request_for(start: date, end: date) -> QueryVideoRequest:
    return QueryVideoRequest(US, f"{start:%Y%m%d}", f"{end:%Y%m%d}", max_count=100)


async def ours(tiktok: EmulatorThread) -> set[str]:
    query = tiktok_async.Query.all(tiktok_async.F.region_code.in_("US", "FR"))
    async with tiktok.session() as session:
        return {video.id async for video in session.research.videos(query, start=START, end=END)}


async def test_both_find_the_same_videos_over_more_than_one_window(tiktok: EmulatorThread) -> None:
    found, *_ = wrapper_of(tiktok).query_videos(request_for(START, END), fetch_all_pages=True)
    theirs = [str(video["id"]) for video in found]
    assert len(theirs) > 200
    assert len(set(theirs)) == len(theirs)
    assert await ours(tiktok) == set(theirs)


async def test_where_the_last_day_is_left_out_the_wrapper_loses_one_in_each_window(tiktok: EmulatorThread) -> None:
    """Nobody is wrong by the page, which does not say; the wrapper takes `end_date` for a part of the span.

    https://developers.tiktok.com/doc/research-api-specs-query-videos
    """
    complete = await ours(tiktok)
    tiktok.quirks = evolve(tiktok.quirks, research=evolve(tiktok.quirks.research, end_date="exclusive"))
    found, *_ = wrapper_of(tiktok).query_videos(request_for(START, END), fetch_all_pages=True)
    theirs = {str(video["id"]) for video in found}
    assert theirs < complete
    days = {tiktok.research.data.by_id[int(one)].day for one in complete - theirs}
    assert days == {date(2026, 9, 18), END}
    assert await ours(tiktok) == complete


CALLS: dict[str, Callable[[TikTokResearchAPI, str, int], Any]] = {
    "user info": lambda api, name, _: api.query_user_info(QueryUserInfoRequest(name)),
    "comments": lambda api, _, video: api.query_video_comments(QueryVideoCommentsRequest(video))[0],
    "liked videos": lambda api, name, _: api.query_user_liked_videos(QueryUserLikedVideosRequest(name))[0],
    "followers": lambda api, name, _: api.query_user_followers(QueryUserFollowersRequest(name))[0],
}


@pytest.mark.parametrize("call", list(CALLS))
def test_its_other_calls_are_answered(tiktok: EmulatorThread, call: str) -> None:
    data = tiktok.research.data
    video = next(video for video in data.all if video.comment_count)
    assert CALLS[call](wrapper_of(tiktok), video.username, video.id)


def test_it_takes_another_token_when_it_is_asked_to(tiktok: EmulatorThread) -> None:
    api = wrapper_of(tiktok)
    first = api.client_token
    tiktok.clock.advance(tiktok.quirks.access_lifetime)
    name = tiktok.research.data.username(0)
    assert api.query_user_info(QueryUserInfoRequest(name)) is None
    api.refresh_token()
    assert api.client_token != first
    assert api.query_user_info(QueryUserInfoRequest(name))["display_name"]


def test_a_refusal_is_an_empty_list_for_its_caller(tiktok: EmulatorThread) -> None:
    """TikTok's answer is an error with a code; the wrapper logs it and returns what a user without comments has."""
    api = wrapper_of(tiktok)
    tiktok.fail_next("research_comment_list", status=400, code="invalid_params")
    assert api.query_video_comments(QueryVideoCommentsRequest(1)) == ([], None, False)
