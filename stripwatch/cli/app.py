"""All commands, and how their failures end.

Command modules are imported when their command runs: ``sniff`` does not pay for the dashboard.
"""

from __future__ import annotations

import difflib
import importlib
import signal
import sys

import click

from stripwatch.cli.failure import INPUT_FAILED, OK, USAGE, CommandFailed, complain
from stripwatch.cli.standard_streams import OutputFailed, drop_output, settle_streams

COMMANDS = {
    "demo": "The whole product on this machine, with sample mail and traffic.",
    "serve": "Take reports, drain, judge, show: the service.",
    "sniff": "Say of each mail session in a capture or on an interface how it was encrypted.",
    "parse": "Read reports and print them; store nothing.",
    "import": "Put files, folders, mbox, Maildir and captures into the store.",
    "incidents": "List what was found.",
    "query": "Ask the store: counts and sums by any fields.",
    "reports": "List the reports received.",
    "sessions": "List the sessions seen.",
    "export": "Write a whole dataset to a file.",
    "deadletter": "See and retry what could not be used.",
    "replay": "Put what the spool still keeps into the store again.",
    "check": "Say what is wrong with this installation and how to mend it.",
    "setup": "Prepare Elasticsearch or Kibana.",
}

WIDEST_HELP = 110
"""Columns."""

HELP = """Usage: stripwatch COMMAND [OPTIONS] …

  Is somebody stripping the encryption off our mail, where, and how do we know?

  Try it: stripwatch demo

Commands:
{commands}

Options, of every command:
  --help     What it does, its options, and an example.
  --debug    Show where an unexpected error came from.
  --version  Print the version and exit.
"""


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code. ``--debug`` may stand anywhere."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    name = arguments[0] if arguments else "--help"
    try:
        settle_streams()
        code = _command(name, arguments[1:]) if name in COMMANDS else _top_level(name)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        drop_output()
        return 128 + signal.SIGPIPE
    except OutputFailed as error:
        drop_output()
        complain(str(error))
        return error.code
    except KeyboardInterrupt:
        return 130
    except CommandFailed as error:
        complain(str(error))
        return error.code
    except Exception as error:
        if debug:
            raise
        return _unexpected(error)


def _command(name: str, arguments: list[str]) -> int:
    module = importlib.import_module(f"stripwatch.cli.{name}_command")
    command: click.Command = module.command
    try:
        # not main(): that answers a closed pipe with an exit code of its own
        with command.make_context(f"stripwatch {name}", arguments, max_content_width=WIDEST_HELP) as context:
            code = command.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        raise CommandFailed(_wrong_usage(error, name), USAGE) from error
    return code if isinstance(code, int) else OK


def _wrong_usage(error: click.UsageError, name: str) -> str:
    asked = error.ctx.command_path if error.ctx else f"stripwatch {name}"
    return f"{error.format_message().rstrip('.')}; {asked} --help says more"


def _top_level(name: str) -> int:
    if name in ("--help", "-h", "help"):
        sys.stdout.write(HELP.format(commands="\n".join(f"  {name:<11}{says}" for name, says in COMMANDS.items())))
        return 0
    if name == "--version":
        from stripwatch.version import VERSION

        sys.stdout.write(f"stripwatch {VERSION}\n")
        return 0
    near = difflib.get_close_matches(name, COMMANDS, 1)
    complain(f"there is no command {name!r}" + (f"; did you mean {near[0]}?" if near else "; stripwatch --help lists them"))
    return USAGE


def _unexpected(error: Exception) -> int:
    """Errors that a part documents carry a ``reason``; configuration ends with 2, everything else with 1."""
    from stripwatch.configuration.errors import ConfigurationError

    if isinstance(error, ConfigurationError) or type(error).__name__ == "SettingsError":
        complain(str(error))
        return USAGE
    if isinstance(error, PermissionError) and error.filename is not None:
        complain(f"{error.filename}: permission denied: run this as the user that the service runs as")
        return INPUT_FAILED
    reason = getattr(error, "reason", None)
    complain(f"{reason}: {error}" if isinstance(reason, str) else f"{type(error).__name__}: {error} (--debug shows where)")
    return INPUT_FAILED
