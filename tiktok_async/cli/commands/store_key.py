"""`tiktok-async store-key`."""

import sys


def command() -> None:
    """Make a key for an encrypted store and write it to standard output.

    Put it into `TIKTOK_STORE_KEY`. To change keys, put the new one in front of the old one, with a comma between.
    """
    from tiktok_async.stores import generate_store_key

    sys.stdout.write(f"{generate_store_key()}\n")
