"""A user's own data, requested in the user's name: `account.portability`.

Source: https://developers.tiktok.com/doc/data-portability-api-get-started
"""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import orjson
from attrs import evolve, frozen

from tiktok_async._calls.rules.endpoints import ENDPOINTS
from tiktok_async._decoding.answers import read
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.portability.archive import Archive
from tiktok_async.api.portability.download import Download
from tiktok_async.api.portability.rules import check_categories, missing_scopes, spent_scopes
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ArchiveUnavailable, ConfigurationError, ScopeNotGranted
from tiktok_async.models import DataFormat, Endpoint, PortabilityCategory, PortabilityState, PortabilityStatus
from tiktok_async.models._arguments import checked
from tiktok_async.models._checks import Checks, Duration
from tiktok_async.models._wire import WireModel, identifier

__all__ = ["Archive", "Portability", "PortabilityRequest"]

_STATUS_FIELDS = "request_id,apply_time,collect_time,status,data_format,category_selection_list"
_FIRST_CHECK = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
# TikTok's table has the first, its example the second.
# https://developers.tiktok.com/doc/data-portability-api-check-status
_MESSAGES = {"direct_messages": PortabilityCategory.DIRECT_MESSAGE}


@frozen(kw_only=True)
class _Added(WireModel):
    request_id: str = identifier()


class PortabilityRequest:
    """A request for a user's archive.

    Attributes:
        request_id: TikTok's id of it; `portability.request(request_id)` continues it in another process.
        spent: The scopes that it used up: one that ends with `.single` is valid for one request.
    """

    def __init__(
        self, runtime: Runtime, credential: AccountCredential, request_id: str, *, spent: frozenset[str] = frozenset()
    ) -> None:
        given: object = request_id
        if not isinstance(given, str) or not (given.isascii() and given.isdigit()):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise ConfigurationError(f"request_id must be a str of digits from TikTok, not {ascii(given)[:60]}.")
        self.request_id = request_id
        self.spent = spent
        self._runtime = runtime
        self._credential = credential
        self._body = {"request_id": int(request_id)}

    def __repr__(self) -> str:
        return f"PortabilityRequest({self.request_id!r})"

    async def status(self) -> PortabilityStatus:
        """Return its state.

        Raises:
            InvalidParams: TikTok does not know this request of this account.

        Source: https://developers.tiktok.com/doc/data-portability-api-check-status
        """
        endpoint, open_id = Endpoint.PORTABILITY_CHECK, self._credential.open_id
        response = await self._runtime.sender.call(
            endpoint, credential=self._credential, fields=_STATUS_FIELDS, json=self._body
        )
        status = read(response, response.data, PortabilityStatus, endpoint=endpoint, open_id=open_id)
        categories = tuple(_MESSAGES.get(str(one), one) for one in status.category_selection_list)
        return evolve(status, category_selection_list=categories)

    async def wait(self, *, timeout: Duration | None = None) -> PortabilityStatus:  # noqa: ASYNC109 - asked at intervals
        """Wait until the archive is ready, which takes seconds to hours.

        TikTok is asked after 5 s, then at growing intervals of up to 5 minutes. An app that receives webhooks does not
        need this: `portability.download.ready` reports the same.

        Args:
            timeout: The longest wait, in seconds if it is a number; `None` waits as long as it takes.

        Raises:
            ConfigurationError: *timeout* is not a length of time.
            ArchiveUnavailable: It was cancelled, it has expired, or *timeout* has passed; see `.state`.
        """
        checks = Checks()
        longest = checks.duration("timeout", timeout)
        checks.refuse("The archive cannot be waited for")
        clock = self._runtime.clock
        started, pause = clock.monotonic(), _FIRST_CHECK
        while True:
            status = await self.status()
            if status.status == PortabilityState.DOWNLOADING:
                return status
            waited = timedelta(seconds=clock.monotonic() - started)
            gone = status.status in (PortabilityState.EXPIRED, PortabilityState.CANCELLED)
            if gone or (longest is not None and waited + pause > longest):
                raise ArchiveUnavailable(self.request_id, state=str(status.status), open_id=self._credential.open_id)
            # Spread, so that a thousand waits are not asked about at one moment.
            await clock.sleep(pause.total_seconds() * (1 + 0.2 * clock.random()))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def download(
        self, path: str | os.PathLike[str], *, stall_timeout: Duration = timedelta(seconds=60)
    ) -> Archive:
        """Download the archive, which is available for four days, to *path*: completely, or not at all.

        The bytes first go to another file in the same folder. A broken download is continued, also one of an earlier
        process, if TikTok's server supports that.

        Args:
            path: The file; an existing one is replaced at the end. Only its owner can read it.
            stall_timeout: The longest time without a byte, in seconds if it is a number; the total time has no limit.

        Returns:
            The archive, to be read member by member.

        Raises:
            InvalidParams: It is not ready, or not available any more.
            TransportError: The connection broke off several times without progress.
            ServerError: The download is not a zip file.
            ConfigurationError: The file cannot be written.

        Source: https://developers.tiktok.com/doc/data-portability-api-download
        """
        checks = Checks()
        stall = checks.duration("stall_timeout", stall_timeout, positive=True)
        if not isinstance(path, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            checks.add(f"path is a {type(path).__name__}, not a str or a Path")
        checks.refuse("The archive cannot be downloaded")
        target = Path(path)
        await Download(
            runtime=self._runtime,
            credential=self._credential,
            request_id=self.request_id,
            path=target,
            stall_timeout=60.0 if stall is None else stall.total_seconds(),
        ).run()
        return Archive(target)

    async def cancel(self) -> None:
        """Cancel it while it is pending.

        Raises:
            InvalidParams: It is not pending any more, or TikTok does not know it.

        Source: https://developers.tiktok.com/doc/data-portability-api-cancel
        """
        # TikTok's table has it in the query, TikTok's example in the body.
        await self._runtime.sender.call_spec(
            ENDPOINTS[Endpoint.PORTABILITY_CANCEL],
            credential=self._credential,
            params={"request_id": self.request_id},
            body=orjson.dumps(self._body),
        )


class Portability:
    """The data archives of an account: `account.portability`. For users in the EEA and the UK."""

    def __init__(self, runtime: Runtime, credential: AccountCredential) -> None:
        self._runtime = runtime
        self._credential = credential

    @checked("No archive can be asked for")
    async def add(
        self,
        categories: Iterable[PortabilityCategory | str],
        *,
        format: DataFormat | str = DataFormat.JSON,  # noqa: A002 - the contract's word
    ) -> PortabilityRequest:
        """Request an archive.

        Args:
            categories: The categories of data; `all_data` includes all others.
            format: The format of its files.

        Returns:
            The request; keep its `request_id`.

        Raises:
            ScopeNotGranted: The granted scopes do not cover the categories; nothing was sent.
            ScopeNotAuthorized: TikTok refused, for example because a `.single` scope was used up before.
            ConfigurationError: A category or the format is unknown.
            TransportError: There was no answer. A `.single` scope may be used up: check before you repeat it.

        Source: https://developers.tiktok.com/doc/data-portability-api-add
        """
        wanted = check_categories(categories)
        if str(format) not in set(DataFormat):
            raise ConfigurationError(f"format must be one of {', '.join(DataFormat)}, not {format!r}.")
        endpoint, open_id = Endpoint.PORTABILITY_ADD, self._credential.open_id
        token = self._credential.usable() or await self._credential.obtain()
        # The scopes of a token from elsewhere may be unknown: then TikTok decides.
        if token.scopes and (missing := missing_scopes(token.scopes, wanted)):
            raise ScopeNotGranted(missing, open_id=open_id, what="This archive")
        response = await self._runtime.sender.call(
            endpoint,
            credential=self._credential,
            fields="request_id",
            json={"data_format": str(format), "category_selection_list": [str(one) for one in wanted]},
        )
        added = read(response, response.data, _Added, endpoint=endpoint, open_id=open_id)
        spent = spent_scopes(token.scopes, wanted)
        return PortabilityRequest(self._runtime, self._credential, added.request_id, spent=spent & token.scopes)

    @checked("No archive can be asked for")
    def request(self, request_id: str) -> PortabilityRequest:
        """Return a request that was made before, here or elsewhere; no I/O happens.

        Raises:
            ConfigurationError: *request_id* is not one.
        """
        return PortabilityRequest(self._runtime, self._credential, request_id)
