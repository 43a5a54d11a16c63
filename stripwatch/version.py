"""The installed version."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("stripwatch")
except PackageNotFoundError:  # run from a tree that is not installed
    VERSION = "0"
