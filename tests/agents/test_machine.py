"""No sequence of an agent's calls posts without an approval, reads another account, or leaves the folder."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.agents.conftest import clip
from tiktok_async import ConfigurationError, RetryPolicy, Secret, TikTokError
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant
from tiktok_async.agents.rules.operations import AREAS, BY_TOOL, OPERATIONS
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint

T = TypeVar("T")

FILES = [
    "clip.mp4",
    "clip.mp4",
    "clip.mp4",
    "deep/two.mp4",
    "../secret.mp4",
    "out/secret.mp4",
    "link.mp4",
    "hard.mp4",
    "pipe.mp4",
]
FILES += ["/dev/zero", "deep/../clip.mp4", ".", "", "changed.mp4"]
TOOLS = [*sorted(BY_TOOL), "approve", "login", "token"]
LEVELS = ["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS", "PUBLIC_TO_EVERYONE"]


class Agents(RuleBasedStateMachine):
    """An agent that makes any call, and a person who sometimes decides."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp())
        self.approved: set[str] = set()
        self.seen: set[str] = {"none"}
        self.drafts = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        media = self.folder / "media"
        (media / "deep").mkdir(parents=True)
        (self.folder / "secret.mp4").write_bytes(clip(b"secret"))
        (media / "clip.mp4").write_bytes(clip(b"clip"))
        (media / "deep" / "two.mp4").write_bytes(clip(b"two"))
        (media / "changed.mp4").write_bytes(clip(b"first"))
        (media / "link.mp4").symlink_to("../secret.mp4")
        (media / "out").symlink_to("..")
        (media / "hard.mp4").hardlink_to(self.folder / "secret.mp4")
        self.run(self._begin(media))

    async def _begin(self, media: Path) -> None:
        self.media = media
        self.emulator = await self.stack.enter_async_context(Emulator(limits={}))
        session = self.emulator.session(limiter="none://", retry=RetryPolicy(attempts=1))
        self.session = await self.stack.enter_async_context(session)
        self.accounts = [
            (await self.emulator.connect(self.session, self.emulator.add_user(videos=2))).open_id for _ in range(2)
        ]
        self.desk = AgentDesk(self.session, record=self.folder / "record.jsonl")
        self.approver: Secret = await self.desk.add_approver("anna")
        self.key = await self.desk.add(self._grant(set(OPERATIONS) - {Endpoint.INBOX_INIT}, 0, "SELF_ONLY"))
        self.gate: AgentGate = await self.desk.gate("bot")
        self.emulator.requests.clear()

    def _grant(self, operations: set[Endpoint], account: int, level: str) -> AgentGrant:
        self.granted = self.accounts[account]
        return AgentGrant(
            agent="bot",
            operations=operations,
            accounts={self.accounts[account]},
            fields={f"{area}.*" for area in AREAS},
            widest_privacy=level,
            media_folder=str(self.media),
            posts_a_day=50,
            ends_at=self.session.clock.now() + timedelta(days=5),
        )

    @rule(
        tool=st.sampled_from(TOOLS),
        account=st.sampled_from([None, 0, 1, "nobody"]),
        file=st.sampled_from(FILES),
        level=st.sampled_from(LEVELS),
        extra=st.sampled_from([None, "key", "approver", "decision", "media_folder"]),
        data=st.data(),
    )
    def call(self, *, tool: str, account: Any, file: str, level: str, extra: str | None, data: st.DataObject) -> None:
        arguments: dict[str, Any] = {}
        if account is not None:
            arguments["account"] = self.accounts[account] if isinstance(account, int) else account
        if tool in {"propose_post", "send_draft"}:
            arguments["file"] = file
        if tool == "propose_post":
            arguments["privacy_level"] = level
        if tool == "videos_by_id":
            arguments["ids"] = ["1"]
        if tool == "post_status":
            arguments["proposal"] = data.draw(st.sampled_from(sorted(self.seen)))
            arguments.pop("account", None)
        if extra is not None and data.draw(st.booleans()):
            arguments[extra] = self.key.reveal()
        before = len(self.emulator.requests)
        answer = self.run(self.gate.call(tool, arguments))
        asked = list(self.emulator.requests)[before:]
        assert {request.open_id for request in asked} <= {self.granted, None}
        if answer.get("proposal"):
            self.seen.add(answer["proposal"])
        if tool == "send_draft" and answer["outcome"] == "ok":
            self.drafts += 1

    @rule(tool=st.sampled_from(["propose_post", "propose_post", "send_draft"]), file=st.sampled_from(FILES))
    def propose_a_post(self, *, tool: str, file: str) -> None:
        level = {"privacy_level": "SELF_ONLY"} if tool == "propose_post" else {}
        answer = self.run(self.gate.call(tool, {"file": file, **level}))
        if answer.get("proposal"):
            assert file in {"clip.mp4", "deep/two.mp4", "changed.mp4"}
            self.seen.add(answer["proposal"])
            self.drafts += tool == "send_draft"

    @rule(data=st.data(), approve=st.booleans())
    def decide(self, data: st.DataObject, approve: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        name = data.draw(st.sampled_from(sorted(self.seen)))
        try:
            if approve:
                self.approved.add(name)
                self.run(self.desk.approve(name, approver=self.approver))
            else:
                self.run(self.desk.refuse(name, approver=self.approver))
        except TikTokError:
            pass

    @rule(data=st.data())
    def approve_with_its_own_key(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.seen)))
        try:
            self.run(self.desk.approve(name, approver=self.key))
        except ConfigurationError:
            return
        raise AssertionError(name)

    @rule(
        operations=st.sets(st.sampled_from([*OPERATIONS]), min_size=1),
        account=st.sampled_from([0, 1]),
        level=st.sampled_from(LEVELS),
    )
    def change_the_grant(self, operations: set[Endpoint], account: int, level: str) -> None:
        self.run(self.desk.change(self._grant(operations, account, level)))

    @rule()
    def change_a_file(self) -> None:
        (self.media / "changed.mp4").write_bytes(clip(b"second"))

    @invariant()
    def every_post_was_approved(self) -> None:
        if not hasattr(self, "emulator"):
            return
        posts = [post for post in self.emulator.posts if not post.draft]
        assert len(posts) <= len(self.approved)
        assert sum(post.draft for post in self.emulator.posts) <= self.drafts
        secret = hashlib.sha256((self.folder / "secret.mp4").read_bytes()).hexdigest()
        assert secret not in {post.sha256 for post in self.emulator.posts}

    def teardown(self) -> None:
        if hasattr(self, "emulator"):
            assert self.run(self.desk.verify()).intact
            self.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


TestAgents = Agents.TestCase
TestAgents.settings = settings(max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck))
