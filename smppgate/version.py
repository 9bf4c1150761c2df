"""Which version of smppgate this is."""

from __future__ import annotations

from importlib import metadata


def installed_version() -> str:
    """The version of the package that is installed; empty where it runs without being so."""
    try:
        return metadata.version("smppgate")
    except metadata.PackageNotFoundError:
        return ""
