"""The posting page as data: what TikTok's guidelines require on it, and what stops the post now.

Source: https://developers.tiktok.com/doc/content-sharing-guidelines
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal, TypeAlias

from attrs import frozen

from tiktok_async.errors import ApiError, ConfigurationError
from tiktok_async.models import CreatorInfo, PhotoPost, PrivacyLevel, VideoPost
from tiktok_async.models._checks import utf16_units
from tiktok_async.models._json import JsonModel
from tiktok_async.models._posting import PHOTO_DESCRIPTION_UNITS, PHOTO_TITLE_UNITS, VIDEO_TITLE_UNITS

__all__ = [
    "Consent",
    "ConsentLink",
    "DisclosureOption",
    "FormProblem",
    "Interaction",
    "PostChoices",
    "PostingForm",
    "PrivacyOption",
    "posting_form",
]

Kind: TypeAlias = Literal["video", "photo"]

_MUSIC = "https://www.tiktok.com/legal/page/global/music-usage-confirmation/en"
_BRANDED = "https://www.tiktok.com/legal/page/global/bc-policy/en"


def _english(word: str, words: str) -> str:
    del word
    return words


@frozen(slots=True, kw_only=True)
class PostChoices(JsonModel):
    """What the creator has chosen on the posting page so far; unlike a `VideoPost`, it may be unfinished.

    Args:
        privacy_level: Who may see it; `None`: not chosen yet.
        title: The caption.
        description: The description; photos only.
        allow_comment: The creator turned comments on.
        allow_duet: The creator turned duets on.
        allow_stitch: The creator turned stitches on.
        disclosed: The creator says that it promotes something.
        your_brand: It promotes the creator's own business.
        branded_content: It is a paid partnership.
        is_aigc: It is made by AI.
        duration: How long the video is, as `check_media` found it.
    """

    privacy_level: PrivacyLevel | str | None = None
    title: str | None = None
    description: str | None = None
    allow_comment: bool = False
    allow_duet: bool = False
    allow_stitch: bool = False
    disclosed: bool = False
    your_brand: bool = False
    branded_content: bool = False
    is_aigc: bool = False
    duration: timedelta | None = None

    def video_post(self) -> VideoPost:
        """Return the settings to post a video with.

        Raises:
            ConfigurationError: No privacy level is chosen, or a setting breaks TikTok's rules.
        """
        return VideoPost(
            privacy_level=self._level(),
            title=self.title or None,
            disable_comment=not self.allow_comment,
            disable_duet=not self.allow_duet,
            disable_stitch=not self.allow_stitch,
            brand_content_toggle=self.disclosed and self.branded_content,
            brand_organic_toggle=self.disclosed and self.your_brand,
            is_aigc=self.is_aigc,
            duration=self.duration,
        )

    def photo_post(self) -> PhotoPost:
        """Return the settings to post photos with.

        Raises:
            ConfigurationError: No privacy level is chosen, or a setting breaks TikTok's rules.
        """
        return PhotoPost(
            privacy_level=self._level(),
            title=self.title or None,
            description=self.description or None,
            disable_comment=not self.allow_comment,
            brand_content_toggle=self.disclosed and self.branded_content,
            brand_organic_toggle=self.disclosed and self.your_brand,
        )

    def _level(self) -> str:
        if self.privacy_level is None:
            raise ConfigurationError("The creator has not chosen who may see the post; there is no default.")
        return self.privacy_level


@frozen(slots=True, kw_only=True)
class PrivacyOption(JsonModel):
    """One choice of who may see the post.

    Attributes:
        value: TikTok's word.
        label: What the page says.
        chosen: Whether the creator chose it; none is chosen at first.
        enabled: Whether it can be chosen.
        hint: Why it cannot; `None` where it can.
    """

    value: PrivacyLevel | str
    label: str
    chosen: bool
    enabled: bool
    hint: str | None


@frozen(slots=True, kw_only=True)
class Interaction(JsonModel):
    """One thing that viewers may be allowed to do.

    Attributes:
        name: `comment`, `duet` or `stitch`.
        label: What the page says.
        on: Whether the creator turned it on; off at first.
        enabled: Whether it can be turned on; where not, the page shows it greyed.
        hint: Why not; `None` where it can.
    """

    name: Literal["comment", "duet", "stitch"]
    label: str
    on: bool
    enabled: bool
    hint: str | None


@frozen(slots=True, kw_only=True)
class DisclosureOption(JsonModel):
    """One kind of promotion that the creator may disclose.

    Attributes:
        name: `your_brand` or `branded_content`.
        label: What the page says.
        description: What it means.
        on: Whether the creator ticked it; off at first.
        enabled: Whether it can be ticked.
        hint: Why not; `None` where it can.
    """

    name: Literal["your_brand", "branded_content"]
    label: str
    description: str
    on: bool
    enabled: bool
    hint: str | None


@frozen(slots=True, kw_only=True)
class ConsentLink(JsonModel):
    """A link in the consent sentence.

    Attributes:
        text: The part of the sentence that is the link.
        url: The address it opens.
    """

    text: str
    url: str


@frozen(slots=True, kw_only=True)
class Consent(JsonModel):
    """What the creator agrees to by posting. The page shows it beside the button.

    Attributes:
        text: The sentence.
        links: The documents it names, in their order.
    """

    text: str
    links: tuple[ConsentLink, ...]


@frozen(slots=True, kw_only=True)
class FormProblem(JsonModel):
    """What stops the post now.

    Attributes:
        code: A word for it, such as `privacy_missing`.
        field: Which part of the page it belongs to; `None`: the whole page.
        text: What the page says.
    """

    code: str
    field: str | None
    text: str

    def __str__(self) -> str:
        return self.text


@frozen(slots=True, kw_only=True)
class PostingForm(JsonModel):
    """Everything that TikTok's guidelines require on a posting page.

    Attributes:
        kind: `video` or `photo`.
        nickname: Whose account the post goes to.
        username: Their handle.
        avatar_url: Their picture; valid for two hours.
        privacy_options: Who may see it.
        interactions: What viewers may do.
        disclosed: Whether the creator says that it promotes something.
        disclosure: The kinds of promotion.
        labels: What the post will be labelled with; as the page says it.
        consent: What the creator agrees to.
        hints: What else the page says.
        problems: What stops the post now; none: it can be posted.
        max_duration: The longest video of this creator.
        title_units: How long the title may be, in UTF-16 units.
        description_units: How long the description of photos may be; 0 for videos.
    """

    kind: Kind
    nickname: str
    username: str | None
    avatar_url: str | None
    privacy_options: tuple[PrivacyOption, ...]
    interactions: tuple[Interaction, ...]
    disclosed: bool
    disclosure: tuple[DisclosureOption, ...]
    labels: tuple[str, ...]
    consent: Consent
    hints: tuple[str, ...]
    problems: tuple[FormProblem, ...]
    max_duration: timedelta | None
    title_units: int
    description_units: int

    @property
    def ready(self) -> bool:
        """Whether nothing stops the post."""
        return not self.problems


def posting_form(
    creator_info: CreatorInfo | ApiError,
    post: VideoPost | PhotoPost | PostChoices | None = None,
    kind: Kind = "video",
    *,
    audited: bool = True,
    text: Callable[[str, str], str] = _english,
) -> PostingForm:
    """Return what belongs on the posting page.

    Args:
        creator_info: What `Account.creator_info` returned just now, or the error it raised, which the page shows.
        post: What is chosen so far; `None`: nothing. With a `PhotoPost`, *kind* is ignored.
        kind: Whether a video or photos are posted.
        audited: Whether TikTok has audited the app; before that, only private accounts can post, privately.
        text: Called with the code of each text and its English text; returns the text to show.

    Example:
        >>> info = CreatorInfo(creator_nickname="Grace", privacy_level_options=(PrivacyLevel.SELF_ONLY,))
        >>> [str(problem) for problem in posting_form(info).problems]
        ['Choose who can view this post.']

    Source: https://developers.tiktok.com/doc/content-sharing-guidelines
    """
    info = creator_info if isinstance(creator_info, CreatorInfo) else CreatorInfo()
    if isinstance(post, PhotoPost):
        kind = "photo"
    chosen = _choices(post)
    page = _Page(info=info, chosen=chosen, kind=kind, audited=audited, text=text)
    stopped = [_refusal(creator_info, text)] if isinstance(creator_info, ApiError) else list(page.problems())
    return PostingForm(
        kind=kind,
        nickname=info.creator_nickname or info.creator_username or "",
        username=info.creator_username,
        avatar_url=info.creator_avatar_url,
        privacy_options=tuple(page.privacy()),
        interactions=tuple(page.interactions()),
        disclosed=chosen.disclosed,
        disclosure=tuple(page.disclosure()),
        labels=tuple(page.labels()),
        consent=page.consent(),
        hints=tuple(page.hints()),
        problems=tuple(stopped),
        max_duration=info.max_video_post_duration if kind == "video" else None,
        title_units=VIDEO_TITLE_UNITS if kind == "video" else PHOTO_TITLE_UNITS,
        description_units=0 if kind == "video" else PHOTO_DESCRIPTION_UNITS,
    )


def _choices(post: VideoPost | PhotoPost | PostChoices | None) -> PostChoices:
    if post is None:
        return PostChoices()
    if isinstance(post, PostChoices):
        return post
    video = post if isinstance(post, VideoPost) else None
    return PostChoices(
        privacy_level=post.privacy_level or None,
        title=post.title,
        description=None if isinstance(post, VideoPost) else post.description,
        allow_comment=post.disable_comment is False,
        allow_duet=video is not None and video.disable_duet is False,
        allow_stitch=video is not None and video.disable_stitch is False,
        disclosed=post.brand_content_toggle or post.brand_organic_toggle,
        your_brand=post.brand_organic_toggle,
        branded_content=post.brand_content_toggle,
        is_aigc=video is not None and video.is_aigc,
        duration=None if video is None else video.duration,
    )


def _refusal(error: ApiError, text: Callable[[str, str], str]) -> FormProblem:
    told = {
        "spam_risk_too_many_posts": "You have reached TikTok's limit of posts for today. Try again tomorrow.",
        "spam_risk_user_banned_from_posting": "TikTok does not let this account post at the moment.",
        "reached_active_user_cap": "This app has reached TikTok's limit of creators for today. Try again tomorrow.",
    }
    words = told.get(error.code, "TikTok does not take posts of this account at the moment. Try again later.")
    return FormProblem(code=error.code, field=None, text=text(error.code, words))


@frozen(slots=True, kw_only=True)
class _Page:
    info: CreatorInfo
    chosen: PostChoices
    kind: Kind
    audited: bool
    text: Callable[[str, str], str]

    @property
    def branded(self) -> bool:
        return self.chosen.disclosed and self.chosen.branded_content

    @property
    def is_public_account(self) -> bool:
        # A private account has the level of followers instead of the level of everyone.
        return PrivacyLevel.PUBLIC_TO_EVERYONE in self.info.privacy_level_options

    def privacy(self) -> Iterator[PrivacyOption]:
        for level in self.info.privacy_level_options:
            hint = None
            if level == PrivacyLevel.SELF_ONLY and self.branded:
                hint = self.text("branded_private", _BRANDED_PRIVATE)
            elif level != PrivacyLevel.SELF_ONLY and not self.audited:
                hint = self.text("unaudited_level", "Until TikTok has audited this app, posts are visible only to you.")
            yield PrivacyOption(
                value=level,
                label=self.text(f"privacy_{level}".lower(), _LEVELS.get(level, level)),
                chosen=self.chosen.privacy_level == level,
                enabled=hint is None,
                hint=hint,
            )

    def interactions(self) -> Iterator[Interaction]:
        info, chosen = self.info, self.chosen
        rows: list[tuple[Literal["comment", "duet", "stitch"], str, bool, bool | None]] = [
            ("comment", "Comment", chosen.allow_comment, info.comment_disabled)
        ]
        if self.kind == "video":
            rows.append(("duet", "Duet", chosen.allow_duet, info.duet_disabled))
            rows.append(("stitch", "Stitch", chosen.allow_stitch, info.stitch_disabled))
        for name, label, on, off in rows:
            hint = self.text(f"{name}_disabled", "Turned off in your TikTok settings.") if off else None
            yield Interaction(name=name, label=self.text(name, label), on=on and not off, enabled=not off, hint=hint)

    def disclosure(self) -> Iterator[DisclosureOption]:
        yield DisclosureOption(
            name="your_brand",
            label=self.text("your_brand", "Your brand"),
            description=self.text("your_brand_means", "You are promoting yourself or your own business."),
            on=self.chosen.disclosed and self.chosen.your_brand,
            enabled=True,
            hint=None,
        )
        private = self.chosen.privacy_level == PrivacyLevel.SELF_ONLY
        yield DisclosureOption(
            name="branded_content",
            label=self.text("branded_content", "Branded content"),
            description=self.text("branded_content_means", "You are promoting another brand or a third party."),
            on=self.branded,
            enabled=not private,
            hint=self.text("branded_private", _BRANDED_PRIVATE) if private else None,
        )

    def labels(self) -> Iterator[str]:
        if not self.chosen.disclosed:
            return
        if self.chosen.branded_content:
            yield self.text("label_paid_partnership", "Paid partnership")
        elif self.chosen.your_brand:
            yield self.text("label_promotional_content", "Promotional content")

    def consent(self) -> Consent:
        music = ConsentLink(text=self.text("music_usage_confirmation", "Music Usage Confirmation"), url=_MUSIC)
        if not self.branded:
            sentence = self.text("consent", f"By posting, you agree to TikTok's {music.text}")
            return Consent(text=sentence, links=(music,))
        policy = ConsentLink(text=self.text("branded_content_policy", "Branded Content Policy"), url=_BRANDED)
        sentence = self.text("consent_branded", f"By posting, you agree to TikTok's {policy.text} and {music.text}")
        return Consent(text=sentence, links=(policy, music))

    def hints(self) -> Iterator[str]:
        yield self.text("processing", "After you post, it may take a few minutes until the post is on your profile.")
        if self.kind == "video" and self.info.max_video_post_duration_sec is not None:
            longest = self.info.max_video_post_duration_sec
            yield self.text("longest", f"Your videos may be up to {longest} seconds long.")
        for label in self.labels():
            what = "video" if self.kind == "video" else "photos"
            yield self.text("labelled", f'Your {what} will be labelled "{label}".')

    def problems(self) -> Iterator[FormProblem]:
        chosen = self.chosen
        if not self.audited and self.is_public_account:
            yield self._problem(
                "account_public", None, "Until TikTok has audited this app, only private accounts can post with it."
            )
        yield from self._privacy_problems()
        if chosen.disclosed and not chosen.your_brand and not chosen.branded_content:
            yield self._problem(
                "disclosure_empty",
                "disclosure",
                "You need to indicate if your content promotes yourself, a third party, or both.",
            )
        for row in self.interactions():
            if getattr(chosen, f"allow_{row.name}") and not row.enabled:
                yield self._problem(f"{row.name}_off", row.name, f"{row.label} is turned off in your TikTok settings.")
        yield from self._lengths()

    def _privacy_problems(self) -> Iterator[FormProblem]:
        level = self.chosen.privacy_level
        if level is None:
            yield self._problem("privacy_missing", "privacy_level", "Choose who can view this post.")
        elif level not in self.info.privacy_level_options:
            yield self._problem("privacy_unknown", "privacy_level", "Your TikTok settings do not allow this choice.")
        elif level == PrivacyLevel.SELF_ONLY and self.branded:
            yield self._problem("branded_private", "privacy_level", _BRANDED_PRIVATE)
        elif level != PrivacyLevel.SELF_ONLY and not self.audited:
            yield self._problem(
                "unaudited_level", "privacy_level", "Until TikTok has audited this app, posts are visible only to you."
            )

    def _lengths(self) -> Iterator[FormProblem]:
        chosen, longest = self.chosen, self.info.max_video_post_duration
        if self.kind == "video" and chosen.duration is not None and longest is not None and chosen.duration > longest:
            yield self._problem(
                "too_long",
                "file",
                f"The video is {chosen.duration.total_seconds():.5g} seconds long; you may post up to "
                f"{longest.total_seconds():g} seconds.",
            )
        units = VIDEO_TITLE_UNITS if self.kind == "video" else PHOTO_TITLE_UNITS
        if utf16_units(chosen.title or "") > units:
            yield self._problem("title_too_long", "title", f"The title is longer than {units} characters.")
        if self.kind == "photo" and utf16_units(chosen.description or "") > PHOTO_DESCRIPTION_UNITS:
            yield self._problem(
                "description_too_long",
                "description",
                f"The description is longer than {PHOTO_DESCRIPTION_UNITS} characters.",
            )

    def _problem(self, code: str, field: str | None, words: str) -> FormProblem:
        return FormProblem(code=code, field=field, text=self.text(code, words))


_BRANDED_PRIVATE = "Branded content visibility cannot be set to private."
_LEVELS: dict[str, str] = {
    PrivacyLevel.PUBLIC_TO_EVERYONE: "Everyone",
    PrivacyLevel.MUTUAL_FOLLOW_FRIENDS: "Friends",
    PrivacyLevel.FOLLOWER_OF_CREATOR: "Followers",
    PrivacyLevel.SELF_ONLY: "Only you",
}
