"""TikTok's addresses as clients have them in their source, and the same ones at the emulator."""

from urllib.parse import parse_qs, urlsplit

from tiktok_async.emulator import EmulatorThread

API = "https://open.tiktokapis.com"
PAGES = "https://www.tiktok.com"
CALLBACK = "https://app.example.com/callback/"
SCOPES = "user.info.basic,user.info.profile,video.list,video.publish"


def here(tiktok: EmulatorThread, url: str) -> str:
    """Return the emulator's address of *url*, which a client has built for TikTok."""
    for host in (API, PAGES):
        if url.startswith(f"{host}/"):
            return tiktok.url + url.removeprefix(host)
    return url


def code_of(callback: str) -> str:
    """Return the authorization code in the URL of a callback, decoded once."""
    return parse_qs(urlsplit(callback).query)["code"][0]
