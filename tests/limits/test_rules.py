"""The rule of a window, for any arrivals, delays and cancellations."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async._limits.rules import DayWindow, SlidingWindow, Window, open_window
from tiktok_async.models import Limit, WindowKind

NOISE = 1e-6  # a tick


def limits(most: int = 6) -> st.SearchStrategy[Limit]:
    return st.builds(
        Limit,
        st.integers(1, most),
        st.sampled_from([timedelta(milliseconds=10), timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=3)]),
    )


def sliding(count: int, seconds: float = 60.0, now: float = 0.0) -> SlidingWindow:
    return SlidingWindow(Limit(count, timedelta(seconds=seconds)), now)


@given(
    limit=limits(),
    start=st.floats(0, 1e7),
    calls=st.lists(
        st.tuples(
            st.floats(0, 1.2),  # until the next call comes, in windows
            st.floats(0, 1.5),  # on the way there
            st.floats(0, 1.5),  # on the way back
            st.sampled_from(["answered", "cancelled", "given up"]),
        ),
        max_size=60,
    ),
)
def test_no_trailing_window_of_the_server_ever_holds_more_than_the_limit(
    limit: Limit, start: float, calls: list[tuple[float, float, float, str]]
) -> None:
    """Every call is sent as soon as the window grants it; the server counts it when it arrives."""
    per = limit.per.total_seconds()
    window = SlidingWindow(limit, start)
    now = start
    ends: list[tuple[float, bool]] = []
    arrivals: list[float] = []
    for gap, there, back, fate in calls:
        now += gap * per / limit.count
        # The calls that were answered or returned until now, in their order.
        while not window.admit(now):
            due = min(ends, default=(float("inf"), True))
            free = now + window.wait(1, now)
            if due[0] <= free:
                ends.remove(due)
                now = max(now, due[0])
                window.mark_answered(now) if due[1] else window.give_back(now)
            else:
                now = max(free, now + NOISE / 10)
        for end in sorted(end for end in ends if end[0] <= now):
            ends.remove(end)
            window.mark_answered(now) if end[1] else window.give_back(now)
        if fate == "cancelled":
            ends.append((now + there * per, False))
            continue
        arrivals.append(now + there * per)
        ends.append((now + (there + (back if fate == "answered" else 0)) * per, True))
    arrivals.sort()
    spans = [later - earlier for earlier, later in zip(arrivals, arrivals[limit.count :], strict=False)]
    # Floats this large have a resolution of some nanoseconds.
    assert not spans or min(spans) >= per - 1e-8


def test_a_slot_is_free_exactly_a_window_after_its_stamp() -> None:
    window = sliding(1)
    assert window.admit(0.25)
    window.mark_answered(10.1)
    assert not window.admit(70.099999)
    assert window.admit(70.1)


@pytest.mark.parametrize("answered", [0, 5_000])  # the later one is beyond what 32 bits hold
def test_a_stamp_is_rounded_up_and_the_present_down(answered: float) -> None:
    window = sliding(1)
    assert window.admit(0)
    window.mark_answered(answered + 0.0000005)
    assert not window.admit(answered + 60.0000005)
    assert window.admit(answered + 60.000001)


def test_a_slot_that_is_answered_at_once_is_free_after_one_window_too() -> None:
    window = sliding(1)
    assert window.admit(0)
    window.mark_answered(0)
    assert not window.admit(59.999999)
    assert window.admit(60)


@given(st.floats(0, 1e6), st.floats(1e-3, 1e5))
def test_a_slot_is_free_within_two_microseconds_of_its_time(start: float, per: float) -> None:
    window = sliding(1, per, start)
    per = window.limit.per.total_seconds()
    assert window.admit(start)
    window.mark_answered(start)
    assert not window.admit(start + per - 2 * NOISE)
    assert window.admit(start + per + 2 * NOISE)


def test_a_call_in_flight_holds_its_slot_for_as_long_as_it_takes() -> None:
    window = sliding(1)
    assert window.admit(0)
    assert not window.admit(100_000)
    window.mark_answered(100_000)
    assert window.wait(1, 100_000) == pytest.approx(60)


@pytest.mark.parametrize("per", [1, 60, 900, 5_000, 86_400])
def test_stamps_stay_right_however_long_the_window_is_in_use(per: float) -> None:
    """Stamps of 32 bits end after 71 minutes; a year of unbroken use must not show it."""
    window = sliding(2, per)
    now = 0.0
    for _ in range(3_000):
        assert window.admit(now)
        window.mark_answered(now)
        now += per * 0.75
        assert window.used <= 2
    assert now > 2_000 * per
    window.admit(now)
    assert window.wait(1, now) == pytest.approx(per * 0.25, abs=1e-3)


def test_the_wait_of_each_caller_in_the_queue_is_known() -> None:
    window = sliding(3, 10)
    for _ in range(3):
        window.admit(0)
    window.mark_answered(1)
    window.mark_answered(2)
    # Two have stamps, the third is in flight and taken to be answered now; then the window begins anew.
    assert [round(window.wait(place, 4), 6) for place in range(1, 8)] == [7, 8, 10, 17, 18, 20, 27]


def test_the_wait_counts_free_slots_and_closings() -> None:
    window = sliding(2, 10)
    assert [window.wait(place, 0) for place in (1, 2, 3, 4, 5)] == [0, 0, 10, 10, 20]
    window.block_until(4)
    assert window.wait(1, 0) == 4
    assert window.free(0) == 0
    assert not window.admit(3.9)
    assert window.free(4) == 2
    assert window.admit(4)


def test_a_longer_closing_is_not_cut_short() -> None:
    window = sliding(2, 10)
    window.block_until(8)
    window.block_until(4)
    assert not window.admit(7.9)
    assert window.ceiling == 0


def test_a_lower_limit_waits_for_the_slots_in_use() -> None:
    window = sliding(4, 10)
    for at in range(4):
        window.admit(at)
        window.mark_answered(at)
    window.resize(Limit(2, timedelta(seconds=10)), 4)
    assert window.free(4) == 0
    assert window.wait(1, 4) == pytest.approx(8)
    assert not window.admit(11.5)
    assert window.admit(12)


def test_another_window_length_keeps_the_stamps() -> None:
    window = sliding(1, 10)
    window.admit(0)
    window.mark_answered(5)
    window.resize(Limit(1, timedelta(hours=1)), 6)
    assert window.wait(1, 6) == pytest.approx(3599)
    window.resize(Limit(1, timedelta(seconds=20)), 7)
    assert window.wait(1, 7) == pytest.approx(18)


def test_another_window_length_before_the_first_call_changes_nothing_else() -> None:
    window = sliding(1, 10, now=1_000)
    window.resize(Limit(1, timedelta(seconds=20)), 1_005)
    assert window.admit(1_006)
    window.mark_answered(1_007)
    assert window.wait(1, 1_007) == pytest.approx(20)


@pytest.mark.parametrize(("seconds", "size"), [(60, 4), (1_000, 4), (1_001, 8), (86_400, 8)])
def test_a_stamp_costs_four_bytes_unless_the_window_is_long(seconds: float, size: int) -> None:
    window = sliding(2, seconds)
    assert window._stamps.itemsize == size
    window = sliding(2, 5)
    window.resize(Limit(2, timedelta(seconds=seconds)), 1)
    assert window._stamps.itemsize == size


def test_a_window_with_free_slots_grants_calls_without_reading_the_clock() -> None:
    window = sliding(3, 10)
    assert window.ceiling == 3
    window.block_until(5)
    assert window.ceiling == 0
    assert window.free(5) == 3
    assert window.ceiling == 3
    window.block_until(8)
    assert window.admit(8)
    assert window.ceiling == 3


@pytest.mark.parametrize("look", ["admit", "free"])
def test_a_call_joins_the_queue_while_other_callers_wait(look: str) -> None:
    window = sliding(3, 10)
    window.block_until(5)
    window.queue = "a line"
    getattr(window, look)(6)
    assert window.ceiling == 0


def test_another_limit_does_not_raise_the_ceiling_of_a_window() -> None:
    window = sliding(3, 10)
    window.resize(Limit(2, timedelta(seconds=10)), 0)
    assert window.ceiling == 2
    window.resize(Limit(5, timedelta(seconds=10)), 0)
    assert window.ceiling == 2
    assert window.free(0) == 5
    assert window.ceiling == 5


def test_each_kind_of_limit_makes_its_kind_of_window() -> None:
    window = open_window(Limit(1, timedelta(seconds=10)), 7)
    assert isinstance(window, SlidingWindow)
    assert window.admit(7)
    window.mark_answered(7)
    assert window.wait(1, 8) == pytest.approx(9)
    assert isinstance(open_window(DAY, 7), DayWindow)


def test_an_idle_window_may_be_removed_and_a_used_one_may_not() -> None:
    window = sliding(2, 10)
    assert window.idle(0)
    window.admit(0)
    assert not window.idle(100)
    window.mark_answered(100)
    assert not window.idle(109)
    assert window.idle(110)
    window.block_until(120)
    assert not window.idle(119)


DAY = Limit(3, timedelta(days=1), kind=WindowKind.UTC_DAY)
MIDNIGHT = 86_400.0 * 20_000


def test_a_day_is_full_until_midnight() -> None:
    window = open_window(DAY, MIDNIGHT + 1)
    assert all(window.admit(MIDNIGHT + 1) for _ in range(3))
    for _ in range(3):
        window.mark_answered(MIDNIGHT + 2)
    assert not window.admit(MIDNIGHT + 86_399.9)
    assert window.wait(1, MIDNIGHT + 86_000) == 400
    assert window.wait(4, MIDNIGHT + 86_000) == 400 + 86_400
    assert window.resets_at(MIDNIGHT + 2) == MIDNIGHT + 86_400
    assert window.idle(MIDNIGHT + 86_400)
    assert window.admit(MIDNIGHT + 86_400)


def test_a_call_in_flight_at_midnight_counts_on_both_days() -> None:
    window = DayWindow(DAY, MIDNIGHT - 1)
    assert window.admit(MIDNIGHT - 1)
    assert window.free(MIDNIGHT) == 2
    window.mark_answered(MIDNIGHT + 1)
    assert window.free(MIDNIGHT + 1) == 2
    assert not window.idle(MIDNIGHT + 1)


def test_a_call_that_was_not_sent_is_uncounted() -> None:
    window = DayWindow(DAY, MIDNIGHT)
    window.admit(MIDNIGHT)
    window.give_back(MIDNIGHT + 1)
    assert window.idle(MIDNIGHT + 1)
    assert window.free(MIDNIGHT + 86_400) == 3


def test_the_wait_of_each_caller_for_a_daily_window_is_known() -> None:
    window = open_window(DAY, MIDNIGHT)
    noon, to_midnight = MIDNIGHT + 43_200, 43_200
    assert [window.wait(place, noon) for place in range(1, 8)] == [0, 0, 0, *[to_midnight] * 3, to_midnight + 86_400]
    assert window.admit(noon)
    assert [window.wait(place, noon) for place in range(1, 5)] == [0, 0, to_midnight, to_midnight]
    single = open_window(Limit(1, timedelta(days=1), kind=WindowKind.UTC_DAY), MIDNIGHT)
    assert single.wait(1, noon) == 0


def test_every_call_checks_the_daily_window() -> None:
    assert DayWindow(DAY, MIDNIGHT).ceiling == 0


def test_a_wall_clock_that_is_set_back_does_not_open_the_day_again() -> None:
    window: Window = open_window(DAY, MIDNIGHT + 5)
    for _ in range(3):
        window.admit(MIDNIGHT + 5)
    assert window.free(MIDNIGHT - 5) == 0
    assert window.free(MIDNIGHT + 5) == 0


def test_a_blocked_day_stays_blocked() -> None:
    window = open_window(DAY, MIDNIGHT)
    window.block_until(MIDNIGHT + 100)
    window.resize(Limit(9, timedelta(days=1), kind=WindowKind.UTC_DAY), MIDNIGHT)
    assert window.wait(1, MIDNIGHT) == 100
    assert not window.admit(MIDNIGHT + 99)
    assert not window.idle(MIDNIGHT + 99)
    assert window.idle(MIDNIGHT + 100)
    assert window.free(MIDNIGHT + 100) == 9
