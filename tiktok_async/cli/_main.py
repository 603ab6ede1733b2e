"""One run of the command line: from what was typed to an exit code."""

import inspect
import os
import sys
import traceback
from collections.abc import Coroutine, Sequence
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console

from tiktok_async.cli import commands
from tiktok_async.cli._help import HELP, asks_for_help, show_first_page, summaries
from tiktok_async.cli._logs import log_to_stderr
from tiktok_async.cli._text import for_terminal, prepare_streams, printable
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, TikTokError, scrub

_OK = 0
_FAILED = 1
_USAGE = 2
_REAUTHORIZE = 3
_INTERRUPTED = 130

# -> how much more is logged
_LOG_WORDS = {"--debug": 0, "--verbose": 1, "-v": 1, "-vv": 2, "-vvv": 3}
_LOGGING = Group("Logging", sort_key=100)  # below what a command is about


def build() -> App:
    """Make the command line of what lies in `commands`: each module's `command`, a function or an `App` of several.

    A module is loaded when its command is typed, and not before: `--help` reads the first line of what each one says
    of itself from its source.
    """
    app = App(
        name="tiktok-async",
        help=HELP,
        help_format="plaintext",
        # Titles and real open_ids begin with a hyphen as often as not; what is an option is known by its name.
        default_parameter=Parameter(allow_leading_hyphen=True),
        version=_version,
        error_console=Console(stderr=True),
        suppress_keyboard_interrupt=False,
    )
    for name, summary in summaries().items():
        app.command(f"{commands.__name__}.{name.replace('-', '_')}:command", name=name, help=summary)
    app.command(
        "tiktok_async.cli._completion:command",
        name="--install-completion",
        help="Install the completion of commands and options for bash, zsh or fish.",
    )
    return app


def _version() -> str:
    from importlib.metadata import version

    return version("tiktok-async")


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: What was typed after the program's name.

    Returns:
        The exit code: 0 ok, 1 failed, 2 usage, 3 reauthorization needed, 130 interrupted.
    """
    code = _OK
    if asks_for_help(arguments):
        show_first_page()
        return code
    prepare_streams()
    try:
        _dispatch(build(), arguments)
    except KeyboardInterrupt:
        code = _INTERRUPTED
        _complain("interrupted")
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Nothing more may be written, not even at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001 - whatever it is, a person at a terminal gets a line and not a traceback
        if "--debug" in arguments:
            sys.stderr.write(scrub(traceback.format_exc()))
        code, message = _explain(error, arguments)
        _complain(message)
    return code


def _await(command: Coroutine[Any, Any, object]) -> None:
    import asyncio

    from tiktok_async.cli._signals import until_terminated

    try:
        asyncio.run(until_terminated(command))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _help_of(arguments: Sequence[str]) -> str:
    """Name the help of the command that was typed, as far as it is one."""
    words = [word for word in arguments if not word.startswith("-")][:1]
    known = [word for word in words if word in build()]
    return " ".join(["tiktok-async", *known, "--help"])


def _explain(error: Exception, arguments: Sequence[str]) -> tuple[int, str]:
    """Return the exit code of *error*, and what to tell the person."""
    match error:
        case CycloptsError():
            return _USAGE, f"{error}\nSee: {_help_of(arguments)}"
        case ConfigurationError():
            return _USAGE, for_terminal(str(error))
        case ReauthorizationRequired():
            return _REAUTHORIZE, for_terminal(str(error))
        case TikTokError() | ImportError():
            return _FAILED, for_terminal(str(error))
        case _:
            return _FAILED, f"{type(error).__name__}: {error}\nMore: --debug"


def _complain(message: str) -> None:
    sys.stderr.write(f"tiktok-async: {printable(scrub(message))}\n")


def _dispatch(app: App, arguments: Sequence[str]) -> None:
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        verbose: Annotated[
            int, Parameter(name=("--verbose", "-v"), count=True, negative="", show_default=False, group=_LOGGING)
        ] = 0,
        debug: Annotated[bool, Parameter(negative="", show_default=False, group=_LOGGING)] = False,
    ) -> None:
        """Run the command that *tokens* name.

        Args:
            tokens: The command and its arguments.
            verbose: Log to standard error: -v requests and refreshes, -vv all of this library, -vvv everything.
            debug: Show the traceback of an error.
        """
        del debug  # read from the raw arguments, since it has to hold for those that do not parse, too
        # Behind a command they would be taken for an open_id, which may begin with a hyphen.
        words = [token for token in tokens if token not in _LOG_WORDS]
        log_to_stderr(verbose + sum(_LOG_WORDS.get(token, 0) for token in tokens))
        command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        result: Any = command(*bound.args, **bound.kwargs)
        if inspect.iscoroutine(result):
            _await(result)
        sys.stdout.flush()

    app.meta.default(launch)
    app.meta.suppress_keyboard_interrupt = False
    app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
