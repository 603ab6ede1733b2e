"""One account: everything that is done in a user's name."""

from collections.abc import AsyncIterable, Iterable
from datetime import datetime

from tiktok_async._credentials import AccountCredential
from tiktok_async._pages import Pages
from tiktok_async.api import users, videos
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Token, User, UserField, Video, VideoField


class Account:
    """One user of the app, as `session.account(open_id)` gives it; making one costs no I/O."""

    __slots__ = ("_credential", "_runtime", "open_id")

    def __init__(self, runtime: Runtime, open_id: str) -> None:
        if not open_id or not isinstance(open_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            msg = "open_id is the user's id as TikTok gave it, a non-empty str."
            raise ConfigurationError(msg)
        self.open_id = open_id
        self._runtime = runtime
        self._credential = AccountCredential(runtime.tokens, open_id)

    def __repr__(self) -> str:
        return f"Account({self.open_id!r})"

    async def token(self) -> Token:
        """Return a token that can be used now, refreshed when needed.

        Raises:
            AccountNotFound: No token is stored for the account.
            ReauthorizationRequired: The grant is gone; the user has to log in again.
        """
        self._runtime.lifecycle.check("account.token")
        return self._credential.usable() or await self._credential.obtain()

    async def user_info(self, fields: Iterable[UserField | str] | None = None) -> User:
        """Return the user's profile.

        Args:
            fields: Which fields; `None` for every field that the granted scopes allow.

        Returns:
            The profile; fields that were not asked for are `None`.

        Raises:
            ScopeNotGranted: The granted scopes do not cover the fields; nothing was sent.

        Example:
            >>> async def name(account):
            ...     return (await account.user_info([UserField.DISPLAY_NAME])).display_name

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
        """
        return await users.user_info(self._runtime.sender, self._credential, fields)

    def videos(
        self,
        *,
        fields: Iterable[VideoField | str] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int | None = None,
        page_size: int = 20,
        cursor: int | None = None,
        read_ahead: int = 0,
    ) -> Pages[Video]:
        """List the user's public videos, newest first. No I/O happens before the first page is wanted.

        Args:
            fields: Which fields; `None` for all.
            since: Only videos posted at or after this moment; aware.
            before: Only videos posted before this moment; aware.
            limit: The most videos to yield; `None` for all.
            page_size: Videos a request, 1 to 20.
            cursor: Where a saved listing goes on: a page's `cursor`.
            read_ahead: 1 fetches the next page while one is being worked on.

        Raises:
            ConfigurationError: An argument cannot be right.
            ScopeNotGranted: On iteration: the user did not grant `video.list`; nothing was sent.

        Example:
            >>> async def newest(account):
            ...     return [video.title async for video in account.videos(limit=20)]

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-list
        """
        return videos.videos(
            self._runtime.sender,
            self._credential,
            fields=fields,
            since=since,
            before=before,
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
            fields: Which fields; `None` for all.

        Raises:
            ConfigurationError: An argument cannot be right.
            ScopeNotGranted: On iteration: the user did not grant `video.list`; nothing was sent.

        Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-query
        """
        return videos.videos_by_id(self._runtime.sender, self._credential, ids, fields=fields)

    async def disconnect(self) -> None:
        """End the user's grant at TikTok, then forget the token: the same as `oauth.revoke`.

        Raises:
            AccountNotFound: No token is stored for the account.
            OAuthError: TikTok refused; the token stays stored.
        """
        self._runtime.lifecycle.check("account.disconnect")
        await self._runtime.tokens.forget(self.open_id, self._runtime.revoke)
