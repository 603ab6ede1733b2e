"""What a round takes for new, changed and missing, against a model that compares whole listings."""

from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async.models import AccountKey, Checkpoint, Video
from tiktok_async.sync import _rules as rules

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)
LOOK_BACK = timedelta(days=10)
# id -> (days before the first round it was posted, likes)
LISTINGS = st.dictionaries(st.integers(1, 40), st.tuples(st.integers(-3, 40), st.integers(0, 2)), max_size=25)


def _listing(posts: dict[int, tuple[int, int]], start: datetime | None, now: datetime) -> list[Video]:
    videos = [
        Video(id=str(number), create_time=NOW - timedelta(days=days, seconds=number), like_count=likes)
        for number, (days, likes) in posts.items()
    ]
    listed = [v for v in videos if v.create_time and v.create_time <= now and (start is None or v.create_time >= start)]
    return sorted(listed, key=lambda video: video.create_time or NOW, reverse=True)


def _round(
    checkpoint: Checkpoint, posts: dict[int, tuple[int, int]], now: datetime
) -> tuple[Checkpoint, set[str], set[str], datetime | None]:
    begun = rules.begin(checkpoint, now)
    start = rules.start_of(begun, LOOK_BACK, None)
    listed, changed = _listing(posts, start, now), set[str]()
    for at in range(0, len(listed), 4):
        begun, new = rules.take(begun, listed[at : at + 4], LOOK_BACK)
        changed |= {video.id for video in new}
    gone = set(rules.missing(begun, start))
    return rules.finish(begun, now, every=HALF_DAY, look_back=LOOK_BACK), changed, gone, start


@given(first=LISTINGS, second=LISTINGS, third=LISTINGS)
def test_a_round_finds_exactly_what_differs_within_its_span(
    first: dict[int, tuple[int, int]], second: dict[int, tuple[int, int]], third: dict[int, tuple[int, int]]
) -> None:
    # The time of a video's post does not change.
    second = {n: (first.get(n, post)[0], post[1]) for n, post in second.items()}
    third = {n: (second.get(n, first.get(n, post))[0], post[1]) for n, post in third.items()}
    checkpoint = Checkpoint(key=AccountKey("app", "one"), due_at=NOW)
    before: list[Video] = []
    for number, posts in enumerate((first, second, third)):
        now = NOW + number * timedelta(days=1)
        checkpoint, changed, gone, start = _round(checkpoint, posts, now)
        after = _listing(posts, None, now)
        spans = [video for video in after if start is None or (video.create_time and video.create_time >= start)]
        was = {video.id: video.like_count for video in before}
        assert changed == {video.id for video in spans if video.id not in was or was[video.id] != video.like_count}
        there = {video.id for video in after}
        lost = {
            v.id for v in before if v.id not in there and v.create_time and (start is None or v.create_time >= start)
        }
        assert gone == lost
        assert checkpoint.round == number + 1
        assert checkpoint.seen == {}
        # Videos that are older than the span of a round stay as they were last seen.
        before = [*after, *(v for v in before if v.id not in there and v.id not in gone)]
        before = [evolve(v, like_count=was[v.id]) if v.id in was and v not in spans else v for v in before]


def test_a_new_cover_url_alone_is_not_a_change_of_a_video() -> None:
    video = Video(id="1", title="x", cover_image_url="https://a?x-expires=1", like_count=1)
    assert rules.digest(video) == rules.digest(evolve(video, cover_image_url="https://a?x-expires=2"))
    for change in ({"title": "y"}, {"like_count": 2}, {"create_time": NOW}, {"share_url": "z"}):
        assert rules.digest(video) != rules.digest(evolve(video, **change))
