"""Posting a video: the creator's file, their choices, and the state of the post.

All of it is kept in this process, which is enough to try it. A real site keeps the file where its workers can read it
and the choices in its database, and a worker makes the call below.
"""

import asyncio
import atexit
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from examples.web_site import pages, posting_page
from examples.web_site.reasons import REASONS
from tiktok_async import (
    Account,
    AccountNotFound,
    ApiError,
    ConfigurationError,
    CreatorInfo,
    MediaReport,
    OutcomeUnknown,
    PostChoices,
    PostingForm,
    PublishFailed,
    PublishPending,
    ReauthorizationRequired,
    ScopeNotAuthorized,
    ScopeNotGranted,
    SourceChanged,
    TikTokError,
    UploadError,
    UploadExpired,
    UploadProgress,
    UploadRejected,
    check_media,
    posting_form,
    video_url,
)

AUDITED = os.environ.get("APP_IS_AUDITED", "yes") == "yes"

_LARGEST = 4 * 1024**3
_WAIT = timedelta(minutes=10)
_MOST_DRAFTS = 200
_SUFFIXES = (".mp4", ".mov", ".webm")

_logger = logging.getLogger(__name__)


@frozen(slots=True, kw_only=True)
class Progress:
    """The progress of a post, as the page shows it.

    Attributes:
        title: What happened.
        words: What that means.
        share: The part of the video that TikTok has, 0 to 1; `None` if the page shows none.
        links: The post's URLs.
        next: What the creator can do: `again` continues this post, `back` returns to the form, `new` begins another.
        done: Whether the progress is final, unless the creator does something.
    """

    title: str
    words: str = ""
    share: float | None = None
    links: tuple[str, ...] = ()
    next: str = ""
    done: bool = False


@define(eq=False, slots=True, kw_only=True)
class Draft:
    """A post that is being prepared.

    Attributes:
        id: Its id, in the URL of its page; as dedup_key, it prevents that the video is posted twice.
        account: The creator's account.
        creator: TikTok's creator info when the page was opened, or the error if the creator cannot post.
        choices: The creator's choices.
        path: The file's path on this server.
        name: The file's name on the creator's machine.
        report: The result of `check_media` for the file.
        progress: The post's progress; `None` before it is posted.
        task: The task that posts it.
    """

    id: str
    account: Account
    creator: CreatorInfo | ApiError
    choices: PostChoices = field(factory=PostChoices)
    path: Path | None = None
    name: str = ""
    report: MediaReport | None = None
    progress: Progress | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def form(self) -> PostingForm:
        """The form to show now."""
        return posting_form(self.creator, self.choices, audited=AUDITED)

    @property
    def problems(self) -> list[str]:
        """Return the problems of the file and of the choices that prevent the post."""
        if isinstance(self.creator, ApiError):
            return [str(problem) for problem in self.form.problems]
        return [*_file_problems(self.report), *map(str, self.form.problems)]

    @property
    def fixed(self) -> bool:
        """Whether the post is under way or finished, so that it can no longer be changed."""
        return self.progress is not None and self.progress.next != "back"

    def view(self) -> dict[str, Any]:
        """Return the contents of the page, for its script."""
        return posting_page.view(self.form, self.problems, posting_page.file_words(self.name, self.report))

    def told(self) -> dict[str, Any]:
        """Return the post's progress, for the page's script."""
        progress = self.progress or Progress(title="")
        return {
            "share": progress.share,
            "done": progress.done,
            "begun": self.progress is not None,
            "html": posting_page.outcome(progress.title, progress.words, progress.links, progress.next),
        }


def _file_problems(report: MediaReport | None) -> list[str]:
    if report is None:
        return ["Choose a video."]
    if report.kind == "photo":
        return ["This is a photo. TikTok fetches photos from a site's own domain, so this page posts videos only."]
    # The form also reports a video that is too long for this creator.
    return [str(problem) for problem in report.problems if problem.rule != "duration" or report.duration is None]


class Posting:
    """The posting pages of all creators."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}
        # The files are deleted when the process ends.
        self._folder = Path(tempfile.mkdtemp(prefix="posting-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)

    async def page(self, account: Account | None, query: Mapping[str, str]) -> str:
        """Return the posting page: a new one, or that of an existing draft if *query* has `draft`."""
        if account is None:
            return pages.landing(None)
        draft = self.draft(query.get("draft", ""), account)
        try:
            # TikTok requires this call each time the page is shown.
            draft = draft or self._begin(account, await account.creator_info())
        except (ReauthorizationRequired, AccountNotFound):
            return pages.disconnected()
        except (ScopeNotGranted, ScopeNotAuthorized):
            return posting_page.not_allowed()
        except ApiError as refused:
            draft = self._begin(account, refused)
        except TikTokError:
            return pages.trouble(None)
        return posting_page.page(draft.id, draft.form, draft.choices, draft.view(), draft.told())

    def draft(self, draft_id: str, account: Account) -> Draft | None:
        """Return the draft with this id, if it belongs to this account."""
        draft = self._drafts.get(draft_id)
        return draft if draft is not None and draft.account.open_id == account.open_id else None

    def _begin(self, account: Account, creator: CreatorInfo | ApiError) -> Draft:
        while len(self._drafts) >= _MOST_DRAFTS:
            # Remove the oldest. A post under way has its file open, so it still finishes.
            _remove(self._drafts.pop(next(iter(self._drafts))))
        draft = Draft(id=secrets.token_urlsafe(16), account=account, creator=creator)
        self._drafts[draft.id] = draft
        return draft

    def choose(self, draft: Draft, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Save the creator's choices, and return the contents of the page."""
        if not draft.fixed:
            draft.choices = _choices(sent, draft.report)
        return draft.view()

    async def take_file(self, draft: Draft, name: str, body: AsyncIterator[bytes]) -> dict[str, Any]:
        """Save the creator's file, check it, and return the contents of the page."""
        if draft.fixed:
            return draft.view()
        suffix = Path(name).suffix.lower()
        path = self._folder / (secrets.token_hex(8) + (suffix if suffix in _SUFFIXES else ".mp4"))
        size = 0
        with path.open("xb") as file:
            async for block in body:
                size += len(block)
                if size > _LARGEST:
                    break
                await asyncio.to_thread(file.write, block)
        creator = draft.creator if isinstance(draft.creator, CreatorInfo) else None
        report = await check_media(path, creator=creator)
        if draft.fixed:  # it was posted meanwhile, from another tab
            path.unlink()
            return draft.view()
        _remove(draft)
        draft.path, draft.name, draft.report = path, name[:200], report
        draft.choices = evolve(draft.choices, duration=report.duration)
        return draft.view()

    def post(self, draft: Draft, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Post the video, or continue its post, unless there are problems; return the progress."""
        running = draft.task is not None and not draft.task.done()
        again = draft.progress is not None and draft.progress.next == "again"
        if not again:
            self.choose(draft, sent)
        if not running and not draft.problems and (again or not draft.fixed):
            draft.progress = Progress(title="Sending your video to TikTok", share=0.0)
            draft.task = asyncio.create_task(_post(draft))
        return draft.told()


def _choices(sent: Mapping[str, Any], report: MediaReport | None) -> PostChoices:
    def on(name: str) -> bool:
        return sent.get(name) is True

    def text(name: str) -> str | None:
        value = sent.get(name)
        return value[:5000] if isinstance(value, str) and value else None

    return PostChoices(
        privacy_level=text("privacy_level"),
        title=text("title"),
        allow_comment=on("allow_comment"),
        allow_duet=on("allow_duet"),
        allow_stitch=on("allow_stitch"),
        disclosed=on("disclosed"),
        your_brand=on("disclosed") and on("your_brand"),
        branded_content=on("disclosed") and on("branded_content"),
        duration=None if report is None else report.duration,
    )


async def _post(draft: Draft) -> None:
    """Post the draft and update its progress; a second call with its id continues the same post."""

    def sent(progress: UploadProgress) -> None:
        share = progress.sent / progress.total
        title = "Sending your video to TikTok" if share < 1 else "TikTok is working on your video"
        draft.progress = Progress(title=title, words="" if share < 1 else _MINUTES, share=share)

    accepted = False
    try:
        publish = await draft.account.post_video(
            str(draft.path), draft.choices.video_post(), check=True, dedup_key=draft.id
        )
        accepted = True
        status = await publish.run(timeout=_WAIT, on_progress=sent)
        draft.progress = _published(draft, status.post_ids)
        for _ in range(120 if not draft.progress.links and _is_public(draft) else 0):
            await asyncio.sleep(5)
            draft.progress = _published(draft, await publish.find_post_ids())
            if draft.progress.links:
                break
        draft.progress = evolve(draft.progress, done=True)
    except TikTokError as error:
        _logger.warning("The post of %s ended: %s", draft.account.open_id, error)
        draft.progress = _ended(error) or (_lost_sight() if accepted else _not_posted(error))
    if draft.progress.next == "new":
        _remove(draft)


_MINUTES = "It may take a few minutes until the post is on your profile. You can leave this page."


def _is_public(draft: Draft) -> bool:
    return draft.choices.privacy_level == "PUBLIC_TO_EVERYONE"


def _published(draft: Draft, post_ids: Sequence[str]) -> Progress:
    name = draft.form.username
    links = tuple(video_url(name, post_id) for post_id in post_ids) if name else ()
    words = "You find it on your TikTok profile."
    if _is_public(draft):
        words = "Everybody can see it." if links else "TikTok still checks it. Its link appears here when it is public."
    return Progress(title="Your video is posted", words=words, links=links, next="new")


def _ended(error: TikTokError) -> Progress | None:
    """Return the progress of a post whose state is known from *error*; `None` if it is not known."""
    match error:
        case PublishFailed():
            why = REASONS.get(error.reason) or error.advice or error.reason
            return Progress(title="TikTok did not publish your video", words=why, next="new", done=True)
        case PublishPending():
            words = "Nothing has failed. Do not post it again; look again later."
            return Progress(title="TikTok is still working on your video", words=words, next="again", done=True)
        case OutcomeUnknown():
            words = (
                "TikTok's answer was lost, so the video may have been posted, or not. Look at your TikTok profile "
                "before you post it again."
            )
            return Progress(title="We do not know whether your video was posted", words=words, next="new", done=True)
        case UploadExpired() | UploadRejected() | SourceChanged():
            words = "The upload could not be finished, and nothing was posted. Begin again."
            return Progress(title="Your video was not posted", words=words, next="new", done=True)
        case UploadError():
            words = "The connection to TikTok broke off. What has arrived there is not sent again."
            return Progress(title="Your video is not sent yet", words=words, next="again", done=True)
        case _:
            return None


def _lost_sight() -> Progress:
    words = "TikTok has taken your video and cannot be asked now what became of it. Do not post it again."
    return Progress(title="We cannot see how your post ended", words=words, next="again", done=True)


def _not_posted(error: TikTokError) -> Progress:
    """Return why nothing was posted."""
    match error:
        case ScopeNotGranted() | ScopeNotAuthorized() | ReauthorizationRequired() | AccountNotFound():
            words, step = "TikTok is not connected any more, or you did not allow posting. Connect again.", "new"
        case ApiError():
            words, step = str(posting_form(error).problems[0]), "back"
        case ConfigurationError():
            # From check=True: the creator's settings have changed since the page was opened.
            words, step = "Your TikTok settings have changed. Open the page again.", "new"
        case _:
            words, step = "TikTok could not be reached. Try again in a moment.", "again"
    return Progress(title="Your video was not posted", words=words, next=step, done=True)


def _remove(draft: Draft) -> None:
    if draft.path is not None:
        draft.path.unlink(missing_ok=True)
        draft.path = None
