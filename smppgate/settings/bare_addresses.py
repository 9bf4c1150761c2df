"""The endpoint string that a bare address stands for, such as ``10.0.0.7:2775``."""

from __future__ import annotations

import re
from typing import NamedTuple

STANDARD_PORT = "2775"
"""The port registered for SMPP, for an address without one."""

_HOST = r"\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[A-Za-z0-9_.*-]*)"
_ADDRESS = re.compile(rf"(?:smpp://|tcp://)?(?:{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/?")
_BARE_V6 = re.compile(r"(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+")
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - what is listened on, in words


class _Address(NamedTuple):
    host: str
    port: str


def meant_client(text: str) -> str:
    """The endpoint to connect to that ``text`` means; empty for what is no bare address."""
    found = _read(text)
    if found is None or found.host in _EVERYWHERE or found.host.isdigit():
        return ""
    return f"tcp:{_escaped(found.host)}:{found.port or STANDARD_PORT}"


def meant_server(text: str) -> str:
    """The endpoint to listen on that ``text`` means; empty for what is no bare address."""
    found = _read(text)
    if found is None:
        return ""
    if found.host.isdigit() and not found.port:
        found = _Address("", found.host)
    port = found.port or STANDARD_PORT
    if found.host in _EVERYWHERE:
        return f"tcp:{port}"
    kind = "tcp6" if ":" in found.host else "tcp"
    return f"{kind}:{port}:interface={_escaped(found.host)}"


def _read(text: str) -> _Address | None:
    if _BARE_V6.fullmatch(text):
        return _Address(text, "")
    found = _ADDRESS.fullmatch(text) if text else None
    if found is None:
        return None
    return _Address(found["v6"] or found["host"] or "", found["port"] or "")


def _escaped(host: str) -> str:
    return host.replace(":", r"\:")
