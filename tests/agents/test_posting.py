"""An agent proposes, a person approves, and there is one post, whatever happens in between."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import GrantOf, proposed
from tests.media.making import header
from tiktok_async import Account, ConfigurationError, OutcomeUnknown, Secret, TikTokError, TikTokSession
from tiktok_async.agents import AgentDesk, AgentGate, ProposalState
from tiktok_async.agents._kept import Kept
from tiktok_async.agents.rules.proposal import LIVES
from tiktok_async.api.posting.dedup import KEPT
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint


async def test_a_proposal_posts_nothing_until_a_person_approves_it(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, account: Account
) -> None:
    proposal = await proposed(gate, title="hello #cats", disable_comment=True)
    assert len(emulator.posts) == 0
    assert (await gate.call("post_status", {"proposal": proposal}))["state"] == "pending"
    approved = await desk.approve(proposal, approver=approver)
    assert (approved.state, approved.decided_by) == (ProposalState.SENT, "anna")
    post = emulator.posts[0]
    assert (len(emulator.posts), post.open_id, post.draft) == (1, account.open_id, False)
    assert post.body["post_info"]["title"] == "hello #cats"
    assert post.body["post_info"]["disable_comment"] is True
    answer = await gate.call("post_status", {"proposal": proposal})
    assert (answer["state"], answer["from_tiktok"]["data"]["state"]) == ("sent", "PUBLISH_COMPLETE")


async def test_without_an_approvers_key_nobody_approves_or_refuses(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret
) -> None:
    key = await desk.add(grant_of())
    proposal = await proposed(await desk.gate("bot"))
    for wrong in (key, "", "anna", "approver.anna.", f"{approver.reveal()}x", approver.reveal().replace("anna", "bot")):
        with pytest.raises(ConfigurationError, match="approver's key"):
            await desk.approve(proposal, approver=wrong)
        with pytest.raises(ConfigurationError, match="approver's key"):
            await desk.refuse(proposal, approver=wrong)
    assert len(emulator.posts) == 0


async def test_an_attempt_to_decide_without_a_key_is_recorded(desk: AgentDesk, gate: AgentGate) -> None:
    proposal = await proposed(gate)
    for decide in (desk.approve, desk.refuse):
        with pytest.raises(ConfigurationError):
            await decide(proposal, approver="approver.anna.guess")
    tried = await desk.log(agent="nobody")
    assert [(call.tool, call.outcome, call.arguments) for call in tried] == [
        ("approve", "refused", {"proposal": proposal}),
        ("refuse", "refused", {"proposal": proposal}),
    ]


async def test_a_refused_proposal_is_never_posted(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    refused = await desk.refuse(proposal, approver=approver, reason="too loud")
    assert (refused.state, refused.reason) == (ProposalState.REFUSED, "too loud")
    with pytest.raises(ConfigurationError, match="anna refused it"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_an_approved_proposal_cannot_be_refused(desk: AgentDesk, gate: AgentGate, approver: Secret) -> None:
    proposal = await proposed(gate)
    await desk.approve(proposal, approver=approver)
    with pytest.raises(ConfigurationError, match="was approved by anna"):
        await desk.refuse(proposal, approver=approver)


async def test_only_one_of_several_simultaneous_decisions_counts(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    done = await asyncio.gather(
        *(desk.approve(proposal, approver=approver) for _ in range(3)),
        *(desk.refuse(proposal, approver=approver) for _ in range(3)),
        return_exceptions=True,
    )
    current = await desk.proposal(proposal)
    assert current.state in {ProposalState.SENT, ProposalState.REFUSED}
    assert len(emulator.posts) == (1 if current.state is ProposalState.SENT else 0)
    assert sum(not isinstance(one, BaseException) for one in done) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"operations": {"STATUS_FETCH"}},
        {"accounts": {"somebody else"}},
        {"widest_privacy": "SELF_ONLY"},
    ],
)
async def test_a_narrowed_grant_does_not_cover_an_older_proposal(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret, change: dict[str, Any]
) -> None:
    await desk.add(grant_of(widest_privacy="PUBLIC_TO_EVERYONE"))
    proposal = await proposed(await desk.gate("bot"), privacy_level="PUBLIC_TO_EVERYONE")
    await desk.change(grant_of(**change))
    with pytest.raises(ConfigurationError, match="any more"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_the_proposal_of_a_revoked_agent_cannot_be_approved(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    await desk.revoke("bot")
    with pytest.raises(ConfigurationError, match="revoked"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_a_proposal_ends_before_the_dedup_entry_of_its_post(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    assert LIVES < KEPT
    proposal = await proposed(gate)
    emulator.clock.advance(LIVES)
    assert (await desk.proposal(proposal)).state is ProposalState.ENDED
    with pytest.raises(ConfigurationError, match="older than 6 days"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_a_proposal_that_was_changed_in_the_store_is_not_posted(
    emulator: Emulator, session: TikTokSession, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    kept = Kept(session.store, session.client_key)  # type: ignore[arg-type] # a memory store keeps notes
    note = await kept._get(f"proposal:{proposal}")
    assert note is not None
    await kept._put(f"proposal:{proposal}", note.replace(b"SELF_ONLY", b"OTHERWISE"), timedelta(days=1))
    with pytest.raises(ConfigurationError, match="was changed in the store"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_the_posts_of_a_day_are_counted_until_midnight(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf
) -> None:
    await desk.add(grant_of(posts_a_day=2))
    gate = await desk.gate("bot")
    many = await asyncio.gather(
        *(gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"}) for _ in range(5))
    )
    assert sorted(answer["outcome"] for answer in many) == ["ok", "ok", "refused", "refused", "refused"]
    assert len(await desk.proposals()) == 2
    emulator.clock.advance(timedelta(days=1))
    await proposed(gate)
    assert len(await desk.proposals([ProposalState.PENDING])) == 3


async def test_a_dry_run_reports_what_the_creator_does_not_allow_and_counts_as_no_post(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf
) -> None:
    await desk.add(grant_of(posts_a_day=1))
    gate = await desk.gate("bot")
    emulator.creator(emulator.users[0], comment_disabled=True)
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
    assert (answer["outcome"], answer["proposal"]) == ("ok", None)
    assert "does not allow comments" in str(answer["from_tiktok"]["data"]["problems"])
    await proposed(gate, disable_comment=True)


@pytest.mark.parametrize("tool", ["propose_post", "send_draft"])
async def test_a_file_that_tiktok_would_refuse_is_not_proposed(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, media: Path, tool: str
) -> None:
    await desk.add(grant_of(operations={"VIDEO_INIT", "INBOX_INIT"}, posts_a_day=1))
    gate = await desk.gate("bot")
    level = {"privacy_level": "SELF_ONLY"} if tool == "propose_post" else {}
    (media / "text.mp4").write_bytes(b"root:x:0:0:")
    (media / "small.mp4").write_bytes(header(sides=(100, 100)))
    (media / "long.mp4").write_bytes(header(milliseconds=1_000_000))
    for file in ("text.mp4", "small.mp4", "long.mp4"):
        answer = await gate.call(tool, {"file": file, **level})
        assert (answer["outcome"], answer["proposal"]) == ("ok", None)
        assert answer["from_tiktok"]["data"]["problems"]
        assert "root:" not in str(answer)
    assert len(emulator.posts) == 0
    assert (await gate.call(tool, {"file": "clip.mp4", **level}))["proposal"]


async def test_the_properties_of_the_file_are_frozen_in_the_proposal(desk: AgentDesk, gate: AgentGate) -> None:
    found = (await desk.proposal(await proposed(gate))).frozen.media
    assert (found["container"], found["width"], found["height"], found["duration"]) == ("mp4", 720, 1280, 10.0)


async def test_tiktoks_rules_are_checked_before_any_request(emulator: Emulator, gate: AgentGate) -> None:
    emulator.requests.clear()
    arguments = {"file": "clip.mp4", "privacy_level": "SELF_ONLY", "brand_content_toggle": True}
    answer = await gate.call("propose_post", arguments)
    assert answer["outcome"] == "refused"
    assert "branded content" in answer["problems"][0]
    assert len(emulator.requests) == 0


async def test_a_proposal_that_the_creators_settings_now_forbid_is_not_posted(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    emulator.creator(emulator.users[0], comment_disabled=True)
    with pytest.raises(ConfigurationError, match="does not allow comments"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_a_draft_needs_no_approval_and_reaches_only_the_inbox(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf
) -> None:
    await desk.add(grant_of(operations={"INBOX_INIT", "STATUS_FETCH"}))
    gate = await desk.gate("bot")
    answer = await gate.call("send_draft", {"file": "clip.mp4"})
    assert (answer["outcome"], answer["state"]) == ("ok", "sent")
    assert [post.draft for post in emulator.posts] == [True]
    assert (await desk.proposal(answer["proposal"])).decided_by == "the grant: drafts need no approval"


async def test_auto_approve_posts_at_once_and_is_recorded_as_the_approver(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret
) -> None:
    await desk.add(grant_of(auto_approve=True), approver=approver)
    gate = await desk.gate("bot")
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
    assert (answer["outcome"], answer["state"], len(emulator.posts)) == ("ok", "sent", 1)
    assert (await desk.proposal(answer["proposal"])).decided_by == "the grant: auto_approve"


async def test_an_agent_cannot_see_the_proposal_of_another_agent(
    desk: AgentDesk, grant_of: GrantOf, gate: AgentGate
) -> None:
    proposal = await proposed(gate)
    await desk.add(grant_of(agent="other"))
    other = await desk.gate("other")
    for name in (proposal, "nothing"):
        answer = await other.call("post_status", {"proposal": name})
        assert (answer["outcome"], answer["said"]) == ("refused", "You made no proposal of that id")


async def test_a_lost_answer_makes_the_outcome_unknown_and_is_never_retried(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    emulator.fail_next(Endpoint.VIDEO_INIT, drop="after")
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 1
    assert (await desk.proposal(proposal)).state is ProposalState.UNKNOWN
    assert [call.outcome for call in await desk.log(agent="anna")] == ["unknown"] * 3


async def test_a_post_that_tiktok_refused_can_be_retried(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret
) -> None:
    proposal = await proposed(gate)
    emulator.fail_next(Endpoint.VIDEO_INIT, status=403, code="spam_risk_too_many_posts")
    with pytest.raises(TikTokError):
        await desk.approve(proposal, approver=approver)
    failed = await desk.proposal(proposal)
    assert (failed.state, failed.reason) == (ProposalState.FAILED, "PostingRefused")
    assert (await desk.approve(proposal, approver=approver)).state is ProposalState.SENT
    assert len(emulator.posts) == 1


async def test_an_approval_continues_a_failed_upload(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, media: Path
) -> None:
    proposal = await proposed(gate)
    emulator.fail_next("upload", status=400, times=1)
    with pytest.raises(TikTokError):
        await desk.approve(proposal, approver=approver)
    assert (await desk.approve(proposal, approver=approver)).state is ProposalState.SENT
    upload = emulator.posts[0].upload
    assert upload is not None
    assert (len(emulator.posts), upload.complete, media.is_dir()) == (1, True, True)


async def test_proposals_are_listed_by_state(desk: AgentDesk, gate: AgentGate, approver: Secret) -> None:
    first, second = await proposed(gate), await proposed(gate)
    await desk.refuse(first, approver=approver)
    assert [one.id for one in await desk.proposals(["pending"])] == [second]
    assert {one.id for one in await desk.proposals()} == {first, second}
    with pytest.raises(ConfigurationError, match="no proposal"):
        await desk.proposal("nothing")
