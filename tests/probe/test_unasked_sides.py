"""Each question that no program can ask: the emulator plays each side, and the library does what the row says."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from attrs import evolve, frozen

from tests.clocks import FastClock
from tests.emulator.conftest import until
from tests.emulator.test_webhooks import App, waits_after
from tests.media import making
from tests.oauth.test_qr import follow
from tiktok_async import (
    AuthorizationRequest,
    PhotoPost,
    PrivacyLevel,
    PublishFailed,
    TikTokSession,
    VideoPost,
    VideoPublishCompleted,
)
from tiktok_async.emulator import EmulatedUser, Emulator, parse_quirks
from tiktok_async.probe import QUESTIONS, Question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UNASKED = [question for question in QUESTIONS if question.ask is None]
LOOPBACK, WEB = "http://127.0.0.1:8914/callback/", "https://app.example.com/callback/"
PUBLIC = VideoPost(title="Hello #emu", privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)
REDEEMED = "minis.trade_order.redeem.success"


@frozen
class Play:
    """An emulator on one side of a question, and a session that uses it."""

    emulator: Emulator
    session: TikTokSession
    side: str

    async def log_in(self, request: AuthorizationRequest, user: EmulatedUser | None = None) -> frozenset[str]:
        """Log a user in, and return the granted scopes."""
        callback = await self.emulator.consent(request.url, user or self.emulator.add_user())
        account = await self.session.oauth.complete(request, callback)
        return frozenset(map(str, (await account.token()).scopes))

    def told(self, body: bytes) -> Any:
        return self.session.webhooks.parse(body, self.session.webhooks.sign(body))


@asynccontextmanager
async def played(question: Question, side: str) -> "AsyncIterator[Play]":
    quirks = parse_quirks([f"{question.quirk}={side}"])
    async with (
        Emulator(quirks=quirks, limits={}) as emulator,
        emulator.session(clock=FastClock(emulator)) as session,
    ):
        yield Play(emulator, session, side)


async def pkce_challenge(play: Play) -> None:
    request = play.session.oauth.authorization(LOOPBACK, ["user.info.basic"])
    if play.side == "hex":
        assert await play.log_in(request) == {"user.info.basic"}
        return
    with pytest.raises(ValueError, match="code_challenge"):
        await play.log_in(request)


async def pkce_on_the_web(play: Play) -> None:
    scopes = ["user.info.basic"]
    on_loopback, on_the_web = (play.session.oauth.authorization(uri, scopes) for uri in (LOOPBACK, WEB))
    assert ("code_challenge" in on_loopback.url, "code_challenge" in on_the_web.url) == (True, False)
    assert await play.log_in(on_loopback) == await play.log_in(on_the_web) == set(scopes)
    chosen = play.session.oauth.authorization(LOOPBACK, scopes, pkce=False)
    if play.side == "false":
        assert await play.log_in(chosen) == set(scopes)
        return
    with pytest.raises(ValueError, match="code_challenge"):
        await play.log_in(chosen)


async def web_challenge(play: Play) -> None:
    request = play.session.oauth.authorization(WEB, ["user.info.basic"], pkce=True)
    assert "code_challenge" in request.url
    assert await play.log_in(request) == {"user.info.basic"}


async def basic_scope(play: Play) -> None:
    granted = await play.log_in(play.session.oauth.authorization(WEB, ["video.list"]))
    assert granted == ({"video.list"} if play.side == "asked" else {"video.list", "user.info.basic"})


async def qr_confirmed(play: Play) -> None:
    user = play.emulator.add_user()
    qr = await play.session.oauth.qr_login(["user.info.basic"])
    assert await follow(play.emulator, qr, user) == ["new", "scanned", "confirmed"]
    assert qr.account is not None
    assert qr.account.open_id == user.open_id


async def rotation_grace(play: Play) -> None:
    user = play.emulator.add_user()
    account = await play.emulator.connect(play.session, user)
    first = await account.token()
    newest = [await play.session.oauth.refresh(user.open_id) for _ in range(2)][-1]
    assert newest.refresh_token != first.refresh_token
    again = play.emulator.state.grants.rotate(newest.refresh_token.reveal())
    assert again is not None
    used = play.emulator.state.grants.rotate(newest.refresh_token.reveal())
    assert (used is not None) == (play.side == "grace")


async def post_id_shape(play: Play) -> None:
    user = play.emulator.add_user()
    account = await play.emulator.connect(play.session, user)
    publish = await account.post_video(b"video", PUBLIC)
    await publish.run()
    status = await publish.status()
    (post,) = play.emulator.posts.of(user.open_id)
    ids = tuple(map(str, post.post_ids))
    assert status.post_ids == (() if play.side == "absent" else ids)
    assert await publish.find_post_ids() == ids != ()


async def publish_type(play: Play) -> None:
    account = await play.emulator.connect(play.session, play.emulator.add_user())
    await (await account.post_video(b"video", PUBLIC)).run()
    bodies = [sent.body for sent in play.emulator.webhooks if b"post.publish.complete" in sent.body]
    (event,) = map(play.told, bodies)
    assert event.publish_type == play.side
    assert await play.session.webhooks.handle(event)


async def video_event_id(play: Play) -> None:
    event = play.told(play.emulator.signed_webhook("video.publish.completed").body)
    assert isinstance(event, VideoPublishCompleted)
    assert getattr(event, play.side) is not None
    assert (event.share_id, event.publish_id).count(None) == 1


async def minis_user(play: Play) -> None:
    user = play.emulator.add_user()
    event = play.told(play.emulator.signed_webhook(REDEEMED, user=user).body)
    assert event.open_id == (user.open_id if play.side == "named" else None)
    assert event.trade_order_id


async def photos_1080p(play: Play) -> None:
    play.emulator.posting.quirks = evolve(play.emulator.posting.quirks, media="checked", posts_a_day=None)
    account = await play.emulator.connect(play.session, play.emulator.add_user())
    taken = {"both_sides": [True, False, True], "shorter_side": [True, True, True], "width": [True, True, False]}
    for sides, passes in zip([(1080, 1920), (1080, 1921), (1920, 1080)], taken[play.side], strict=True):
        url = f"https://cdn.example.com/{sides[0]}x{sides[1]}.jpg"
        play.emulator.host_media(url, making.photo("JPEG", sides))
        publish = await account.post_photos([url], PhotoPost(privacy_level=PrivacyLevel.SELF_ONLY))
        if passes:
            await publish.wait()
            continue
        with pytest.raises(PublishFailed, match="picture_size_check_failed"):
            await publish.wait()


async def research_zero_cursor(play: Play) -> None:
    listings = play.session.research.followers, play.session.research.following
    for listing in listings:
        assert await listing("emu_user_0001").collect() != []
        from_zero = await listing("emu_user_0001", cursor=0).collect()
        assert (from_zero != []) == (play.side == "beginning")


async def research_favorites(play: Play) -> None:
    users = [play.emulator.research.data.username(number) for number in range(6) if number % 5 != 4]
    for listing in (play.session.research.liked_videos, play.session.research.reposted_videos):
        videos = [video for user in users for video in await listing(user, limit=3).collect()]
        assert videos != []
        assert {type(video.favorites_count) for video in videos} == {int}


async def portability_category(play: Play) -> None:
    user = play.emulator.add_user(scopes={"user.info.basic", "portability.all.ongoing"})
    account = await play.emulator.connect(play.session, user)
    request = await account.portability.add(["direct_message"])
    assert (await request.status()).category_selection_list == ("direct_message",)


async def portability_cancel(play: Play) -> None:
    quirks = play.emulator.portability.quirks
    play.emulator.portability.quirks = evolve(quirks, preparation=timedelta(hours=3))
    user = play.emulator.add_user(scopes={"user.info.basic", "portability.all.ongoing"})
    account = await play.emulator.connect(play.session, user)
    request = await account.portability.add(["profile"])
    await request.cancel()
    assert (await request.status()).status == "cancelled"


async def webhook_signed_anew(play: Play) -> None:
    app = App()
    app.statuses = [500]
    runner = web.ServerRunner(web.Server(app, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        play.emulator.webhook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        play.emulator.send_webhook("authorization.removed", {"reason": 1})
        await until(partial(waits_after, play.emulator, 1))
        play.emulator.clock.advance(timedelta(minutes=5))
        await play.emulator.webhooks_sent()
        (_, first), (_, second) = app.received
        assert (first != second) == (play.side == "true")
        receiver = play.session.webhooks
        events = [receiver.parse(body, sign, tolerance=timedelta(hours=1)) for body, sign in app.received]
        assert [await receiver.handle(event) for event in events] == [True, False]
    finally:
        await runner.cleanup()


PLAYS: dict[str, Callable[[Play], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        pkce_challenge,
        pkce_on_the_web,
        web_challenge,
        basic_scope,
        qr_confirmed,
        rotation_grace,
        post_id_shape,
        publish_type,
        video_event_id,
        minis_user,
        photos_1080p,
        research_zero_cursor,
        research_favorites,
        portability_category,
        portability_cancel,
        webhook_signed_anew,
    )
}


@pytest.mark.parametrize(
    ("question", "side"),
    [(question, side) for question in UNASKED for side in question.sides],
    ids=lambda value: getattr(value, "id", value),
)
async def test_the_library_does_what_the_row_says_on_each_side(question: Question, side: str) -> None:
    async with played(question, side) as play:
        await PLAYS[question.id](play)


def test_only_questions_are_played() -> None:
    assert set(PLAYS) == {question.id for question in UNASKED}
