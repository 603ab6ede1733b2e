"""Chunk plans obey TikTok's rules for every size, in both readings of MB."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import ChunkPlan, ConfigurationError, plan_chunks
from tiktok_async.api.posting.rules.chunks import (
    MAX_CHUNK,
    MAX_SIZE,
    MIN_CHUNK,
    content_range,
    floor_to_chunk,
    resume_points,
)

SIZES = st.one_of(
    st.integers(1, MAX_SIZE),
    st.integers(1, 200_000_000),
    st.sampled_from([1, 4_999_999, 5_000_000, MIN_CHUNK - 1, MIN_CHUNK, MIN_CHUNK + 1]),
    st.sampled_from([MAX_CHUNK - 1, MAX_CHUNK, MAX_CHUNK + 1, 64 * 2**20, 2 * MAX_CHUNK, 2 * MAX_CHUNK + 1, MAX_SIZE]),
)
CHUNKS = st.one_of(st.none(), st.integers(1, 2 * MAX_CHUNK), st.integers(MIN_CHUNK, MAX_CHUNK))


# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
@pytest.mark.parametrize(
    ("size", "wish", "chunk_size", "count", "last"),
    [
        (4_194_304, None, 4_194_304, 1, range(4_194_304)),
        (5_000_000, None, 5_000_000, 1, range(5_000_000)),
        (50_000_123, 10_000_000, 10_000_000, 5, range(40_000_000, 50_000_123)),
        (64_000_000, None, 64_000_000, 1, range(64_000_000)),
        (64_000_001, None, 10_000_000, 6, range(50_000_000, 64_000_001)),
        (150_000_000, 64_000_000, 64_000_000, 2, range(64_000_000, 150_000_000)),
        (158_008_374, 5_242_880, 5_242_880, 30, range(152_043_520, 158_008_374)),
        (4_294_967_296, None, 10_000_000, 429, range(4_280_000_000, 4_294_967_296)),
    ],
)
def test_known_file_sizes_have_chunk_plans_that_tiktok_accepts(
    size: int, wish: int | None, chunk_size: int, count: int, last: range
) -> None:
    plan = plan_chunks(size, wish)
    assert plan == ChunkPlan(size=size, chunk_size=chunk_size, count=count)
    assert list(plan.ranges())[-1] == last


@given(size=SIZES, wish=CHUNKS)
def test_every_plan_is_inside_both_readings_of_tiktoks_rules(size: int, wish: int | None) -> None:
    try:
        plan = plan_chunks(size, wish)
    except ConfigurationError:
        assert wish is not None, "a plan of our own choice must always exist"
        return
    assert plan.size == size
    assert plan.count == size // plan.chunk_size
    assert 1 <= plan.count <= 1000
    assert plan.chunk_size <= MAX_CHUNK
    if plan.count == 1:
        assert plan.chunk_size == size
    else:
        assert plan.chunk_size >= MIN_CHUNK
        assert len(plan.range_of(plan.count - 1)) <= 128_000_000
    if size > MAX_CHUNK:
        assert plan.count > 1


@given(size=st.integers(1, MAX_SIZE), wish=st.integers(MIN_CHUNK, MAX_CHUNK))
def test_the_ranges_cover_every_byte_once_in_order(size: int, wish: int) -> None:
    try:
        plan = plan_chunks(size, wish)
    except ConfigurationError:
        plan = plan_chunks(size)
    position = 0
    for number, span in enumerate(plan.ranges()):
        assert span.start == position
        assert plan.chunk_at(span.start) == plan.chunk_at(span.stop - 1) == number
        position = span.stop
    assert position == size


@given(size=st.integers(2 * MIN_CHUNK, MAX_SIZE), wish=st.integers(MIN_CHUNK, MAX_CHUNK))
def test_a_possible_chunk_size_is_used(size: int, wish: int) -> None:
    if size // wish > 1:
        assert plan_chunks(size, wish).chunk_size == wish


@pytest.mark.parametrize(
    ("size", "wish", "says"),
    [
        (0, None, "empty"),
        (-1, None, "empty"),
        (MAX_SIZE + 1, None, "4 GB"),
        (20_000_000, 5_000_000, "at least 5242880"),
        (20_000_000, 0, "at least"),
        (20_000_000, -5, "at least"),
        (200_000_000, MAX_CHUNK + 1, "at most 64000000"),
        (1_000, MAX_CHUNK + 1, "at most 64000000"),
        (64_000_001, 64_000_000, "at most 32000000"),
        (100_000_000, 60_000_000, "at most 50000000"),
    ],
)
def test_the_error_for_an_impossible_chunk_size_names_possible_ones(size: int, wish: int | None, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        plan_chunks(size, wish)


def test_the_chunk_sizes_that_an_error_names_are_possible() -> None:
    for size in (64_000_001, 100_000_000, 127_999_999):
        with pytest.raises(ConfigurationError) as caught:
            plan_chunks(size, 64_000_000)
        named = int(str(caught.value).split("choose at most ")[1].split(",")[0])
        assert plan_chunks(size, named).count == 2


@pytest.mark.parametrize(
    ("size", "wish"),
    [(3_000_000, 10_000_000), (15_000_000, 10_000_000), (10_000_000, 10_000_000), (64_000_000, 60_000_000)],
)
def test_a_video_of_a_single_chunk_is_sent_in_one_request(size: int, wish: int) -> None:
    assert plan_chunks(size, wish) == ChunkPlan(size=size, chunk_size=size, count=1)


def test_content_range_names_first_and_last_byte() -> None:
    assert content_range(range(40_000_000, 50_000_123), 50_000_123) == "bytes 40000000-50000122/50000123"
    assert content_range(range(1), 1) == "bytes 0-0/1"


@given(size=st.integers(1, MAX_SIZE), wish=st.integers(MIN_CHUNK, MAX_CHUNK), data=st.data())
def test_both_meanings_of_the_upper_bound_give_the_same_chunk_end(size: int, wish: int, data: st.DataObject) -> None:
    try:
        plan = plan_chunks(size, wish)
    except ConfigurationError:
        plan = plan_chunks(size)
    done = data.draw(st.integers(1, plan.count))
    end = plan.range_of(done - 1).stop
    as_index = resume_points(plan, {"Content-Range": f"bytes 0-{end - 1}/{size}"})
    as_count = resume_points(plan, {"content-range": f"bytes 0-{end}/{size}"})
    assert as_index == (end,)
    assert as_count == (end,)


def test_an_upper_bound_inside_a_chunk_fits_both_readings() -> None:
    plan = plan_chunks(50_000_000, 10_000_000)
    assert resume_points(plan, {"Content-Range": "bytes 0-12345/50000000"}) == (12_346, 12_345)
    # The last chunk takes the remainder, so no chunk ends where the one after it would begin.
    plan = plan_chunks(25_000_000, 10_000_000)
    assert resume_points(plan, {"Content-Range": "bytes 0-19999999/25000000"}) == (20_000_000, 19_999_999)


@pytest.mark.parametrize(
    "header",
    ["", "bytes */50", "bytes 5-9/50", "bytes 0-/50", "items 0-9/50", "bytes 0-9999999999999999/50", "bytes 0-99/50"],
)
def test_an_unreadable_upper_bound_is_ignored(header: str) -> None:
    assert resume_points(plan_chunks(50), {"Content-Range": header}) == ()
    assert resume_points(plan_chunks(50), {}) == ()


def test_a_single_byte_is_received_or_not() -> None:
    assert floor_to_chunk(plan_chunks(1), 0) == 0
    assert floor_to_chunk(plan_chunks(1), 1) == 1


@given(size=st.integers(MIN_CHUNK, MAX_SIZE), data=st.data())
def test_only_the_interrupted_chunk_is_sent_again(size: int, data: st.DataObject) -> None:
    plan = plan_chunks(size)
    uploaded = data.draw(st.integers(0, size))
    offset = floor_to_chunk(plan, uploaded)
    assert offset <= uploaded
    assert offset == size or uploaded - offset < len(plan.range_of(plan.chunk_at(offset)))
    assert offset in {0, size, *(span.start for span in plan.ranges())}
