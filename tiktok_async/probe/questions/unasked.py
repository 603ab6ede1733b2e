"""Questions that no program can ask safely: they need a person at a browser, a public post, an archive or a login."""

from typing import Final

from tiktok_async.probe._question import Question

_PERSON: Final = "a person has to look at the consent page"
_HOOK: Final = "TikTok sends it to the app's webhook URL"
_ARCHIVE: Final = "it would make an archive of the user's data"

QUESTIONS: Final = (
    Question(
        id="pkce_challenge",
        asks="The PKCE challenge",
        sides={"base64url": "base64url, as in the standard", "hex": "lowercase hex"},
        here="hex",
        unasked=_PERSON,
    ),
    Question(
        id="pkce_on_the_web",
        asks="PKCE on the web",
        sides={"optional": "not mentioned", "demanded": "demanded for loopback addresses"},
        here="on for loopback, off otherwise, `pkce=` to choose",
        unasked=_PERSON,
    ),
    Question(
        id="web_challenge",
        asks="A base64url challenge on an https redirect",
        sides={"unknown": "not in the web page", "late": "taken, and refused at the exchange"},
        here="hex, where one is sent",
        unasked=_PERSON,
    ),
    Question(
        id="basic_scope",
        asks="A login that does not ask for `user.info.basic`",
        sides={
            "asked": "its fields are refused (table of scopes)",
            "always": "they come: a client in wide use relies on it",
        },
        here="asked for when its fields are wanted",
        unasked=_PERSON,
    ),
    Question(
        id="qr_confirmed",
        asks="A confirmed QR login",
        sides={"code": "`code`", "redirect_uri": "`redirect_uri` with the code in it"},
        here="both are read",
        unasked="a person has to scan the code",
    ),
    Question(
        id="rotation_grace",
        asks="Is there a grace period for a used refresh token",
        silent=True,
        sides={"none": "no", "grace": "yes"},
        here="none is assumed",
        unasked="a used token may cost the login",
    ),
    Question(
        id="post_id_shape",
        asks="A post's id",
        sides={"list": "a list of numbers", "another": "a number, a string, nothing"},
        here="strings, in a tuple",
        unasked="only a public post has one",
    ),
    Question(
        id="publish_type",
        asks="`publish_type` of a direct post in webhooks",
        sides={"DIRECT_POST": "`DIRECT_POST`", "DIRECT_PUBLISH": "`DIRECT_PUBLISH`"},
        here="a text, on which nothing depends",
        unasked=_HOOK,
    ),
    Question(
        id="video_event_id",
        asks="What `video.upload.failed` and `video.publish.completed` are about",
        sides={"share_id": "a share of Video Kit", "publish_id": "a post of Content Posting"},
        here="both ids are read",
        unasked=_HOOK,
    ),
    Question(
        id="minis_user",
        asks="`user_openid` in webhooks of mini games",
        sides={"named": "the user (table)", "empty": "empty (samples)"},
        here="`None` if empty; the order says whose it is",
        unasked=_HOOK,
    ),
    Question(
        id="photos_1080p",
        asks='Photos "1080p"',
        sides={"undefined": "not defined", "side": "the shorter side, or the width"},
        here="both sides inside 1080 x 1920, says the advice",
        unasked="photos are pulled from an address of the app's own",
    ),
    Question(
        id="research_zero_cursor",
        asks="`cursor: 0` of followers, following and liked videos",
        sides={"time": "Unix time", "beginning": "the beginning"},
        here="left out",
        unasked="an empty list and the beginning of one look the same",
    ),
    Question(
        id="research_favorites",
        asks="`favorites_count` of liked and reposted videos",
        sides={"favourites": "`favourites_count`", "favorites": "`favorites_count` on other pages"},
        here="asked by each page's spelling",
        unasked="nothing depends on it here",
    ),
    Question(
        id="portability_category",
        asks="Category in a portability status",
        sides={"direct_message": "`direct_message`", "direct_messages": "`direct_messages`"},
        here="both are read",
        unasked=_ARCHIVE,
    ),
    Question(
        id="portability_cancel",
        asks="`request_id` of a portability cancel",
        sides={"query": "in the query", "body": "in the body"},
        here="in the body",
        unasked=_ARCHIVE,
    ),
    Question(
        id="webhook_signed_anew",
        asks="Does a repeated webhook have a new signature",
        silent=True,
        sides={"true": "yes", "false": "no"},
        here="it is handled once in both cases; give `parse` a wider `tolerance` if late ones matter",
        unasked="it takes a server that refuses webhooks",
    ),
)
