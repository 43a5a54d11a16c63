"""A configuration from a TOML file and the environment: pure, both come in as arguments.

Every setting ``name`` of ``[section]`` is also ``STRIPWATCH_SECTION_NAME``; the environment wins. Lists in a variable
are separated by commas, tables are JSON. Unknown names are refused, with the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec

from stripwatch.configuration.bounds import refuse_absurd, refuse_open_dashboard
from stripwatch.configuration.errors import ConfigurationError
from stripwatch.configuration.sections import Configuration

PREFIX = "STRIPWATCH_"
ALIASES = {"STRIPWATCH_ELASTICSEARCH_URL": ("elasticsearch", "hosts"), "STRIPWATCH_SNIFF_TOKEN": ("sniff", "forward_token")}
"""Second names of settings."""
NOT_SETTINGS = frozenset({"STRIPWATCH_CONFIG", "STRIPWATCH_SAMPLES"})
"""Variables with our prefix that are no settings; ``STRIPWATCH_TEST_*`` and ``STRIPWATCH_REQUIRE_*`` belong to the tests."""


def load(text: str, environ: Mapping[str, str], where: str = "configuration") -> Configuration:
    """Read the TOML text, lay the environment over it and check everything. Raises ConfigurationError."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    _refuse_unknown(tree, where)
    _overlay(tree, environ)
    try:
        found = msgspec.convert(tree, Configuration, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {_readable(error)}") from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}") from error
    for name, section in sections().items():
        settings = getattr(found, name)
        refuse_absurd(name, {setting: getattr(settings, setting) for setting in setting_names(section)})
    if found.serve.dashboard:
        refuse_open_dashboard(found.serve.dashboard_host, found.dashboard.password)
    return found


def _path(wanted: type, value: Any) -> Any:
    """The one type that msgspec does not know."""
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"a setting of type {wanted.__name__}")


def sections() -> dict[str, type]:
    """Section name → its settings class."""
    hints = typing.get_type_hints(Configuration)
    return {name: hint for name, hint in hints.items() if is_dataclass(hint) or is_struct(hint)}


def is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def setting_names(section: type) -> list[str]:
    """The settings of a section's class, in its order."""
    if is_struct(section):
        return [item.name for item in msgspec.structs.fields(section)]
    return [item.name for item in fields(section)]


def variables() -> dict[str, tuple[str, str | None]]:
    """Environment variable → (section, setting); top-level settings have no setting name."""
    known: dict[str, tuple[str, str | None]] = dict(ALIASES)
    by_section = sections()
    for item in fields(Configuration):
        if item.name in by_section:
            for setting in setting_names(by_section[item.name]):
                known[f"{PREFIX}{item.name}_{setting}".upper()] = (item.name, setting)
        else:
            known[f"{PREFIX}{item.name}".upper()] = (item.name, None)
    return known


def _refuse_unknown(tree: Mapping[str, Any], where: str) -> None:
    by_section = sections()
    top = [item.name for item in fields(Configuration)]
    for name, value in tree.items():
        if name not in top:
            raise ConfigurationError(f"{where}: there is no section [{name}]{_nearest(name, top)}")
        if name in by_section:
            if not isinstance(value, dict):
                raise ConfigurationError(f"{where}: [{name}] is a section, not a value")
            known = setting_names(by_section[name])
            for setting in value:
                if setting not in known:
                    raise ConfigurationError(f"{where}: [{name}] has no setting {setting}{_nearest(setting, known)}")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; it knows {', '.join(sorted(known))}"


def _overlay(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    known = variables()
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or name.startswith(("STRIPWATCH_TEST_", "STRIPWATCH_REQUIRE_")):
            continue
        if name not in known:
            raise ConfigurationError(f"{name} is no setting{_nearest(name, list(known))}")
        section, setting = known[name]
        if setting is None:
            tree[section] = value
        else:
            tree.setdefault(section, {})[setting] = _from_text(name, value, sections()[section], setting)


def _from_text(name: str, value: str, section: type, setting: str) -> Any:
    hint = typing.get_type_hints(section)[setting]
    origins = {typing.get_origin(hint), *(typing.get_origin(part) for part in _union_parts(hint))}
    if value[:1] in ("[", "{") or origins & {dict, Mapping, types.MappingProxyType}:
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"{name}: JSON is wanted: {error}") from error
    if origins & {list, tuple, frozenset, set}:
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _union_parts(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else ()


def _choices(steps: list[str]) -> list[str]:
    """The values that the setting at a path takes, or each element of it."""
    hint: Any = Configuration
    for step in steps:
        name = step.partition("[")[0]
        hint = typing.get_type_hints(hint)[name]
    return [str(value) for value in _literals(hint)]


def _literals(hint: Any) -> Iterator[Any]:
    for part in typing.get_args(hint):
        if typing.get_origin(hint) is typing.Literal:
            yield part
        else:
            yield from _literals(part)


def _readable(error: msgspec.ValidationError) -> str:
    """msgspec's "… - at `$.smtp.port`" as "[smtp] port: …"."""
    message, _, path = str(error).partition(" - at ")
    steps = [step for step in path.strip("`").split(".") if step != "$"]
    if message.startswith("Invalid enum value"):
        message += f"; it is one of {', '.join(_choices(steps))}"
    if len(steps) >= 2:
        return f"[{steps[0]}] {'.'.join(steps[1:])}: {message}"
    return f"{'.'.join(steps)}: {message}" if steps else message
