"""The waits after failures: doubled, capped, with jitter."""

from hypothesis import given
from hypothesis import strategies as st

from tiktok_async._concurrency.backoff import FULL_JITTER, backoff


def test_waits_double_up_to_their_cap() -> None:
    waits = [backoff(failures, base=0.5, cap=8.0, jitter=0.5) for failures in range(1, 8)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]
    assert backoff(10_000, base=0.5, cap=8.0, jitter=0.5) == 8
    assert backoff(10_000, base=1.0, cap=1e12, jitter=0.5) == 2.0**30


@given(failures=st.integers(1, 5_000), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_changes_a_wait_by_at_most_a_quarter(failures: int, jitter: float) -> None:
    middle = min(60.0, 2.0 ** min(failures - 1, 30))
    wait = backoff(failures, base=1.0, cap=60.0, jitter=jitter)
    assert middle * 0.75 <= wait <= middle * 1.25
    assert backoff(failures, base=1.0, cap=60.0, jitter=0) == middle * 0.75


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_full_jitter_takes_any_part_of_the_whole_wait(failures: int, jitter: float) -> None:
    whole = backoff(failures, base=1.0, cap=60.0, jitter=1.0, spread=FULL_JITTER)
    assert backoff(failures, base=1.0, cap=60.0, jitter=jitter, spread=FULL_JITTER) == whole * jitter
