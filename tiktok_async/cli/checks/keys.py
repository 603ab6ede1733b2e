"""The app's key and secret: whether they are set, and without copying mistakes."""

from collections.abc import Iterator

from tiktok_async.cli.checks.finding import Finding, Level

_SUBJECT = "keys"
_QUOTES = "\"'`"


def check_keys(client_key: str | None, client_secret: str | None) -> Iterator[Finding]:
    """Yield each problem of the app's key and secret, or one `ok` finding."""
    given = {"TIKTOK_CLIENT_KEY": client_key, "TIKTOK_CLIENT_SECRET": client_secret}
    problems = [problem for name, value in given.items() if (problem := _problem(name, value)) is not None]
    if not problems and client_key == client_secret:
        problems.append("TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET are the same")
    for problem in problems:
        advice = "Copy both from the app's page in TikTok's developer portal."
        yield Finding(_SUBJECT, Level.DANGEROUS, f"{problem}.", advice)
    if not problems:
        yield Finding(_SUBJECT, Level.OK, "The app's key and secret are set.")


def _problem(name: str, value: str | None) -> str | None:
    if not value:
        return f"{name} is not set"
    if value != value.strip() or not value.isprintable() or " " in value:
        return f"{name} has a space or a line break in it"
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return f"{name} has quotation marks around it"
    return None
