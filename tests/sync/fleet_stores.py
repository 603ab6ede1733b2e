"""What a fleet left in its stores, and a check of each grant at the provider."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import frozen

from tiktok_async import ReauthorizationRequired, TikTokSession
from tiktok_async.models import AccountKey, Token, TokenState, fingerprint
from tiktok_async.stores import open_checkpoints, open_store


@frozen
class FleetStores:
    """The stores of a fleet.

    Attributes:
        url: Redis, which holds tokens and checkpoints.
        client_key: The app.
    """

    url: str
    client_key: str

    async def enrolled(self) -> bool:
        """Return whether the accounts have their slots."""
        checkpoints = open_checkpoints(self.url)
        enrolment = await checkpoints.get(AccountKey(self.client_key, "*"))
        await checkpoints.aclose()
        return enrolment is not None

    async def tokens(self) -> dict[str, Token]:
        """Return what is stored, by open_id."""
        store = open_store(self.url)
        found = [await store.get(key) async for key in store.keys(self.client_key)]
        await store.aclose()
        return {token.key.open_id: token for token in found if token is not None}

    async def waiting(self, open_ids: Iterable[str]) -> dict[str, str]:
        """Return those of *open_ids* that were never synced although their grant is valid, with their records."""
        tokens, checkpoints, left = open_store(self.url), open_checkpoints(self.url), dict[str, str]()
        for open_id in open_ids:
            key = AccountKey(self.client_key, open_id)
            checkpoint, token = await checkpoints.get(key), await tokens.get(key)
            synced = checkpoint is not None and checkpoint.round > 0
            if not synced and token is not None and token.state is TokenState.ACTIVE:
                left[open_id] = f"{checkpoint}, {token.attempt}"
        await tokens.aclose()
        await checkpoints.aclose()
        return left

    async def lost(self, session: TikTokSession) -> dict[str, Token]:
        """Use every grant once more, and return the tokens of those that are lost, by open_id."""
        room = asyncio.Semaphore(32)

        async def use(open_id: str) -> None:
            async with room:
                try:
                    await session.oauth.refresh(open_id)
                except ReauthorizationRequired:
                    return

        async with asyncio.TaskGroup() as group:
            for open_id in await self.tokens():
                group.create_task(use(open_id))
        return {
            open_id: token for open_id, token in (await self.tokens()).items() if token.state is not TokenState.ACTIVE
        }


@frozen
class Loss:
    """A lost grant, by the records of the provider.

    Attributes:
        open_id: Whose.
        reason: The reason in the error of its calls.
        statuses: What the provider answered to its last refresh token, in order.
        to_kill: Seconds between the first of these and the nearest kill of a worker.
    """

    open_id: str
    reason: str | None
    statuses: list[int]
    to_kill: float

    @classmethod
    def of(cls, token: Token, asked_again: dict[str, Any], killed: list[datetime]) -> "Loss":
        """Look up *token* in the provider's records."""
        answers = asked_again.get(fingerprint(token.refresh_token), [])
        at = [datetime.fromisoformat(when) for when, _ in answers]
        near = min((((kill - at[0]).total_seconds() for kill in killed) if at else ()), key=abs, default=float("inf"))
        return cls(token.key.open_id, token.reason, [status for _, status in answers], near)
