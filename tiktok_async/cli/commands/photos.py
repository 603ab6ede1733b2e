"""`tiktok-async photos`."""

from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._posting import END, End, begin, finish, posting
from tiktok_async.cli._saved_uploads import SavedUploads
from tiktok_async.cli._session import DEFAULTS, Account, Options, pick
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import PhotoPost, PrivacyLevel

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]


async def command(
    *urls: str,
    title: str | None = None,
    description: str | None = None,
    privacy: PrivacyLevel | None = None,
    draft: _Flag = False,
    disable_comment: _Flag = False,
    add_music: _Flag = False,
    brand_content: _Flag = False,
    brand_organic: _Flag = False,
    cover: int = 0,
    check: _Flag = False,
    dedup_key: str | None = None,
    account: Account = None,
    end: End = END,
    options: Options = DEFAULTS,
) -> None:
    """Post up to 35 photos, which TikTok fetches by itself, and wait until they are published.

    Args:
        urls: Public https URLs, on a domain that is verified in TikTok's developer portal.
        title: At most 90 UTF-16 units.
        description: The caption; #tags and @mentions work in it.
        privacy: Who may see them. There is no default; only a draft does not need it.
        draft: Send them to the creator's inbox instead, where they finish and post them.
        disable_comment: Nobody may comment.
        add_music: TikTok adds music of its choice.
        brand_content: It is a paid partnership for a third party.
        brand_organic: It promotes the creator's own business.
        cover: Which photo is the cover, from 0.
        check: First ask TikTok for the creator's settings, and report every option that they do not allow.
        dedup_key: Your id of this post: for seven days, a repeated command with it continues the first post.
        account: The account's open_id; may be left out if there is only one.
        end: How long to wait for it.
        options: The session's options.
    """
    if privacy is None and not draft:
        raise ConfigurationError(
            f"Say who may see them: --privacy {', '.join(PrivacyLevel)}; or leave it to the creator with --draft."
        )
    post = PhotoPost(
        title=title,
        description=description,
        privacy_level=privacy,
        disable_comment=disable_comment or None,
        auto_add_music=add_music,
        brand_content_toggle=brand_content,
        brand_organic_toggle=brand_organic,
        cover_index=cover,
    )
    async with posting(options, json=end.json) as (session, show):
        creator = await pick(session, account)
        if draft:
            work = creator.draft_photos(urls, post, dedup_key=dedup_key)
        else:
            work = creator.post_photos(urls, post, check=check, dedup_key=dedup_key)
        publish = await begin(work, show, open_id=creator.open_id, saved=SavedUploads(None))
        await finish(publish, show, end)
