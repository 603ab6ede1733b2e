"""One account: all calls in a user's name."""

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from tiktok_async._calls.options import CallOptions
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api import display
from tiktok_async.api.pages import Pages
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import RetryPolicy, Token, User, UserField, Video, VideoField
from tiktok_async.models._checks import Checks, Duration, Moment, as_duration

if TYPE_CHECKING:
    # Posting and portability are loaded when they are used for the first time.
    from aiohttp import ClientTimeout

    from tiktok_async.api.portability.portability import Portability
    from tiktok_async.api.posting.posting import Source
    from tiktok_async.api.posting.publish import Publish
    from tiktok_async.api.posting.video import UploadSource
    from tiktok_async.models import CreatorInfo, PhotoPost, VideoPost


class Account:
    """One user of the app, from `session.account(open_id)`, which does no I/O."""

    __slots__ = ("_credential", "_runtime", "open_id")

    def __init__(self, runtime: Runtime, open_id: str) -> None:
        if not open_id or not isinstance(open_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            msg = "open_id is the user's id as TikTok gave it, a non-empty str."
            raise ConfigurationError(msg)
        self.open_id: str = open_id
        self._runtime = runtime
        self._credential = AccountCredential(runtime.tokens, open_id)

    def __repr__(self) -> str:
        return f"Account({self.open_id!r})"

    def with_options(
        self,
        *,
        timeout: "ClientTimeout | Duration | None" = None,
        retry: RetryPolicy | None = None,
        max_rate_limit_wait: Duration | None = None,
    ) -> "Account":
        """Return this account with other settings for the calls that are made through the returned object.

        Everything else is the session's: its tokens, its limits and its connections. A refresh that such a call needs
        uses the session's own settings.

        Args:
            timeout: For each API request, in seconds if it is a number; `None` keeps what is set.
            retry: Attempts, backoff and deadline; `None` keeps what is set.
            max_rate_limit_wait: The longest wait for a free slot; `None` keeps what is set.

        Raises:
            ConfigurationError: A setting is invalid.

        Example:
            >>> async def profile(account):
            ...     return await account.with_options(timeout=5, retry=RetryPolicy(attempts=1)).user_info()
        """
        options = CallOptions.of(timeout=timeout, retry=retry, max_rate_limit_wait=max_rate_limit_wait)
        return Account(self._runtime.with_options(options), self.open_id)

    async def token(self) -> Token:
        """Return a token that can be used now, refreshed when needed.

        Raises:
            AccountNotFound: No token is stored for the account.
            ReauthorizationRequired: The grant has ended; the user has to log in again.
        """
        self._runtime.lifecycle.check("account.token")
        return self._credential.usable() or await self._credential.obtain()

    async def user_info(self, fields: Iterable[UserField | str] | None = None) -> User:
        """Return the user's profile.

        Args:
            fields: The fields to return; `None` for every field that the granted scopes allow.

        Returns:
            The profile; the other fields are `None`.

        Raises:
            ScopeNotGranted: The granted scopes do not cover the fields; nothing was sent.

        Example:
            >>> async def name(account):
            ...     return (await account.user_info([UserField.DISPLAY_NAME])).display_name

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
        """
        checks = Checks()
        checks.names("fields", fields)
        checks.refuse("The profile cannot be asked for")
        return await display.user_info(self._runtime.sender, self._credential, fields)

    async def profile(
        self, *, name: str = "TikTok Player", avatar_url: str | None = None, max_age: Duration | None = None
    ) -> User:
        """Return the user's profile, with a name and a picture to show in any case.

        A mini game's server knows its players before they consent to share anything. A consent in the game adds scopes
        to the stored token, without a new token. So TikTok is asked whatever scopes are recorded, and the scopes that
        it grants are recorded; a refusal means that there is no consent yet. The answer is kept in the store for some
        days.

        Args:
            name: Shown if the user shares no name.
            avatar_url: Shown if the user shares no picture; `None` for a plain one, as a `data:` URL, which a page's
                policy for pictures has to allow.
            max_age: The greatest age of a kept profile; `None` for 3 to 7 days, by account. Zero always asks TikTok.

        Returns:
            As `user_info`; `display_name` and `avatar_url` are never `None`.

        Raises:
            ReauthorizationRequired: The grant has ended; *name* does not replace this error.

        Source: https://developers.tiktok.com/doc/minis-user-data
        """
        age = as_duration(max_age)
        from tiktok_async.api.profile import shown_profile

        return await shown_profile(self._runtime, self._credential, name=name, avatar_url=avatar_url, max_age=age)

    def videos(
        self,
        *,
        fields: Iterable[VideoField | str] | None = None,
        since: Moment | None = None,
        before: Moment | None = None,
        limit: int | None = None,
        page_size: int = 20,
        cursor: int | None = None,
        read_ahead: int = 0,
    ) -> Pages[Video]:
        """List the user's public videos, newest first. No I/O happens before the first page is needed.

        Args:
            fields: The fields to return; `None` for all.
            since: Only videos posted at or after this moment: an aware datetime, a date (its beginning in UTC), or a
                timedelta (the time before now).
            before: Only videos posted before this moment, in the same forms.
            limit: The most videos to yield; `None` for all.
            page_size: Videos a request, 1 to 20.
            cursor: The position of a saved listing: a page's `cursor`.
            read_ahead: 1 fetches the next page while the present one is being used.

        Raises:
            ConfigurationError: An argument is invalid.
            ScopeNotGranted: On iteration: the user did not grant `video.list`; nothing was sent.
            ListingIncomplete: On iteration: the listing stopped although TikTok says that there is more.

        Example:
            >>> async def newest(account):
            ...     return [video.title async for video in account.videos(limit=20)]

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-list
        """
        checks = Checks()
        checks.names("fields", fields)
        after = until = None
        if since is not None or before is not None:
            now = self._runtime.clock.now()
            after, until = checks.moment("since", since, now=now), checks.moment("before", before, now=now)
        for name, value in (("limit", limit), ("page_size", page_size), ("cursor", cursor), ("read_ahead", read_ahead)):
            checks.whole(name, value)
        checks.refuse("The videos cannot be listed")
        return display.videos(
            self._runtime.sender,
            self._credential,
            clock=self._runtime.clock,
            fields=fields,
            since=after,
            before=until,
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            read_ahead=read_ahead,
        )

    def videos_by_id(
        self, ids: Iterable[str] | AsyncIterable[str], *, fields: Iterable[VideoField | str] | None = None
    ) -> Pages[Video]:
        """Look up videos of this user by id, 20 a request.

        Args:
            ids: Any number of ids, from any iterable, sync or async. Those that are not this user's public videos
                are left out by TikTok.
            fields: The fields to return; `None` for all.

        Raises:
            ConfigurationError: An argument is invalid.
            ScopeNotGranted: On iteration: the user did not grant `video.list`; nothing was sent.

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-query
        """
        checks = Checks()
        checks.names("ids", ids, optional=False)
        checks.names("fields", fields)
        checks.refuse("The videos cannot be looked up")
        return display.videos_by_id(self._runtime.sender, self._credential, ids, fields=fields)

    async def creator_info(self) -> "CreatorInfo":
        """Return the creator's current settings; TikTok requires a new call for each posting page.

        Raises:
            PostingRefused: The creator cannot post now: banned, or at the daily limit of the creator or of the app.

        Source: https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
        """
        from tiktok_async.api.posting import posting

        return await posting.creator_info(self._runtime, self._credential)

    async def post_video(
        self,
        source: "Source",
        post: "VideoPost",
        *,
        chunk_size: int | None = None,
        content_type: str | None = None,
        check: bool = False,
        dedup_key: str | None = None,
    ) -> "Publish":
        """Begin to post a video; `Publish.upload` sends its bytes, and `Publish.wait` waits for its end.

        Args:
            source: A path, bytes, a seekable file opened with "rb" (an async one or one of a web form too), a
                `ByteSource`, or a `PullFromUrl`.
            post: Its settings.
            chunk_size: Bytes of a chunk; `None` lets `plan_chunks` choose.
            content_type: `video/mp4`, `video/quicktime` or `video/webm`; `None` takes it from a path's name, or MP4.
            check: Call `creator_info` first and compare *post* and the length in the header of *source* with it.
            dedup_key: Your id of this post, at most 1,000 characters. For seven days, a repeated call with it from
                any process with the same store returns the first one's `Publish` and posts nothing.

        Returns:
            The accepted post. Save its `to_json()` before you send the first byte.

        Raises:
            ConfigurationError: An argument is invalid, `check` found a problem (`.problems`), or the source cannot be
                read. Nothing was posted.
            PostingRefused: TikTok does not let this creator or this app post now.
            OutcomeUnknown: The call may have arrived, but there was no answer; it was not repeated.
            UploadRejected: TikTok gave an upload address to which bytes must not be sent.

        Source: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
        """
        from tiktok_async.api.posting import posting

        return await posting.post_video(
            self._runtime,
            self._credential,
            source,
            post,
            chunk_size=chunk_size,
            content_type=content_type,
            check=check,
            dedup_key=dedup_key,
        )

    async def draft_video(
        self,
        source: "Source",
        *,
        chunk_size: int | None = None,
        content_type: str | None = None,
        dedup_key: str | None = None,
    ) -> "Publish":
        """Begin to send a video to the creator's inbox, where they finish and post it; see `post_video`.

        Source: https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
        """
        from tiktok_async.api.posting import posting

        return await posting.post_video(
            self._runtime,
            self._credential,
            source,
            None,
            chunk_size=chunk_size,
            content_type=content_type,
            dedup_key=dedup_key,
        )

    async def post_photos(
        self, urls: Iterable[str], post: "PhotoPost", *, check: bool = False, dedup_key: str | None = None
    ) -> "Publish":
        """Post 1 to 35 photos, which TikTok fetches from *urls*; there is nothing to upload.

        Args:
            urls: Public https URLs below a domain or prefix that is verified in the developer portal.
            post: Their settings.
            check: Call `creator_info` first and compare *post* with it.
            dedup_key: As for `post_video`.

        Raises:
            ConfigurationError: An argument is invalid; `.problems` names each problem. Nothing was posted.
            PostingRefused: TikTok does not let this creator or this app post now.
            OutcomeUnknown: The call may have arrived, but there was no answer; it was not repeated.

        Source: https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
        """
        from tiktok_async.api.posting import posting

        return await posting.post_photos(
            self._runtime, self._credential, urls, post, direct=True, check=check, dedup_key=dedup_key
        )

    async def draft_photos(self, urls: Iterable[str], post: "PhotoPost", *, dedup_key: str | None = None) -> "Publish":
        """Send photos to the creator's inbox; TikTok uses the texts and the cover of *post*. See `post_photos`.

        Source: https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
        """
        from tiktok_async.api.posting import posting

        return await posting.post_photos(self._runtime, self._credential, urls, post, direct=False, dedup_key=dedup_key)

    def publish(self, state_json_or_publish_id: str, source: "UploadSource | None" = None) -> "Publish":
        """Continue a post that was begun before, here or in another process; no I/O happens yet.

        Args:
            state_json_or_publish_id: The result of `Publish.to_json()`, or a progress' `state`. A publish_id alone is
                enough for `status`, `wait` and `cancel`, but not for `upload`.
            source: The same video as before; `None` opens the path from which it was read.

        Raises:
            ConfigurationError: The state cannot be read, or is another account's.
        """
        from tiktok_async.api.posting.posting import resume
        from tiktok_async.api.posting.video import open_video

        opened = None if source is None else open_video(source, self._runtime.clock)
        return resume(self._runtime, self._credential, state_json_or_publish_id, opened)

    @property
    def portability(self) -> "Portability":
        """The user's own data: requesting, waiting for and downloading archives."""
        from tiktok_async.api.portability.portability import Portability

        return Portability(self._runtime, self._credential)

    async def disconnect(self) -> None:
        """End the user's grant at TikTok, then delete the token: the same as `oauth.revoke`.

        Raises:
            AccountNotFound: No token is stored for the account.
            OAuthError: TikTok refused; the token stays stored.
        """
        await self._runtime.disconnect(self.open_id)
