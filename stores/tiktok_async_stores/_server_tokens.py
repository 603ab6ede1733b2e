"""What token stores on a server have in common: trips that callers share, and one look at the server's settings."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from tiktok_async._concurrency.lasting import finish
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores._batch import Batcher
from tiktok_async_stores._bulk import stored
from tiktok_async_stores._inspection import Inspection
from tiktok_async_stores._notes import KeepsNotes
from tiktok_async_stores._process import Owner
from tiktok_async_stores.codec.tokens import with_version

Place = TypeVar("Place")
Record = TypeVar("Record")
Put = TypeVar("Put")


class ServerTokenStore(KeepsNotes, Generic[Place, Record, Put]):
    """A `TokenStore` whose reads, and puts, that wait at the same time share a trip.

    `Place` says where a token is kept, `Record` what is found there, and `Put` what is sent there.
    """

    _inspection: Inspection

    def _share_trips(self, *, together: int, page: int, put_page: int, owner: Owner) -> None:
        self._page = page
        self._put_page = put_page
        self._reads = Batcher[Place, Record | None](self._get_many, limit=together, owner=owner)
        self._puts = Batcher[Put, int](self._put_many, limit=together, owner=owner)

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None`.

        Raises:
            StoreError: The server cannot be reached, or the record is damaged or another account's.
        """
        await self._inspection.run()
        return self._token(key, await self._reads.share(self._place(key)))

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* by compare-and-set; it is stored when this returns.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The server cannot be reached; whether the token was stored may be unknown.
        """
        await self._inspection.run()
        return with_version(token, await self._puts.submit(self._prepared(token, expected_version)))

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* as `put` does, in a trip of its own: it waits for none that is under way.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The server cannot be reached; whether the token was stored may be unknown.
        """
        await self._inspection.run()
        (outcome,) = await self._put_many([self._prepared(token, expected_version)])
        if isinstance(outcome, TokenConflict):
            raise outcome
        return with_version(token, outcome)

    async def get_many(self, keys: Sequence[AccountKey]) -> list[Token | None]:
        """Return the stored tokens of *keys*, in their order, with `None` for each that has none.

        Raises:
            StoreError: The server cannot be reached, or a record is damaged or another account's.
        """
        await self._inspection.run()
        found: list[Token | None] = []
        for start in range(0, len(keys), self._page):
            page = keys[start : start + self._page]
            found += map(self._token, page, await self._get_many([self._place(key) for key in page]))
        return found

    async def put_many(self, puts: Sequence[tuple[Token, int | None]]) -> list[Token | TokenConflict]:
        """Store each token by compare-and-set with the version beside it, as `put` does.

        Returns:
            For each, in their order, the token as stored, or the conflict that kept it from being so.

        Raises:
            StoreError: The server cannot be reached; which of them were stored may be unknown.
        """
        await self._inspection.run()
        outcomes: list[Token | TokenConflict] = []
        for start in range(0, len(puts), self._put_page):
            page = puts[start : start + self._put_page]
            prepared = [self._prepared(token, expected) for token, expected in page]
            outcomes += stored(page, await self._put_many(prepared))
        return outcomes

    async def aclose(self) -> None:
        """Finish what is being sent, and close the way to the server if it is this store's. Harmless when repeated."""
        await finish(self._close())

    async def _close(self) -> None:
        await self._reads.drain()
        await self._puts.drain()
        await self._close_link()

    @abstractmethod
    def _place(self, key: AccountKey) -> Place:
        """Return where the token of *key* is kept."""

    @abstractmethod
    def _prepared(self, token: Token, expected_version: int | None) -> Put:
        """Return what is sent to store *token*, or refuse what cannot be stored before it is in company."""

    @abstractmethod
    def _token(self, key: AccountKey, record: Record | None) -> Token | None:
        """Return the token in *record*."""

    @abstractmethod
    async def _get_many(self, wanted: Sequence[Place]) -> Sequence[Record | None]:
        """Fetch records."""

    @abstractmethod
    async def _put_many(self, puts: Sequence[Put]) -> Sequence[int | TokenConflict]:
        """Store tokens; return the version of each, or what is in its way."""

    @abstractmethod
    async def _close_link(self) -> None:
        """Close the way to the server, if it is this store's."""
