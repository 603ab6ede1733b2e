"""What TikTok's Research pages dispute or leave open, as one set of switches."""

from datetime import timedelta
from typing import Literal

from attrs import field, frozen, validators


@frozen(slots=True, kw_only=True)
class ResearchQuirks:
    """How the Research API behaves where TikTok's pages disagree or are silent.

    Attributes:
        requests_a_day: Requests of the project from midnight to midnight UTC.
        graph_requests_a_day: The same for followers and following, which have an allowance of their own.
        end_date: Whether videos of `end_date` itself are in the answer.
        default_count: `max_count` of a video query without one: the reference page says 20, the guide 10.
        search_id_life: How long a `search_id` continues its search.
        fresh_search_id_refusals: How many times a new `search_id` is called invalid before it works.
        withheld: The share of places in a listing that hold nothing, so that pages are shorter than asked for.
        empty_page_every: After so many videos a whole page's places hold nothing; 0: never.
        video_id_key: The key of a video's id: the table's or the example's.
        liked_cursor: The unit of the liked videos' cursor: the table's seconds or the example's milliseconds.
        reposted_key: The list key of reposted videos: the example's or the table's.
        nul_in_text: Whether descriptions hold NUL characters, as live ones do.
        playlist_fails: Whether the playlist endpoint answers its good data with HTTP 500.
        shop_error: Whether the shop endpoints have an `error` member; the samples show none.
        followers_stop: At how many followers the listing ends.
        comments_stop: At how many comments the listing ends.
        task_takes: How long a compliance task is `Processing`.
    """

    requests_a_day: int = 1_000
    graph_requests_a_day: int = 20_000
    end_date: Literal["inclusive", "exclusive"] = field(
        default="inclusive", validator=validators.in_(("inclusive", "exclusive"))
    )
    default_count: Literal[20, 10] = 20
    search_id_life: timedelta = timedelta(hours=1)
    fresh_search_id_refusals: int = 0
    withheld: float = field(default=0.0, validator=[validators.ge(0.0), validators.lt(1.0)])
    empty_page_every: int = 0
    video_id_key: Literal["id", "video_id"] = "id"
    liked_cursor: Literal["s", "ms"] = "ms"
    reposted_key: Literal["reposted_videos", "user_reposted_videos"] = "reposted_videos"
    nul_in_text: bool = False
    playlist_fails: bool = False
    shop_error: bool = False
    followers_stop: int = 5_000
    comments_stop: int = 1_000
    task_takes: timedelta = timedelta(0)
