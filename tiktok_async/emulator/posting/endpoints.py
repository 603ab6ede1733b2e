"""Content Posting: creator info, the three inits, status and cancel.

Source: https://developers.tiktok.com/doc/content-posting-api-get-started
"""

from collections import deque
from functools import partial
from typing import Any, Final

from attrs import evolve

from tiktok_async.emulator.engine.body import BadField, string
from tiktok_async.emulator.engine.quirks import PostingQuirks
from tiktok_async.emulator.engine.replies import TEXT, Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.posting import media
from tiktok_async.emulator.posting.creators import Creator, refuses_posts
from tiktok_async.emulator.posting.inits import GUIDELINES, Init, Refused, check_init, read_init
from tiktok_async.emulator.posting.posts import Post, Posts
from tiktok_async.emulator.posting.rules import PullSource
from tiktok_async.emulator.posting.timelines import (
    FAILED,
    PROCESSING_DOWNLOAD,
    PROCESSING_UPLOAD,
    Step,
    Timeline,
    failed,
)
from tiktok_async.emulator.posting.upload_host import UploadHost
from tiktok_async.emulator.posting.url_properties import UrlProperties
from tiktok_async.models import Endpoint, Scope

_BOTH: Final = (Scope.VIDEO_PUBLISH, Scope.VIDEO_UPLOAD)
# From this share of a pull on, it cannot be cancelled; TikTok says "not near completion".
_NEAR_THE_END: Final = 0.9
_COVERS: Final = "/emulated-covers/"


class Posting:
    """The Content Posting area.

    Attributes:
        quirks: The behaviour where TikTok's pages disagree; may be replaced at any time.
        posts: Every accepted init.
        uploads: The host that receives the bytes.
        properties: The URLs from which this app may let TikTok pull media.
        timeline: The timeline of each init that is accepted from now on.
        hosted: The media at the URLs of pulls, by URL; used only if media is checked.
    """

    def __init__(self, state: State, quirks: PostingQuirks) -> None:
        self._state = state
        self._creators: dict[str, Creator] = {}
        self._fail_next: deque[str] = deque()
        self._count = 0
        self.quirks = quirks
        self.timeline: Timeline = Timeline()
        self.properties: UrlProperties = UrlProperties()
        # The domain that is reserved for examples counts as verified.
        self.properties.add_domain("example.com")
        self.posts: Posts = Posts(state.clock, self._apply_step)
        self.uploads: UploadHost = UploadHost(state)
        self.hosted: dict[str, bytes] = {}

    def creator(self, open_id: str) -> Creator:
        """Return the posting settings of a user."""
        return self._creators.setdefault(open_id, Creator())

    def fail_next(self, reason: str, times: int) -> None:
        """Let the next accepted inits end in `FAILED` for *reason*."""
        self._fail_next.extend([reason] * times)

    def routes(self) -> list[RouteDef]:
        """Return the routes of this area."""
        return [
            route(Endpoint.CREATOR_INFO, self._creator_info, scopes=_BOTH),
            route(Endpoint.VIDEO_INIT, partial(self._init, Endpoint.VIDEO_INIT), scopes=(Scope.VIDEO_PUBLISH,)),
            route(Endpoint.INBOX_INIT, partial(self._init, Endpoint.INBOX_INIT), scopes=(Scope.VIDEO_UPLOAD,)),
            route(Endpoint.CONTENT_INIT, partial(self._init, Endpoint.CONTENT_INIT)),
            route(Endpoint.STATUS_FETCH, self._status, scopes=_BOTH),
            route(Endpoint.PUBLISH_CANCEL, self._cancel, scopes=_BOTH),
            *self.uploads.routes(),
            RouteDef(endpoint="cover", method="GET", path=_COVERS, handler=self._cover, prefix=True, hidden=True),
        ]

    async def _creator_info(self, call: Call) -> Reply:
        grant = call.user_grant
        if Scope.VIDEO_PUBLISH not in grant.scopes and not self.quirks.creator_info_by_upload:
            return self._state.replies.error("scope_not_authorized")
        creator = self.creator(grant.open_id)
        code = refuses_posts(grant.open_id, creator, self.posts, self.quirks)
        if code is not None:
            # TikTok sends business refusals of this endpoint with HTTP 200.
            return self._state.replies.error(code, GUIDELINES, status=200)
        return self._state.replies.ok(creator.info(self._state.users[grant.open_id], self.quirks, self._state.url))

    async def _init(self, endpoint: Endpoint, call: Call) -> Reply:
        open_id = call.user_grant.open_id
        try:
            init = read_init(endpoint, call.json(), call.user_grant.scopes, self.quirks)
            check_init(
                init,
                self._state.users[open_id],
                self.creator(open_id),
                posts=self.posts,
                properties=self.properties,
                quirks=self.quirks,
            )
        except BadField as wrong:
            return self._state.replies.error(self.quirks.bad_param_code, str(wrong), status=400)
        except Refused as refusal:
            return self._state.replies.error(refusal.code, refusal.message, status=refusal.status)
        post = self._keep(init, open_id)
        data = {"publish_id": post.publish_id}
        if post.upload is not None:
            data["upload_url"] = self.uploads.url(post.upload, self.quirks.upload_path)
        return self._state.replies.ok(data)

    def _keep(self, init: Init, open_id: str) -> Post:
        reason = self._fail_next.popleft() if self._fail_next else self.timeline.fail_reason
        source = init.source
        if reason is None and isinstance(source, PullSource) and self.quirks.media == "checked":
            reason = self._refused_pull(source, open_id, photos=init.endpoint is Endpoint.CONTENT_INIT)
        post = Post(
            publish_id=f"{init.prefix}{self._id()}",
            open_id=open_id,
            endpoint=init.endpoint,
            body=init.body,
            at=self._now,
            draft=init.draft,
            public=init.public,
            timeline=evolve(self.timeline, fail_reason=reason),
            upload=None if isinstance(source, PullSource) else self.uploads.open(source, self._id(), self.quirks),
            status=PROCESSING_DOWNLOAD if init.pulled else PROCESSING_UPLOAD,
        )
        if post.upload is not None:
            post.upload.on_complete = partial(self._arrived, post)
        self.posts.add(post)
        return post

    def _refused_pull(self, source: PullSource, open_id: str, *, photos: bool) -> str | None:
        """Check the hosted media; one refused photo fails the whole post. URLs without hosted media are not checked."""
        longest = self.creator(open_id).max_video_post_duration_sec
        found = [self.hosted[url] for url in source.urls if url in self.hosted]
        size = self.quirks.photo_size
        reasons = [media.refused_photo(data, size) if photos else media.refused(data, longest) for data in found]
        return next(filter(None, reasons), None)

    def _arrived(self, post: Post) -> None:
        """Check a completely uploaded video if the quirks say so, and start its timeline."""
        if post.upload is not None and post.upload.kept is not None:
            longest = self.creator(post.open_id).max_video_post_duration_sec
            reason = media.refused(bytes(post.upload.kept), longest)
            post.upload.kept = None
            if reason is not None and post.timeline.fail_reason is None:
                post.timeline = evolve(post.timeline, fail_reason=reason)
        self.posts.begin(post)

    async def _cover(self, call: Call) -> Reply:
        name = call.request.path.removeprefix(_COVERS).removesuffix(".png")
        if not name.isascii() or not name.isdigit():
            return Reply(404, b"", TEXT)
        return Reply(200, media.cover(int(name)), "image/png")

    async def _status(self, call: Call) -> Reply:
        post = self._asked_for(call)
        if isinstance(post, Reply):
            return post
        post.polls += 1
        if post.polls <= self.quirks.unknown_id_polls:
            return self._state.replies.error(self.quirks.bad_param_code, "invalid_publish_id", status=400)
        if post.status == FAILED:
            return self._state.replies.ok({"fail_reason": post.fail_reason, "status": FAILED})
        data: dict[str, Any] = {"status": post.status, **self._post_ids(post)}
        if post.upload is not None:
            data["uploaded_bytes"] = post.upload.uploaded
        else:
            data["downloaded_bytes"] = post.downloaded(self._now)
        return self._state.replies.ok(data)

    async def _cancel(self, call: Call) -> Reply:
        post = self._asked_for(call)
        if isinstance(post, Reply):
            return post
        near = post.downloaded(self._now) >= _NEAR_THE_END * post.timeline.download_size
        if post.status != PROCESSING_DOWNLOAD or near:
            return self._state.replies.error("publish_not_cancellable", "It cannot be cancelled any more.", status=400)
        post.steps = [failed("publish_cancelled", after=0.0)]
        self.posts.advance(post)
        return self._state.replies.ok(None)

    def _asked_for(self, call: Call) -> Post | Reply:
        """Return the post that a status or cancel call names, or the error reply."""
        replies = self._state.replies
        try:
            publish_id = string(call.json(), "publish_id", required=True) or ""
        except BadField as wrong:
            return replies.error(self.quirks.bad_param_code, str(wrong), status=400)
        post = self.posts.find(publish_id)
        if post is None:
            return replies.error("invalid_publish_id", "The publish_id does not exist.", status=400)
        if post.open_id != call.user_grant.open_id:
            return replies.error("token_not_authorized_for_specified_publish_id", "It is not yours.", status=400)
        return post

    def _post_ids(self, post: Post) -> dict[str, Any]:
        shape = self.quirks.post_id_shape
        if not post.public or shape == "absent" or (not post.post_ids and shape != "list"):
            return {}
        values: dict[str, Any] = {
            "list": list(post.post_ids),
            "strings": [str(post_id) for post_id in post.post_ids],
            "scalar": post.post_ids[0] if post.post_ids else None,
            "string": str(post.post_ids[0]) if post.post_ids else None,
        }
        # TikTok's spelling.
        return {"publicaly_available_post_id": values[shape]}

    def _apply_step(self, post: Post, step: Step) -> None:
        """Apply one step to a post, and send the app a webhook."""
        if step.status is not None and step.status != FAILED and not self._state.grants.granted(post.open_id):
            step = failed("auth_removed", after=0.0)
            post.steps.clear()
        post.status = step.status or post.status
        post.fail_reason = step.fail_reason
        word = "INBOX_SHARE" if post.draft else self.quirks.direct_word
        content: dict[str, Any] = {"publish_id": post.publish_id, "publish_type": word}
        if step.fail_reason is not None:
            content["reason"] = step.fail_reason
        if step.visible:
            post.post_ids = tuple(self._id() for _ in range(post.timeline.post_ids))
            self._list(post)
        ids: tuple[int | None, ...] = (None,) if step.visible is None else post.post_ids
        for post_id in ids:
            if post_id is not None:
                content["post_id"] = post_id if self.quirks.webhook_post_id == "number" else str(post_id)
            post.events.append(step.event)
            self._state.webhooks.send(step.event, dict(content), post.open_id)
        if step.visible is False:
            self._unlist(post)
            post.post_ids = ()

    def _list(self, post: Post) -> None:
        """Add a public post with its cover to the creator's videos, so that the video list shows it."""
        user = self._state.users.get(post.open_id)
        if user is None or post.endpoint is Endpoint.CONTENT_INIT:
            return
        title = str(post.body.get("post_info", {}).get("title", ""))
        for number in post.post_ids:
            user.videos.publish(
                number,
                title=title,
                video_description=title,
                cover_image_url=f"{self._state.url}{_COVERS}{number}.png",
                view_count=0,
                like_count=0,
                comment_count=0,
                share_count=0,
            )

    def _unlist(self, post: Post) -> None:
        user = self._state.users.get(post.open_id)
        for number in post.post_ids:
            if user is not None and user.videos.find(str(number)) is not None:
                user.videos.remove(str(number))

    def _id(self) -> int:
        self._count += 1
        # Like TikTok's ids: the upper half is the second of posting, 19 digits.
        return (int(self._state.clock.timestamp()) << 32) | self._count

    @property
    def _now(self) -> float:
        return self._state.clock.monotonic()
