"""The data of the posting page, compared with TikTok's guidelines."""

from datetime import timedelta
from typing import Literal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    ConfigurationError,
    CreatorInfo,
    PhotoPost,
    PostChoices,
    PostingForm,
    PostingRefused,
    PrivacyLevel,
    VideoPost,
    posting_form,
)
from tiktok_async.api.posting.rules.preflight import photo_problems, video_problems

PUBLIC = CreatorInfo(
    creator_nickname="Grace",
    creator_username="grace",
    creator_avatar_url="https://example.com/grace.jpg",
    privacy_level_options=(
        PrivacyLevel.PUBLIC_TO_EVERYONE,
        PrivacyLevel.MUTUAL_FOLLOW_FRIENDS,
        PrivacyLevel.SELF_ONLY,
    ),
    comment_disabled=False,
    duet_disabled=False,
    stitch_disabled=True,
    max_video_post_duration_sec=300,
)
PRIVATE = evolve(
    PUBLIC,
    privacy_level_options=(
        PrivacyLevel.FOLLOWER_OF_CREATOR,
        PrivacyLevel.MUTUAL_FOLLOW_FRIENDS,
        PrivacyLevel.SELF_ONLY,
    ),
    duet_disabled=True,
)


def codes(form: PostingForm) -> list[str]:
    return [problem.code for problem in form.problems]


def test_at_first_nothing_is_chosen_and_everything_is_off() -> None:
    form = posting_form(PUBLIC)
    assert (form.nickname, form.username, form.avatar_url) == ("Grace", "grace", "https://example.com/grace.jpg")
    assert [option.value for option in form.privacy_options] == list(PUBLIC.privacy_level_options)
    assert not any(option.chosen for option in form.privacy_options)
    assert not any(row.on for row in form.interactions)
    assert not any(row.on for row in form.disclosure)
    assert form.labels == ()
    assert codes(form) == ["privacy_missing"]
    assert not form.ready


def test_an_interaction_that_the_creator_turned_off_is_disabled_with_a_reason() -> None:
    rows = {row.name: row for row in posting_form(PUBLIC, PostChoices(allow_stitch=True)).interactions}
    assert rows["comment"].enabled
    assert rows["duet"].enabled
    assert not rows["stitch"].enabled
    assert not rows["stitch"].on
    assert rows["stitch"].hint
    assert codes(posting_form(PUBLIC, PostChoices(allow_stitch=True))) == ["privacy_missing", "stitch_off"]


def test_photos_have_neither_duet_nor_stitch_nor_a_length() -> None:
    form = posting_form(PUBLIC, kind="photo")
    assert [row.name for row in form.interactions] == ["comment"]
    assert form.max_duration is None
    assert (form.title_units, form.description_units) == (90, 4000)
    assert posting_form(PUBLIC, PhotoPost(privacy_level=PrivacyLevel.SELF_ONLY)).kind == "photo"


@pytest.mark.parametrize(
    ("brand", "branded", "label", "links"),
    [
        (False, False, (), ["music-usage-confirmation"]),
        (True, False, ("Promotional content",), ["music-usage-confirmation"]),
        (False, True, ("Paid partnership",), ["bc-policy", "music-usage-confirmation"]),
        (True, True, ("Paid partnership",), ["bc-policy", "music-usage-confirmation"]),
    ],
)
def test_each_disclosure_has_its_label_and_its_consent(
    *, brand: bool, branded: bool, label: tuple[str, ...], links: list[str]
) -> None:
    chosen = PostChoices(
        privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE, disclosed=True, your_brand=brand, branded_content=branded
    )
    form = posting_form(PUBLIC, chosen)
    assert form.labels == label
    assert [link.url.split("/")[-2] for link in form.consent.links] == links
    assert all(link.text in form.consent.text for link in form.consent.links)
    assert form.consent.text.startswith("By posting, you agree to TikTok's")
    assert codes(form) == ([] if brand or branded else ["disclosure_empty"])


def test_branded_content_cannot_be_private_from_either_side() -> None:
    both = PostChoices(privacy_level=PrivacyLevel.SELF_ONLY, disclosed=True, branded_content=True)
    form = posting_form(PUBLIC, both)
    assert codes(form) == ["branded_private"]
    assert [option.value for option in form.privacy_options if not option.enabled] == [PrivacyLevel.SELF_ONLY]
    alone = posting_form(PUBLIC, PostChoices(privacy_level=PrivacyLevel.SELF_ONLY, disclosed=True))
    assert [row.name for row in alone.disclosure if not row.enabled] == ["branded_content"]


def test_before_the_audit_posts_are_private_and_of_private_accounts() -> None:
    everyone = PostChoices(privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)
    assert codes(posting_form(PUBLIC, everyone, audited=False)) == ["account_public", "unaudited_level"]
    form = posting_form(PRIVATE, PostChoices(privacy_level=PrivacyLevel.SELF_ONLY), audited=False)
    assert form.ready
    assert [option.value for option in form.privacy_options if option.enabled] == [PrivacyLevel.SELF_ONLY]


@pytest.mark.parametrize("code", ["spam_risk_too_many_posts", "reached_active_user_cap", "something_new"])
def test_a_refusal_of_creator_info_stops_the_page(code: str) -> None:
    form = posting_form(PostingRefused(code, "no", status=200))
    assert codes(form) == [code]
    assert form.problems[0].text


def test_a_video_that_is_too_long_and_texts_that_are_too_long_stop_the_post() -> None:
    chosen = PostChoices(
        privacy_level=PrivacyLevel.SELF_ONLY, title="\N{GRINNING FACE}" * 1101, duration=timedelta(seconds=300.5)
    )
    assert codes(posting_form(PUBLIC, chosen)) == ["too_long", "title_too_long"]
    bound = evolve(chosen, title="\N{GRINNING FACE}" * 1100, duration=timedelta(seconds=300))
    assert posting_form(PUBLIC, bound).ready
    photos = PostChoices(privacy_level=PrivacyLevel.SELF_ONLY, title="x" * 91, description="x" * 4001)
    assert codes(posting_form(PUBLIC, photos, "photo")) == ["title_too_long", "description_too_long"]


def test_texts_can_be_replaced() -> None:
    form = posting_form(PUBLIC, text=lambda word, english: f"<{word}>" if word == "privacy_missing" else english)
    assert str(form.problems[0]) == "<privacy_missing>"


def test_a_form_is_json() -> None:
    found = posting_form(PUBLIC).to_dict()
    assert found["privacy_options"][0]["value"] == "PUBLIC_TO_EVERYONE"
    assert found["max_duration"] == 300


def test_incomplete_choices_do_not_make_a_post() -> None:
    with pytest.raises(ConfigurationError, match="no default"):
        PostChoices().video_post()


_CHOICES = st.builds(
    PostChoices,
    privacy_level=st.sampled_from([None, *PrivacyLevel]),
    title=st.text(max_size=95),
    allow_comment=st.booleans(),
    allow_duet=st.booleans(),
    allow_stitch=st.booleans(),
    disclosed=st.booleans(),
    your_brand=st.booleans(),
    branded_content=st.booleans(),
    duration=st.sampled_from([None, timedelta(seconds=300), timedelta(seconds=301)]),
)


@given(_CHOICES, st.sampled_from([PUBLIC, PRIVATE]), st.sampled_from(["video", "photo"]))
def test_the_page_accepts_only_posts_that_this_creator_may_make(
    chosen: PostChoices, info: CreatorInfo, kind: Literal["video", "photo"]
) -> None:
    form = posting_form(info, chosen, kind)
    if not form.ready:
        return
    if kind == "photo":
        assert photo_problems(chosen.photo_post(), info) == []
        return
    post = chosen.video_post()
    assert video_problems(post, info) == []
    again = posting_form(info, post)
    assert (again.interactions, again.labels, again.problems) == (form.interactions, form.labels, ())


@given(level=st.sampled_from(list(PrivacyLevel)), comment=st.booleans(), duet=st.booleans())
def test_a_finished_post_shows_its_text(level: PrivacyLevel, *, comment: bool, duet: bool) -> None:
    post = VideoPost(privacy_level=level, disable_comment=not comment, disable_duet=not duet, disable_stitch=True)
    form = posting_form(PUBLIC, post)
    assert [option.value for option in form.privacy_options if option.chosen] == [
        option for option in PUBLIC.privacy_level_options if option == level
    ]
    assert [row.on for row in form.interactions] == [comment, duet, False]
