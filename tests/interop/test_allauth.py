"""django-allauth's TikTok provider, in a Django site."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from tiktok_async.emulator import EmulatedUser, EmulatorThread

HOST = "https://app.example.com"

settings.configure(
    SECRET_KEY="a key for tests",
    ALLOWED_HOSTS=["app.example.com"],
    ROOT_URLCONF="tests.interop.allauth_urls",
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.tiktok",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_PROVIDERS={"tiktok": {}},
)
django.setup()


@pytest.fixture(scope="module", autouse=True)
def tables() -> None:
    call_command("migrate", verbosity=0)


@pytest.fixture(autouse=True)
def app_of(tiktok: EmulatorThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Give allauth the app's keys by its setting, and the emulator's addresses in place of its adapter's constants."""
    from allauth.socialaccount.providers.tiktok.views import TikTokOAuth2Adapter

    monkeypatch.setattr(TikTokOAuth2Adapter, "authorize_url", tiktok.authorize_url)
    monkeypatch.setattr(TikTokOAuth2Adapter, "access_token_url", f"{tiktok.url}/v2/oauth/token/")
    monkeypatch.setattr(TikTokOAuth2Adapter, "profile_url", f"{tiktok.url}/v2/user/info/")
    app: dict[str, Any] = {"client_id": tiktok.client_key, "secret": tiktok.client_secret}
    options: dict[str, Any] = {"APP": app}
    monkeypatch.setitem(settings.SOCIALACCOUNT_PROVIDERS, "tiktok", options)
    yield options
    apps.get_model("auth", "User").objects.all().delete()


def begin() -> tuple[Any, str]:
    """Return a browser, and where the site sends it to log in."""
    from django.test import Client

    browser = Client(headers={"host": "app.example.com"})
    answer = browser.get("/accounts/tiktok/login/", secure=True)
    assert answer.status_code == 302, answer.content
    return browser, answer.headers["Location"]


def finish(browser: Any, callback: str) -> Any:
    assert callback.startswith(HOST)
    return browser.get(callback.removeprefix(HOST), secure=True)


def test_it_logs_in_reads_the_profile_and_keeps_both_tokens(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    browser, url = begin()
    answer = finish(browser, tiktok.consent(url, creator))
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/accounts/profile/"), answer.content
    account = apps.get_model("socialaccount", "SocialAccount").objects.get()
    assert (account.uid, account.extra_data["username"]) == (creator.open_id, "ada")
    token = apps.get_model("socialaccount", "SocialToken").objects.get()
    assert token.token.startswith("act.")
    # The refresh token is kept for the site; allauth itself never uses it.
    assert token.token_secret.startswith("rft.")
    assert token.expires_at is not None


def test_it_asks_for_the_profiles_scope_and_the_login_fails_without_it(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok is right: scopes are the creator's to uncheck, and a field without its scope is an error.

    https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
    """
    browser, url = begin()
    assert set(parse_qs(urlsplit(url).query)["scope"][0].split(",")) == {"user.info.basic", "user.info.profile"}
    answer = finish(browser, tiktok.consent(url, creator, scopes={"user.info.basic"}))
    assert b"third-party" in answer.content.lower() or b"error" in answer.content.lower()
    assert not apps.get_model("socialaccount", "SocialAccount").objects.exists()


def test_a_denied_login_ends_on_the_cancelled_page(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    browser, url = begin()
    answer = finish(browser, tiktok.consent(url, creator, deny=True))
    assert answer.headers["Location"] == "/accounts/3rdparty/login/cancelled/"


def test_its_pkce_is_off_by_default_and_base64url_when_it_is_on(
    tiktok: EmulatorThread, creator: EmulatedUser, app_of: dict[str, Any]
) -> None:
    """RFC 7636 has base64url; TikTok's desktop page demands hex, its web page has no challenge.

    https://developers.tiktok.com/doc/login-kit-desktop
    """
    assert "code_challenge" not in begin()[1]
    app_of["OAUTH_PKCE_ENABLED"] = True
    browser, url = begin()
    finish(browser, tiktok.consent(url, creator))
    assert not apps.get_model("socialaccount", "SocialAccount").objects.exists()
    assert tiktok.logins[creator.open_id] == 0
