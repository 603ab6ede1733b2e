"""`python -m tiktok_async` is the command line."""

from tiktok_async.cli import main

if __name__ == "__main__":
    main()
