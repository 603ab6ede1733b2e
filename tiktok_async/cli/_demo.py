"""The demonstration: an app and one creator, against the emulator; each step is verified."""

import hashlib
from contextlib import aclosing
from datetime import timedelta

from tiktok_async.api.account import Account
from tiktok_async.cli._steps import Steps
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import AccountKey, PrivacyLevel, PublishState, Scope, Token, VideoPost
from tiktok_async.session import TikTokSession
from tiktok_async.stores import open_store

_SIZE = 12_000_000
_CHUNK = 6_000_000


async def post_a_video(steps: Steps, emulator: Emulator, account: Account) -> None:
    """Post a made-up video.

    Raises:
        TikTokError: A step could not be verified.
    """
    video = hashlib.shake_128(b"a video").digest(_SIZE)
    publish = await account.post_video(
        video, VideoPost(title="Made by a demo", privacy_level=PrivacyLevel.SELF_ONLY), chunk_size=_CHUNK
    )
    chunks = publish.plan.count if publish.plan is not None else 0
    steps.done("Post", f"TikTok accepted a video of {_SIZE:,} bytes in {chunks} chunks.", verified=chunks > 1)
    saved = publish.to_json()
    async with aclosing(publish.upload()) as uploading:
        async for progress in uploading:
            saved = progress.state
            break
    steps.done(
        "Cut off",
        f"The upload ended after its first chunk; {len(saved)} characters of JSON were kept.",
        verified=bool(saved),
    )
    again = account.publish(saved, video)
    sent = [progress.sent async for progress in again.upload()]
    (post,) = emulator.posts
    steps.done(
        "Resume",
        "What was kept continued it, as another process would: all bytes arrived, none of them twice.",
        verified=sent == [_SIZE]
        and post.sha256 == hashlib.sha256(video).hexdigest()
        and sum(arrival.received for arrival in post.arrivals) == _SIZE,
    )
    status = await again.wait(timedelta(minutes=5))
    steps.done(
        "Publish",
        f"TikTok says {status.state}, for one post and not two.",
        verified=status.state == PublishState.PUBLISH_COMPLETE and emulator.posts.accepted[account.open_id] == 1,
    )


_REDIRECT_URI = "http://127.0.0.1:8734/callback/"
_SCOPES = (Scope.USER_INFO_BASIC, Scope.USER_INFO_PROFILE, Scope.USER_INFO_STATS, Scope.VIDEO_LIST, Scope.VIDEO_PUBLISH)
_PAGE_SIZE = 20


async def run_demo(store: str, *, videos: int) -> None:
    """Run every step.

    Args:
        store: The URL of the store to keep the token in.
        videos: How many videos the creator has.

    Raises:
        TikTokError: A step could not be verified.
    """
    steps = Steps()
    tokens = open_store(store)
    try:
        async with Emulator() as emulator:
            user = emulator.add_user(videos=videos)
            steps.done(
                "TikTok", f"An emulator of it serves at {emulator.url}.", verified=emulator.url.startswith("http")
            )
            async with emulator.session(store=tokens) as session:
                account = await _log_in(steps, emulator, session, user)
                await _read(steps, account, user, videos)
                before = await account.token()
                emulator.clock.advance(before.expires_at - emulator.clock.now() + timedelta(seconds=1))
                await account.user_info()
            _show_refresh(steps, emulator, before, await tokens.get(before.key))
            async with emulator.session(store=tokens) as session:
                account = await _come_back(steps, emulator, session, account.open_id)
                await post_a_video(steps, emulator, account)
            await _look_for_leaks(steps, emulator, AccountKey(emulator.client_key, account.open_id), store)
    finally:
        await tokens.aclose()
    steps.end("All of it was checked.")


async def _log_in(steps: Steps, emulator: Emulator, session: TikTokSession, user: EmulatedUser) -> Account:
    request = session.oauth.authorization(_REDIRECT_URI, _SCOPES)
    callback = await emulator.consent(request.url, user)
    steps.done(
        "Consent",
        f"{user.display_name} was asked for {len(_SCOPES)} scopes, and allowed them.",
        verified=callback.startswith(_REDIRECT_URI) and request.state in callback,
    )
    account = await session.oauth.complete(request, callback)
    token = await account.token()
    steps.done(
        "Login",
        f"State and code were good; the token of account {account.open_id} is stored.",
        verified=token.scopes == frozenset(map(str, _SCOPES)) and emulator.logins[account.open_id] == 1,
    )
    return account


async def _read(steps: Steps, account: Account, user: EmulatedUser, videos: int) -> None:
    profile = await account.user_info()
    steps.done(
        "Profile",
        f"{profile.display_name} has {profile.follower_count} followers and {profile.video_count} videos.",
        verified=profile.display_name == user.display_name and profile.video_count == videos,
    )
    pages = [page.items async for page in account.videos(page_size=_PAGE_SIZE).pages()]
    found = [video for page in pages for video in page]
    times = [video.create_time for video in found if video.create_time is not None]
    steps.done(
        "Videos",
        f"{len(found)} videos came on {len(pages)} pages, newest first, each once.",
        verified=len({video.id for video in found}) == len(found) == len(times) == videos
        and times == sorted(times, reverse=True),
    )


def _show_refresh(steps: Steps, emulator: Emulator, before: Token, stored: Token | None) -> None:
    steps.done(
        "Refresh",
        "The access token ended. The next call got a new pair, which is stored; the old refresh token is dead.",
        verified=stored is not None
        and stored.version > before.version
        and stored.refresh_token != before.refresh_token
        and emulator.refreshes[before.key.open_id] == 1,
    )


async def _come_back(steps: Steps, emulator: Emulator, session: TikTokSession, open_id: str) -> Account:
    found = [account async for account in session.accounts()]
    again = [account for account in found if account.open_id == open_id]
    steps.done(
        "Restart",
        "Another session found the account in the store, and needed no login.",
        verified=len(again) == 1 and bool(await again[0].user_info()) and emulator.logins[open_id] == 1,
    )
    return again[0]


async def _look_for_leaks(steps: Steps, emulator: Emulator, key: AccountKey, store: str) -> None:
    async with emulator.session(store=store) as session:
        token = await session.account(key.open_id).token()
    shown = f"{token!r} {token}"
    secrets = [token.access_token.reveal(), token.refresh_token.reveal(), emulator.client_secret]
    steps.done(
        "Secrets",
        "No token and no secret was sent where it does not belong, or shows in a repr.",
        verified=not any(emulator.leaks(secret) or secret in shown for secret in secrets),
    )
