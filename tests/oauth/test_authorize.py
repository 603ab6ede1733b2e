"""The start of a login and its callback: invalid input is refused before TikTok does, and no secret is in a URL."""

import copy
import pickle
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tiktok_async.api.oauth.rules.authorize import (
    build_authorize_url,
    challenge_of,
    check_redirect_uri,
    check_scopes,
    new_authorization,
    parse_callback,
    verifier_from,
)
from tiktok_async.api.oauth.rules.redirect import is_loopback, redirect_uri_problems
from tiktok_async.errors import AuthorizationDenied, ConfigurationError, OAuthError, StateMismatch
from tiktok_async.models import AuthorizationRequest, Scope

PAGE = "https://www.tiktok.com/v2/auth/authorize/"
WEB, DESKTOP = "https://app.example.com/cb/", "http://127.0.0.1:8900/callback/"
BYTES = bytes(range(48))


def begin(
    redirect_uri: str = WEB, *, state: str = "s1", pkce: bool | None = None, again: bool | None = None
) -> AuthorizationRequest:
    return new_authorization(
        PAGE,
        client_key="emukey",
        redirect_uri=redirect_uri,
        scopes=[Scope.USER_INFO_BASIC, Scope.VIDEO_LIST],
        state=state,
        verifier_bytes=BYTES,
        pkce=pkce,
        disable_auto_auth=again,
    )


def query_of(request: AuthorizationRequest) -> dict[str, str]:
    assert request.url.startswith(PAGE + "?")
    return dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True))


# https://developers.tiktok.com/doc/login-kit-desktop
@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        (
            "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns",
            "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef",
        ),
        (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
        ),
    ],
)
def test_the_challenge_is_lowercase_hex_and_not_base64(verifier: str, challenge: str) -> None:
    assert challenge_of(verifier) == challenge


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 43 + "\n", "ä" * 43])
def test_a_verifier_outside_the_rules_is_refused_and_not_repeated(verifier: str) -> None:
    with pytest.raises(ConfigurationError, match="43 to 128") as caught:
        challenge_of(verifier)
    assert not verifier or verifier not in str(caught.value)


@given(st.binary(min_size=32, max_size=96))
@example(bytes(47) + b"\x17")  # ends in a letter, and is not padded
def test_every_verifier_made_of_random_bytes_is_within_the_rules(entropy: bytes) -> None:
    verifier = verifier_from(entropy)
    assert len(challenge_of(verifier)) == 64
    assert len(verifier) == -(-len(entropy) * 8 // 6)


@pytest.mark.parametrize("size", [0, 31, 97])
def test_too_few_or_too_many_random_bytes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 to 96"):
        verifier_from(bytes(size))


def test_the_authorize_url_holds_what_tiktok_asks_for_and_nothing_else() -> None:
    assert query_of(begin()) == {
        "client_key": "emukey",
        "response_type": "code",
        "scope": "user.info.basic,video.list",
        "redirect_uri": WEB,
        "state": "s1",
    }


def test_a_desktop_login_uses_pkce_and_a_web_login_uses_it_on_request() -> None:
    assert begin(WEB).code_verifier is None
    assert begin(WEB, pkce=True).code_verifier is not None
    assert begin(DESKTOP, pkce=False).code_verifier is None
    for uri in (DESKTOP, "http://localhost:1/x"):
        request = begin(uri)
        assert request.code_verifier is not None
        assert request.pkce
        query = query_of(request)
        assert query["code_challenge"] == challenge_of(request.code_verifier.reveal())
        assert query["code_challenge_method"] == "S256"
        assert (query["client_key"], query["redirect_uri"], query["state"]) == ("emukey", uri, "s1")
        assert request.code_verifier.reveal() not in request.url


@pytest.mark.parametrize(("again", "value"), [(True, "1"), (False, "0")])
def test_the_consent_page_can_be_asked_for(again: bool, value: str) -> None:  # noqa: FBT001 - a parameter
    assert query_of(begin(again=again))["disable_auto_auth"] == value


def test_an_authorize_page_with_a_query_of_its_own_keeps_it() -> None:
    url = build_authorize_url(
        "http://127.0.0.1:1/authorize?emu=1", client_key="k", redirect_uri=WEB, scopes=["a"], state="s"
    )
    assert parse_qs(urlsplit(url).query)["emu"] == ["1"]


def test_an_empty_state_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="state"):
        begin(state="")


def test_scopes_are_sent_once_each_in_their_order() -> None:
    assert check_scopes([Scope.VIDEO_LIST, "user.info.basic", "video.list", "new.scope_2"]) == (
        "video.list",
        "user.info.basic",
        "new.scope_2",
    )


@pytest.mark.parametrize("scopes", [[], "video.list", ["video.list,user.info.basic"], ["a b"], [""], ["ok", "no,"]])
def test_invalid_scopes_are_refused(scopes: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"is one string|there is none|is not the name of a scope"):
        check_scopes(scopes)


def test_the_error_names_every_invalid_scope() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be asked for: 'a b' is .*; 'c,' is .*\.$") as caught:
        check_scopes(["a b", "ok", "c,"])
    assert len(caught.value.problems) == 2


GOOD = [
    WEB,
    "https://app.example.com",
    "https://app.example.com:8443/cb",
    "https://app.example.com:65535/cb",
    "https://xn--bcher-kva.example/cb",
    "https://abc-1.tunnel.example.dev/a/b.php",
    "https://8.8.8.8/cb",
    DESKTOP,
    "http://localhost:3000",
    "https://localhost:3000/cb",
]


@pytest.mark.parametrize("uri", GOOD)
def test_a_good_redirect_uri_is_accepted(uri: str) -> None:
    check_redirect_uri(uri)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", ["absolute"]),
        ("/cb/", ["absolute"]),
        ("app.example.com/cb", ["absolute"]),
        ("http://app.example.com/cb", ["https"]),
        ("myapp://callback", ["https", "public"]),
        ("https://app.example.com/cb?a=1", ["query"]),
        ("https://app.example.com/cb?", ["query"]),
        ("https://app.example.com/cb#x", ["fragment"]),
        ("https://app.example.com/cb#", ["fragment"]),
        ("https://app.example.com/c b", ["percent-encoded"]),
        ("https://bücher.example/cb", ["percent-encoded", "public"]),
        ("https://user:pw@app.example.com/cb", ["password"]),
        ("https://192.168.0.1/cb", ["public"]),
        ("https://[::1]/cb", ["public"]),
        ("https://intranet/cb", ["public"]),
        ("https://host.local/cb", ["public"]),
        ("https://app.localhost/cb", ["public"]),
        ("https://app.example.com:0/cb", ["65535"]),
        ("https://app.example.com:99999/cb", ["65535"]),
        ("https://app.example.com:65536/cb", ["65535"]),
        ("https://app.example.com:655350/cb", ["65535"]),
        ("https://app.example.com:" + "9" * 400 + "/cb", ["65535"]),
        ("https://app.example.com:http/cb", ["65535"]),
        ("http://localhost/cb", ["port"]),
        ("http://127.0.0.1:/cb", ["port"]),
        ("http://127.0.0.1:*/cb", ["registration"]),
        ("ftp://localhost:1/cb", ["http or https"]),
        ("https://[::1/cb", ["not a URI"]),
        ("https://app.example.com/" + "a" * 488, ["512"]),
        ("http://intranet:*/c b?x#y", ["percent-encoded", "fragment", "query", "https", "public", "registration"]),
    ],
)
def test_every_broken_rule_of_a_redirect_uri_is_named_at_once(uri: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_redirect_uri(uri)
    problems = caught.value.problems
    assert len(problems) == len(words)
    assert all(word in " ".join(problems) and word in str(caught.value) for word in words)


def test_an_invalid_uri_is_not_a_loopback_address() -> None:
    assert not is_loopback("http://[localhost/cb")
    assert is_loopback(DESKTOP)


def test_a_redirect_uri_may_have_511_characters() -> None:
    assert redirect_uri_problems("https://app.example.com/" + "a" * 487) == []


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z.*:0-9@\[\]#?/]{0,40}", fullmatch=True))
def test_any_text_is_checked_without_a_foreign_exception(uri: str) -> None:
    assert all(isinstance(problem, str) for problem in redirect_uri_problems(uri))


def test_a_login_survives_the_web_session_and_shows_no_verifier() -> None:
    for request in (begin(DESKTOP), begin(WEB)):
        assert AuthorizationRequest.from_json(request.to_json()) == request
        assert copy.deepcopy(request) == request
    request = begin(DESKTOP)
    assert request.code_verifier is not None
    verifier = request.code_verifier.reveal()
    assert verifier in request.to_json()
    assert verifier not in f"{request} {request!r} {request.url}"
    with pytest.raises(TypeError):
        pickle.dumps(request)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        '"x"',
        "[" * 100_000,
        begin().to_json().replace('"s1"', "null"),
        begin().to_json().replace('"s1"', '""'),
        begin().to_json().replace('["user.info.basic", "video.list"]', '"a"'),
        begin().to_json().replace('["user.info.basic", "video.list"]', "[]"),
        begin().to_json().replace('["user.info.basic", "video.list"]', "[1]"),
        begin().to_json().replace('"code_verifier": null', '"code_verifier": 7'),
        begin().to_json().replace('"code_verifier": null', '"code_verifier": ""'),
    ],
    ids=range(14),
)
def test_a_text_that_to_json_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AuthorizationRequest.from_json(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


CODE = "AbC_dEf-123*0!6410.s1"


@pytest.mark.parametrize(
    "callback",
    [
        "https://app.example.com/cb/?code=AbC_dEf-123%2A0%216410.s1&scopes=user.info.basic%2Cvideo.list&state=s1",
        f"https://app.example.com/cb/?code={CODE}&scope=user.info.basic&state=s1",
        f"?code={CODE}&state=s1",
        f"code={CODE}&state=s1",
        f"/cb/?state=s1&code={CODE}#top",
        f"code={CODE}&state=s1&next=a?b",
        f"code={CODE}&state=s1&next=https://a.example/?b=c",
        f"https://app.example.com/a=b/?code={CODE}&state=s1",
        f"/a=b/?code={CODE}&state=s1",
        f"cb?code={CODE}&state=s1",
        f"https://app.example.com/cb/?code={CODE}&state=s1&next=a?b=c",
        f"code={CODE}&next=https://a.example&state=s1",
    ],
)
def test_a_code_is_decoded_exactly_once_and_keeps_its_suffix(callback: str) -> None:
    assert parse_callback(begin(), callback).reveal() == CODE


def test_a_callback_may_come_as_a_frameworks_decoded_parameters() -> None:
    assert parse_callback(begin(), {"code": "a%2Ab", "state": "s1"}).reveal() == "a%2Ab"


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_any_code_and_state_come_through_unchanged(code: str, state: str) -> None:
    request = begin(state=state)
    for encode in (urlencode, lambda fields: urlencode(fields, quote_via=quote)):
        assert (
            parse_callback(request, "https://a.example/cb?" + encode({"code": code, "state": state})).reveal() == code
        )


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "code=c",
        "code=c&state=",
        "code=c&state=S1",
        "code=c&state=s2",
        "error=access_denied&state=x",
        "https://x/s1",
        "?",
    ],
)
def test_a_callback_with_another_state_is_refused(callback: str) -> None:
    with pytest.raises(StateMismatch):
        parse_callback(begin(), callback)


def test_the_error_of_a_denied_login_holds_the_reason() -> None:
    with pytest.raises(AuthorizationDenied) as caught:
        parse_callback(begin(), WEB + "?error=access_denied&error_description=User%20denied&state=s1")
    assert (caught.value.error, caught.value.description) == ("access_denied", "User denied")


def test_the_error_for_an_account_outside_the_sandbox_says_what_to_do() -> None:
    with pytest.raises(AuthorizationDenied, match="target user of the sandbox") as caught:
        parse_callback(begin(), "error=access_denied&error_type=non_sandbox_target&state=s1")
    assert caught.value.description.startswith("(non_sandbox_target: ")
    with pytest.raises(AuthorizationDenied) as caught:
        parse_callback(begin(), "error=a&error_description=.No.&error_type=non_sandbox_target&state=s1")
    assert caught.value.description.startswith(".No (non_sandbox_target: ")
    with pytest.raises(AuthorizationDenied, match=r"why \(other_type\)"):
        parse_callback(begin(), "error=access_denied&error_description=why.&error_type=other_type&state=s1")


@pytest.mark.parametrize(
    ("callback", "why"),
    [
        ("state=s1", "neither a code nor an error"),
        ("state=s1&code=", "neither a code nor an error"),
        ("state=s1&code=a&code=b", "a parameter twice"),
    ],
)
def test_a_callback_without_one_code_is_an_error(callback: str, why: str) -> None:
    with pytest.raises(OAuthError, match=why) as caught:
        parse_callback(begin(), callback)
    assert caught.value.error == "invalid_request"
    assert not isinstance(caught.value, StateMismatch | AuthorizationDenied)


def test_no_callback_error_shows_the_code() -> None:
    for callback in (
        f"code={CODE}&state=zz",
        f"code={CODE}&state=s1&state=s1",
        f"error=x&error_description=code={CODE}&state=s1",
    ):
        with pytest.raises(OAuthError) as caught:
            parse_callback(begin(), callback)
        assert "AbC_dEf" not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
