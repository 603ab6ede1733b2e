"""The public types in a user's code: mypy and pyright check this file, and nothing runs it."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from datetime import UTC, date, datetime, timedelta
from typing import assert_type

from tiktok_async import (
    Account,
    AccountKey,
    ApiError,
    Archive,
    ArchiveMember,
    AuthorizationRequest,
    ChunkPlan,
    ClientToken,
    Clock,
    Condition,
    CreatorInfo,
    Endpoint,
    Event,
    F,
    Limit,
    Page,
    Pages,
    PhotoPost,
    PortabilityRequest,
    PortabilityStatus,
    PostEvent,
    PrivacyLevel,
    Publish,
    PublishStatus,
    PullFromUrl,
    QrLogin,
    QrStatus,
    Query,
    Quota,
    RateLimited,
    RateLimiter,
    ReauthorizationRequired,
    RefreshReport,
    RelatedUser,
    RequestFinished,
    ResearchComment,
    ResearchUser,
    ResearchVideo,
    Response,
    RetryPolicy,
    Scope,
    ScopeNotGranted,
    Secret,
    Shop,
    TikTokError,
    TikTokSession,
    Token,
    TokenNotSaved,
    TokenStore,
    Transport,
    User,
    UserField,
    Video,
    VideoField,
    VideoPost,
    WebhookEvent,
    WebhookReceiver,
    plan_chunks,
)
from tiktok_async.blocking import Runner
from tiktok_async.contrib.starlette import TikTok
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
    open_store,
)
from tiktok_async.testing import VirtualClock

key = AccountKey("client", "open")
token = Token(
    key=key,
    access_token=Secret("act.a"),
    refresh_token=Secret("rft.a"),
    scopes=frozenset({"user.info.basic"}),
    expires_at=datetime.now(UTC),
    refresh_expires_at=datetime.now(UTC),
    updated_at=datetime.now(UTC),
)
assert_type(token.access_token.reveal(), str)
assert_type(token.expires_at, datetime)
assert_type(token.scopes, frozenset[str])
assert_type(Endpoint.VIDEO_LIST.path, str)
assert_type(Limit(6, per=timedelta(minutes=1)).per, timedelta)


def observer(event: Event) -> None:
    if isinstance(event, RequestFinished):
        assert_type(event.duration, timedelta)
        assert_type(event.status, int | None)


async def sessions(store: TokenStore, limiter: RateLimiter) -> None:
    async with TikTokSession(
        client_key="key",
        client_secret="secret",
        store=store,
        limiter=limiter,
        limits={Endpoint.USER_INFO: Limit(1200, per=timedelta(minutes=1))},
        max_rate_limit_wait=timedelta(seconds=5),
        refresh_margin=None,
        retry=RetryPolicy(),
        observer=observer,
    ) as session:
        assert_type(session, TikTokSession)
        assert_type(session.account("open"), Account)
        assert_type(session.accounts(), AsyncIterator[Account])
        assert_type(await session.refresh_due(within=timedelta(minutes=10), concurrency=8), RefreshReport)
        async with session.keep_fresh(every=timedelta(minutes=5)):
            pass
        assert_type(await session.request("GET", "/v2/user/info/", open_id="open"), Response)
        assert_type(await session.request("POST", "/v2/x/", client=True, headers={"Idempotency-Key": "1"}), Response)
        await session.aclose()
    assert_type(TikTokSession.from_env(store="memory://"), TikTokSession)


async def logins(session: TikTokSession) -> None:
    request = session.oauth.authorization("https://example.com/cb", [Scope.USER_INFO_BASIC, "video.list"])
    assert_type(request, AuthorizationRequest)
    assert_type(request.url, str)
    assert_type(request.state, str)
    assert_type(AuthorizationRequest.from_json(request.to_json()), AuthorizationRequest)
    assert_type(await session.oauth.complete(request, "code=1&state=2"), Account)
    assert_type(await session.oauth.exchange("code"), Account)
    assert_type(await session.oauth.refresh("open"), Token)
    assert_type(await session.oauth.client_token(), ClientToken)
    assert_type(await session.oauth.import_v1({"data": {}}), Account)
    await session.oauth.revoke("open")


def environment() -> None:
    assert_type(TikTokSession.from_env(store="memory://", max_rate_limit_wait=timedelta(seconds=5)), TikTokSession)
    TikTokSession.from_env(stroe="memory://")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # misspelt
    TikTokSession.from_env(store=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # no store


async def accounts(account: Account) -> None:
    assert_type(account.open_id, str)
    assert_type(await account.token(), Token)
    user = await account.user_info([UserField.USERNAME])
    assert_type(user, User)
    assert_type(user.follower_count, int | None)
    assert_type(await account.profile(name="A player"), User)
    pages = account.videos(fields=[VideoField.ID], since=datetime.now(UTC), limit=5, page_size=20, read_ahead=1)
    assert_type(pages, Pages[Video])
    async for video in pages:
        assert_type(video, Video)
        assert_type(video.create_time, datetime | None)
        assert_type(video.duration, timedelta | None)
    assert_type(pages.pages(), AsyncGenerator[Page[Video], None])
    async for page in pages.pages():
        assert_type(page.items, tuple[Video, ...])
        assert_type(page.has_more, bool)
    assert_type(await pages.first(), Video | None)
    assert_type(await pages.collect(limit=3), list[Video])
    assert_type(account.videos_by_id(["1"]), Pages[Video])
    await account.disconnect()


async def posting(account: Account) -> None:
    assert_type(await account.creator_info(), CreatorInfo)
    post = VideoPost(title="A title", privacy_level=PrivacyLevel.SELF_ONLY)
    publish = await account.post_video("clip.mp4", post, check=True, dedup_key="mine")
    assert_type(publish, Publish)
    assert_type(publish.publish_id, str)
    assert_type(publish.plan, ChunkPlan | None)
    assert_type(publish.to_json(), str)
    async for progress in publish.upload():
        assert_type(progress.sent, int)
        assert_type(progress.state, str)
    assert_type(await publish.wait(timeout=timedelta(minutes=30)), PublishStatus)
    status = await publish.status()
    assert_type(status.post_ids, tuple[str, ...])
    await publish.cancel()
    await account.draft_video(PullFromUrl("https://example.com/clip.mp4"))
    photos = PhotoPost(title="A title", privacy_level=PrivacyLevel.SELF_ONLY)
    assert_type(await account.post_photos(["https://example.com/1.jpg"], photos), Publish)
    assert_type(account.publish(publish.to_json(), "clip.mp4"), Publish)
    plan = plan_chunks(150_000_000)
    assert_type(plan.count, int)
    for piece in plan.ranges():
        assert_type(piece, range)


async def research(session: TikTokSession) -> None:
    query = Query.all(F.region_code.in_("US", "FR"), F.hashtag_name == "cats") & (F.view_count > 10)
    assert_type(query, Query)
    assert_type(F.username == "somebody", Condition)
    pages = session.research.videos(query, start=date(2026, 1, 1), end=date(2026, 6, 30), checkpoint=None)
    assert_type(pages, Pages[ResearchVideo])
    assert_type(await session.research.user("somebody"), ResearchUser)
    assert_type(session.research.comments("7"), Pages[ResearchComment])
    assert_type(session.research.followers("somebody"), Pages[RelatedUser])
    assert_type(await session.research.shop("A Shop"), tuple[Shop, ...])
    assert_type(await session.research.quota(), Quota)


async def own_data(account: Account) -> None:
    request = await account.portability.add(["profile"], format="json")
    assert_type(request, PortabilityRequest)
    assert_type(await request.wait(), PortabilityStatus)
    archive = await request.download("mine.zip")
    assert_type(archive, Archive)
    assert_type(await archive.members(), tuple[ArchiveMember, ...])
    assert_type(await archive.read("Profile/Profile.json"), bytes)


async def qr_logins(session: TikTokSession) -> None:
    qr = await session.oauth.qr_login([Scope.USER_INFO_BASIC])
    assert_type(qr, QrLogin)
    async for status in qr.watch():
        assert_type(status, QrStatus | str)
    assert_type(qr.account, Account | None)


async def webhooks(session: TikTokSession) -> None:
    assert_type(session.webhooks, WebhookReceiver)
    event = session.webhooks.parse(b"{}", "t=1,s=0", tolerance=timedelta(minutes=5))
    assert_type(event, WebhookEvent)
    assert_type(event.dedup_key, str)
    if isinstance(event, PostEvent):
        assert_type(event.publish_id, str)
    assert_type(await session.webhooks.handle(event), bool)
    assert_type(WebhookReceiver("key", "secret").sign(b"{}", at=datetime.now(UTC)), str)


def embedded() -> None:
    tiktok = TikTok(redirect_uri="https://example.com/cb/", scopes=[Scope.USER_INFO_BASIC])
    assert_type(tiktok.session, TikTokSession)
    with Runner() as runner:
        account = runner.session.account("open")
        assert_type(runner.run(account.user_info()), User)
        assert_type(runner.iterate(account.videos()), Generator[Video, None, None])


def errors(error: TikTokError) -> None:
    match error:
        case RateLimited():
            assert_type(error.retry_after, timedelta | None)
        case ApiError():
            assert_type(error.code, str)
            assert_type(error.log_id, str | None)
            assert_type(error.retryable, bool)
        case ReauthorizationRequired():
            assert_type(error.open_id, str)
            assert_type(error.reason, str)
        case ScopeNotGranted():
            assert_type(error.missing, frozenset[str])
        case TokenNotSaved():
            assert_type(error.token, Token | None)
        case _:
            pass


async def protocols(store: TokenStore, limiter: RateLimiter, transport: Transport) -> None:
    assert_type(await store.get(key), Token | None)
    assert_type(await store.put(token, expected_version=None), Token)
    async for found in store.keys("client"):
        assert_type(found, AccountKey)
    async with store.lease(key, ttl=timedelta(seconds=90), wait=timedelta(0)) as lease:
        assert_type(await lease.renew(timedelta(seconds=90)), bool)
    await limiter.aclose()
    await transport.aclose()


def stores() -> list[TokenStore]:
    assert_type(generate_store_key(), str)
    return [
        MemoryTokenStore(),
        SQLiteTokenStore("tokens.db"),
        EncryptedTokenStore(RedisTokenStore("redis://127.0.0.1/0"), keys=[generate_store_key()]),
        open_store("memory://"),
    ]


async def emulators() -> None:
    async with Emulator(port=8900) as emulator:
        user = emulator.add_user(videos=250, scopes={Scope.USER_INFO_BASIC})
        assert_type(user, EmulatedUser)
        async with emulator.session(store="memory://") as session:
            assert_type(session, TikTokSession)
            assert_type(await emulator.connect(session, user), Account)
        emulator.fail_next(Endpoint.VIDEO_LIST, status=500, times=2)
        emulator.clock.advance(timedelta(hours=2))
        assert_type(emulator.url, str)
        assert_type(emulator.authorize_url, str)


clock: Clock = VirtualClock()
