"""Rate limits as TikTok counts them: on arrival, in a sliding minute, per endpoint and token."""

from datetime import timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.emulator.conftest import Raw
from tiktok_async.emulator import Emulator, MovableClock, Quirks
from tiktok_async.emulator.engine.windows import DOCUMENTED, Windows
from tiktok_async.models import Endpoint, Limit

THREE = {Endpoint.USER_INFO: Limit(3, timedelta(minutes=1))}


async def ask(raw: Raw, token: str, endpoint: Endpoint = Endpoint.USER_INFO) -> Any:
    return await raw.call(endpoint, token, fields="open_id" if endpoint is Endpoint.USER_INFO else "id", json={})


def test_the_documented_limits_are_the_default() -> None:
    minute = {endpoint: limit.count for endpoint, limit in DOCUMENTED.items() if limit.per == timedelta(minutes=1)}
    assert minute[Endpoint.USER_INFO] == minute[Endpoint.VIDEO_LIST] == minute[Endpoint.VIDEO_QUERY] == 600
    assert minute[Endpoint.CREATOR_INFO] == 20
    assert minute[Endpoint.VIDEO_INIT] == minute[Endpoint.INBOX_INIT] == minute[Endpoint.CONTENT_INIT] == 6
    assert minute[Endpoint.STATUS_FETCH] == 30
    assert minute[Endpoint.PORTABILITY_ADD] == 1000


async def test_the_call_over_the_limit_gets_a_429_and_is_counted(serve: Any) -> None:
    async with Emulator(limits=THREE) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())["access_token"]
        answers = [await ask(raw, token) for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[3].code == "rate_limit_exceeded"
        assert "Retry-After" not in answers[3].headers
        assert emulator.rate_limited == {Endpoint.USER_INFO: 2}


async def test_each_endpoint_and_each_token_has_its_own_window(serve: Any) -> None:
    async with Emulator(limits=THREE) as emulator:
        raw = serve(emulator)
        user = emulator.add_user()
        first, second = (emulator.grant(user)["access_token"] for _ in range(2))
        for _ in range(3):
            await ask(raw, first)
        assert (await ask(raw, first)).status == 429
        assert (await ask(raw, second)).status == 200
        assert (await ask(raw, first, Endpoint.VIDEO_LIST)).status == 200


async def test_tokens_of_one_user_can_share_a_window(serve: Any) -> None:
    async with Emulator(limits=THREE, quirks=Quirks(window_by="user", retry_after=True)) as emulator:
        raw = serve(emulator)
        user = emulator.add_user()
        answers = [await ask(raw, emulator.grant(user)["access_token"]) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert 30 < int(answers[3].headers["Retry-After"]) <= 60


async def test_a_window_opens_again_after_a_minute_and_an_endpoint_may_have_none(serve: Any) -> None:
    async with Emulator(limits={**THREE, Endpoint.VIDEO_LIST: None}) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())["access_token"]
        for _ in range(4):
            await ask(raw, token)
        emulator.clock.advance(timedelta(minutes=1))
        assert (await ask(raw, token)).status == 200
        assert {(await ask(raw, token, Endpoint.VIDEO_LIST)).status for _ in range(10)} == {200}


async def test_a_request_without_a_valid_token_does_not_count(serve: Any) -> None:
    async with Emulator(limits=THREE) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())["access_token"]
        for _ in range(5):
            assert (await ask(raw, "act.nobody")).status == 401
        assert (await ask(raw, token)).status == 200


async def test_a_request_that_fails_on_demand_counts_too(serve: Any) -> None:
    async with Emulator(limits=THREE) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())["access_token"]
        emulator.fail_next(Endpoint.USER_INFO, times=3)
        assert [(await ask(raw, token)).status for _ in range(4)] == [500, 500, 500, 429]


class StoppedClock(MovableClock):
    """A clock on which time passes only when it is moved."""

    def monotonic(self) -> float:
        return self._moved


@example(gaps=[2, 512, 512, 0], count=1, refused_count=False)
@given(gaps=st.lists(st.integers(0, 512), max_size=200), count=st.integers(1, 10), refused_count=st.booleans())
def test_no_sliding_minute_holds_more_than_the_limit(gaps: list[int], count: int, *, refused_count: bool) -> None:
    clock = StoppedClock()
    limit = Limit(count, timedelta(seconds=1))
    windows = Windows(clock, {Endpoint.USER_INFO: limit}, refused_count=refused_count)
    now, counted = 0, list[int]()
    for gap in gaps:
        now += gap
        clock.advance(gap / 1024)  # exact in binary
        allowed = sum(1 for at in counted if at > now - 1024) < count
        wait = windows.arrive(Endpoint.USER_INFO, "token")
        assert (wait is None) == allowed
        assert wait is None or 0 < wait <= 1
        if allowed or refused_count:
            counted.append(now)
