"""Errors of the configuration.

ConfigurationError   the file or a variable cannot be used: the message names the setting and says what is wanted
"""

from __future__ import annotations


class ConfigurationError(Exception):
    """Ends the command with exit code 2 and this one line."""

    reason = "bad_configuration"
