"""`tiktok-async store-key`."""

import base64
import secrets
import sys


def command() -> None:
    """Make a key for an encrypted store and write it to standard output.

    Put it into `TIKTOK_STORE_KEY`. To change keys, put the new one in front of the old one, with a comma between.
    """
    sys.stdout.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")
