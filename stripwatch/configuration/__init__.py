"""The configuration: a TOML file, the environment over it, every setting in one typed tree."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stripwatch.configuration.errors import ConfigurationError
from stripwatch.configuration.load import load, sections, variables
from stripwatch.configuration.sections import Configuration

DEFAULT_FILE = Path("/etc/stripwatch/stripwatch.toml")

__all__ = ["DEFAULT_FILE", "Configuration", "ConfigurationError", "configuration_from", "load", "sections", "variables"]


def configuration_from(file: Path | None, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read ``file`` (else ``STRIPWATCH_CONFIG``, else /etc/stripwatch/stripwatch.toml where it exists) and the environment.

    Raises ConfigurationError, also for a named file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    named = file or (Path(environ["STRIPWATCH_CONFIG"]) if environ.get("STRIPWATCH_CONFIG") else None)
    path = named or DEFAULT_FILE
    try:
        text = path.read_text(encoding="utf-8") if named or path.exists() else ""
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 at byte {error.start}") from error
    return load(text, environ, str(path) if text else "configuration")
