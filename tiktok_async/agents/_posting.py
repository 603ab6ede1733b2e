"""Makes one post of an approved proposal: the proposal's id is the dedup key, and the file must be the frozen one."""

import asyncio
from contextlib import aclosing
from weakref import WeakValueDictionary

import attrs

from tiktok_async.agents._kept import Kept, Outcome
from tiktok_async.agents._media import hold
from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.agents.rules.grant import AgentGrant, within
from tiktok_async.agents.rules.proposal import LIVES, Frozen, ProposalState, post_of
from tiktok_async.api.posting.publish import Publish
from tiktok_async.errors import ConfigurationError, OutcomeUnknown, TikTokError
from tiktok_async.models import Endpoint, PublishStatus
from tiktok_async.session import TikTokSession

__all__ = ["Posting", "Sent"]


@attrs.frozen(slots=True, kw_only=True)
class Sent:
    """A proposal that TikTok has accepted, with all its bytes.

    Attributes:
        publish_id: TikTok's id of the post.
        status: The post's status after the upload; `None` if asking for it failed.
    """

    publish_id: str
    status: PublishStatus | None


class Posting:
    """Posts what was approved.

    Args:
        session: Posts.
        kept: Where the outcome is kept.
    """

    def __init__(self, session: TikTokSession, kept: Kept) -> None:
        self._session = session
        self._kept = kept
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def refuse_uncovered(self, frozen: Frozen, grant: AgentGrant | None) -> AgentGrant:
        """Refuse a proposal that its agent's grant does not cover now, or that is too old.

        Raises:
            Refused: The grant does not cover it, or it is too old.
        """
        now = self._session.clock.now()
        if now >= frozen.created_at + LIVES:
            raise Refused(f"The proposal is older than {LIVES.days} days; it must be proposed again")
        if grant is None or not within(grant, now):
            raise Refused("The grant of the agent that proposed it has ended or was revoked")
        operation = Endpoint.INBOX_INIT if frozen.draft else Endpoint.VIDEO_INIT
        if operation not in grant or frozen.account not in grant.accounts or grant.media_folder is None:
            raise Refused("The grant of the agent that proposed it does not cover it any more")
        if not frozen.draft and post_of(frozen).privacy_level not in grant.levels():
            raise Refused("The grant of the agent that proposed it does not allow this audience any more")
        return grant

    async def send(self, frozen: Frozen, grant: AgentGrant, *, check: bool) -> Sent:
        """Post *frozen*, or continue its post.

        Args:
            frozen: What was approved.
            grant: Its agent's grant, which covers it.
            check: Ask first whether the creator still allows it.

        Raises:
            Refused: The file is not the one that was proposed.
            OutcomeUnknown: The call may have arrived and no answer came. It is never made again.
            TikTokError: TikTok refused, or the upload failed. A second call continues it.
        """
        lock = self._locks.setdefault(frozen.id, asyncio.Lock())
        async with lock:
            try:
                sent = await self._send(frozen, grant, check=check)
            except OutcomeUnknown:
                await self._tell(frozen, ProposalState.UNKNOWN, "no answer came to the call that creates the post")
                raise
            except Refused as error:
                await self._tell(frozen, ProposalState.FAILED, error.reason)
                raise
            except TikTokError as error:
                await self._tell(frozen, ProposalState.FAILED, type(error).__name__)
                raise
            await self._kept.put_outcome(frozen.id, Outcome(str(ProposalState.SENT), sent.publish_id))
            return sent

    async def _tell(self, frozen: Frozen, state: ProposalState, reason: str) -> None:
        known = await self._kept.outcome(frozen.id)
        # If TikTok has the post, a later failed attempt does not change its state.
        if known is None or known.state != ProposalState.SENT:
            publish_id = None if known is None else known.publish_id
            await self._kept.put_outcome(frozen.id, Outcome(str(state), publish_id, reason))

    async def _send(self, frozen: Frozen, grant: AgentGrant, *, check: bool) -> Sent:
        account = self._session.account(frozen.account)
        known = await self._kept.outcome(frozen.id)
        if known is not None and known.state == ProposalState.SENT and known.publish_id is not None:
            return await self._asked(account.publish(known.publish_id))
        if grant.media_folder is None:
            raise ConfigurationError(f"The grant of {grant.agent} has no media folder.")
        with await hold(grant.media_folder, frozen.file) as held:
            if held.sha256 != frozen.sha256:
                raise Refused("The file is not the one that was proposed; it must be proposed again")
            if frozen.draft:
                publish = await account.draft_video(held, content_type=frozen.content_type, dedup_key=frozen.id)
            else:
                publish = await account.post_video(
                    held, post_of(frozen), content_type=frozen.content_type, check=check, dedup_key=frozen.id
                )
            started = Outcome(str(ProposalState.APPROVED), publish.publish_id, "its bytes are on their way")
            await self._kept.put_outcome(frozen.id, started)
            async with aclosing(publish.upload()) as uploading:
                async for _ in uploading:
                    pass
        return await self._asked(publish)

    @staticmethod
    async def _asked(publish: Publish) -> Sent:
        try:
            status = await publish.status()
        except TikTokError:
            # TikTok has everything. A failed status request does not change that.
            status = None
        return Sent(publish_id=publish.publish_id, status=status)
