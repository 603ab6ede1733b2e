"""The Research API: public videos, users, comments and shops, for approved researchers.

Source: https://developers.tiktok.com/doc/research-api-overview
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

from tiktok_async._calls.rules.endpoints import BY_PATH
from tiktok_async._concurrency.clock import next_midnight
from tiktok_async._tokens.credentials import ClientCredential
from tiktok_async.abc import RateLimiter
from tiktok_async.api.pages import Pages
from tiktok_async.api.research import comments as threads
from tiktok_async.api.research import compliance, shop
from tiktok_async.api.research import videos as walks
from tiktok_async.api.research.ads import Ads
from tiktok_async.api.research.calls import ResearchCalls
from tiktok_async.api.research.compliance import ComplianceTask
from tiktok_async.api.research.people import People
from tiktok_async.api.runtime import Runtime
from tiktok_async.models import (
    Endpoint,
    Playlist,
    Quota,
    ResearchComment,
    ResearchVideo,
    Shop,
    ShopProduct,
    ShopReview,
)
from tiktok_async.models._arguments import checked
from tiktok_async.query import Condition, Query

__all__ = ["ComplianceTask", "Research"]


class Research(People):
    """The Research side of a session: `session.research`. It uses the app's own token, never a user's.

    Each call counts against the project's daily quota, also if it fails. When the quota is used up, a call raises
    `QuotaExhausted` with its `resets_at` before anything is sent; `wait_for_quota=True` waits for midnight UTC.

    Attributes:
        ads: Ads and paid content in the EU, the Commercial Content API.
    """

    def __init__(self, runtime: Runtime, limiter: RateLimiter) -> None:
        self._runtime = runtime
        self._limiter = limiter
        super().__init__(ResearchCalls(runtime.sender, ClientCredential(runtime.tokens.client), runtime.clock))
        self.ads: Ads = Ads(self._calls)

    @checked("Nothing can be searched for")
    async def quota(self) -> Quota:
        """Return how much of the day's quota is used, by this library's own count, since TikTok does not report it.

        With a shared limiter, the count includes all processes. With `local://` it begins at zero in each process.
        TikTok decides in the end, by `QuotaExhausted`. This call uses no quota.

        Raises:
            StoreError: A shared limiter could not be reached.

        Source: https://developers.tiktok.com/doc/research-api-faq
        """
        return await self._quota(Endpoint.RESEARCH_VIDEO_QUERY)

    @checked("Nothing can be searched for")
    async def graph_quota(self) -> Quota:
        """Return the same for `followers` and `following`, which have a quota of their own."""
        return await self._quota(Endpoint.RESEARCH_FOLLOWERS)

    @checked("Nothing can be searched for")
    def videos(
        self,
        query: Query | Condition | str | Mapping[str, Any],
        *,
        start: date,
        end: date,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        is_random: bool = False,
        checkpoint: str | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ResearchVideo]:
        """List the videos that *query* finds, the newest first, over any span of days, each once.

        The span is split into windows of at most 30 days. A search that TikTok loses meanwhile is begun again at the
        day that was reached.

        Args:
            query: The query: a `Query`, or TikTok's JSON of one.
            start: The first day (UTC); of an aware datetime, its UTC day.
            end: The last day (UTC), which is included.
            fields: The fields to return; `None` for all.
            limit: The most videos to yield; `None` for all.
            is_random: Take a random sample of up to 100 videos of each window instead.
            checkpoint: A page's `checkpoint`, to continue after that page, in any process. All arguments except
                *fields*, *limit* and *wait_for_quota* must be the same.
            wait_for_quota: Wait for midnight UTC when the day's quota is used up, instead of raising.

        Raises:
            ConfigurationError: An argument is invalid, or the checkpoint is for another search.
            QuotaExhausted: On iteration: the day's quota is used up; continue tomorrow from the last checkpoint.
            InvalidParams: On iteration: TikTok refuses the query.

        Example:
            >>> async def ids(session):
            ...     query = Query.all(F.region_code.in_("US", "FR"), F.hashtag_name == "cats")
            ...     pages = session.research.videos(query, start=date(2026, 1, 1), end=date(2026, 6, 30))
            ...     return [video.id async for video in pages]

        Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
        """
        return walks.videos(
            self._calls,
            query,
            start=start,
            end=end,
            fields=fields,
            limit=limit,
            is_random=is_random,
            checkpoint=checkpoint,
            wait_for_quota=wait_for_quota,
        )

    @checked("Nothing can be searched for")
    def comments(
        self,
        video_id: str,
        *,
        fields: Iterable[str] | None = None,
        with_replies: bool = False,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ResearchComment]:
        """List the comments on a video; TikTok gives the first 1,000.

        Args:
            video_id: The video.
            fields: The fields to return; `None` for all.
            with_replies: Yield the replies after their comment, which costs one call for each comment with replies.
            limit: The most comments to yield, replies counted; `None` for all.
            cursor: The position of a saved listing: a page's `cursor`.
            wait_for_quota: As for `videos`.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-video-comments
        """
        return threads.comments(
            self._calls,
            video_id,
            fields=fields,
            with_replies=with_replies,
            limit=limit,
            cursor=cursor,
            wait_for_quota=wait_for_quota,
        )

    @checked("Nothing can be searched for")
    def replies(
        self,
        comment_id: str,
        *,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ResearchComment]:
        """List the replies to a comment; the arguments are those of `comments`.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-video-comments
        """
        return threads.replies(
            self._calls, comment_id, fields=fields, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota
        )

    @checked("Nothing can be searched for")
    async def playlist(self, playlist_id: str, *, wait_for_quota: bool = False) -> Playlist:
        """Return a playlist with the ids of all its videos, by one or more calls.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-playlist-info
        """
        return await threads.playlist(self._calls, playlist_id, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    async def shop(
        self, name: str, *, fields: Iterable[str] | None = None, limit: int = 10, wait_for_quota: bool = False
    ) -> tuple[Shop, ...]:
        """Return the EU shops of that name, at most 10; TikTok has no further page.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-info
        """
        return await shop.shops(self._calls, name, fields=fields, limit=limit, wait_for_quota=wait_for_quota)

    @checked("Nothing can be searched for")
    def shop_products(
        self,
        shop_id: str,
        *,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ShopProduct]:
        """List the products of a shop, 10 a call.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-products
        """
        return shop.products(
            self._calls, shop_id, fields=fields, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota
        )

    @checked("Nothing can be searched for")
    def shop_reviews(
        self,
        product_id: str,
        *,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        cursor: int | None = None,
        wait_for_quota: bool = False,
    ) -> Pages[ShopReview]:
        """List the reviews of a product, 10 a call.

        Source: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-reviews
        """
        return shop.reviews(
            self._calls, product_id, fields=fields, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota
        )

    @checked("Nothing can be searched for")
    async def compliance(
        self, ids: Iterable[str], category: Literal["video", "comment"] = "video", *, wait_for_quota: bool = False
    ) -> ComplianceTask:
        """Let TikTok check which of up to 10,000 stored ids are still public.

        The Research terms require it at least every 30 days.

        Example:
            >>> async def gone(session, stored):
            ...     task = await session.research.compliance(stored)
            ...     await task.wait()
            ...     return set(stored) - set(await task.valid_ids())

        Source: https://developers.tiktok.com/doc/batch-compliance-apis
        """
        return await compliance.check(
            self._calls, self._runtime.transport, ids, category, wait_for_quota=wait_for_quota
        )

    @checked("Nothing can be searched for")
    def compliance_task(self, task_id: str) -> ComplianceTask:
        """Return a task that was created before, here or elsewhere; no I/O happens."""
        return ComplianceTask(self._calls, self._runtime.transport, task_id)

    async def _quota(self, endpoint: Endpoint) -> Quota:
        self._runtime.lifecycle.check("research.quota")
        key, limit = self._runtime.sender.slots.limit_of(BY_PATH[endpoint.path], None)
        if limit is None:  # the endpoint table has one for each of these
            raise AssertionError(endpoint)
        usage = await self._limiter.usage(key, limit)
        resets_at = usage.resets_at or next_midnight(self._runtime.clock.now())
        return Quota(used=usage.used, limit=usage.limit, resets_at=resets_at)
