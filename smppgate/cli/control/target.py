"""Which running gate a command asks: a socket, the configuration that names it, or a URL.

The configuration is read here without `smppgate.settings`, which would take longer than all else
that the command does. What is wrong in it is the gate's to tell, or `smppgate check`'s.
"""

from __future__ import annotations

import argparse
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.texts import shown
from smppgate.cli.failures import UsageError

DEFAULT_CONFIG = "smppgate.toml"
"""In the working directory, as ``smppgate run`` takes it."""

DEFAULT_STATE_DIR = "state"
"""``[gate] state_dir`` where the file has none."""

STATE_DIR = "STATE_DIR"
"""Stands for ``state_dir`` in an endpoint."""

DEFAULT_ENDPOINT = f"unix:{STATE_DIR}/admin.sock:mode=600"
"""``[admin] endpoint`` where the file has none."""

_PART = re.compile(r"(?:\\.|[^\\:])+")
"""A part of an endpoint string, between colons that no backslash stands before."""


@frozen
class Socket:
    """The admin socket of a gate on this machine. :ivar path: one of the file system."""

    path: str

    def __str__(self) -> str:
        return shown(self.path)


@frozen
class Url:
    """Where a gate listens for HTTP.

    :ivar parts: of the URL; its path goes in front of those of the API.
    :ivar user: empty for nobody.
    :ivar authorities: a file of certificates to trust instead of the system's; empty for these.
    """

    parts: SplitResult
    user: str = ""
    authorities: str = ""

    def __str__(self) -> str:
        return shown(self.parts.geturl())


Target = Socket | Url


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which gate is asked."""
    group = parser.add_argument_group(
        "which gate",
        "Without any of them: SMPPGATE_SOCKET, SMPPGATE_URL or SMPPGATE_CONFIG of the\n"
        f"environment, else {DEFAULT_CONFIG} in this folder.",
    )
    add = group.add_mutually_exclusive_group().add_argument
    add("--socket", metavar="PATH", help="its admin socket; who may open it is operator")
    add("--config", "-c", metavar="FILE", help="its configuration (TOML), which names the socket")
    add("--url", metavar="URL", help="where it listens, such as https://gate.example:8443")
    add_user_arguments(group)


def add_user_arguments(parser: argparse._ActionsContainer) -> None:
    """Add those that go with ``--url``."""
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="with a URL; the password is SMPPGATE_PASSWORD of the environment, else asked for in "
        "the terminal, else the first line of standard input (default: SMPPGATE_USER)",
    )
    parser.add_argument(
        "--ca", metavar="FILE", help="trust the certificates in this file, not the system's"
    )


def target_of(args: argparse.Namespace, environment: Mapping[str, str]) -> Target:
    """The gate that ``args`` name, else that of the environment, else that of this folder.

    :raises UsageError: the URL cannot be, or no gate is named.
    :raises NotReached: the configuration names no socket that is there.
    """
    named = {name: getattr(args, name) for name in ("socket", "url", "config")}
    if not any(named.values()):
        named = {name: environment.get(f"SMPPGATE_{name.upper()}") for name in named}
    if named["socket"]:
        return Socket(named["socket"])
    if named["url"]:
        user = args.user or environment.get("SMPPGATE_USER", "")
        return Url(_url(named["url"]), user, args.ca or "")
    if not named["config"] and not os.path.exists(DEFAULT_CONFIG):
        raise UsageError(
            f"no gate is named: give --socket, --config or --url (there is no {DEFAULT_CONFIG} "
            "in this folder)"
        )
    return _configured(named["config"] or DEFAULT_CONFIG)


def _url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 (it is read for its ValueError)
    except ValueError as error:
        raise UsageError(f"--url {shown(text)}: {error}") from None
    if parts.username is not None or parts.password is not None:
        # The text may have a password, so it is not repeated.
        raise UsageError("--url has no place for a user: give --user; the password is asked for")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise UsageError(f"a URL such as https://gate.example:8443, not {shown(text)}")
    return parts


def _configured(file: str) -> Socket:
    document = _document(file)
    places = [path for endpoint in _endpoints(document, file) for path in _socket_path(endpoint)]
    if not places:
        raise NotReached(f"[admin] endpoint in {shown(file)} is no unix socket: give --url")
    tried = [path for place in places for path in _found_from(place, file)]
    for path in tried:
        if os.path.exists(path):
            return Socket(path)
    paths = " or ".join(map(shown, dict.fromkeys(tried)))
    raise NotReached(f"no gate runs with {shown(file)}: there is no socket {paths}")


def _document(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text("utf-8-sig"))
    except OSError as error:
        raise NotReached(f"{shown(file)} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise NotReached(f"{shown(file)} is not TOML: `smppgate check` tells more") from None


def _endpoints(document: dict[str, Any], file: str) -> tuple[str, ...]:
    """Those of ``[admin]``, else the default one, with ``state_dir`` in them."""
    found = _value(document, "admin", "endpoint")
    if found == []:
        raise NotReached(f"the admin socket is switched off in {shown(file)}: [admin] endpoint")
    several = found if isinstance(found, list) else [DEFAULT_ENDPOINT if found is None else found]
    state_dir = _value(document, "gate", "state_dir")
    folder = state_dir if isinstance(state_dir, str) else DEFAULT_STATE_DIR
    escaped = re.sub(r"([\\:=])", r"\\\1", folder)
    return tuple(each.replace(STATE_DIR, escaped) for each in several if isinstance(each, str))


def _value(document: dict[str, Any], table: str, key: str) -> Any:
    found = document.get(table)
    return found.get(key) if isinstance(found, dict) else None


def _socket_path(endpoint: str) -> Iterator[str]:
    """The path of a unix endpoint, as Twisted writes it; none of any other."""
    kind, *parts = _PART.findall(endpoint) or [""]
    if kind != "unix":
        return
    for part in parts:
        key, equals, value = part.partition("=")
        is_path = not equals or key.endswith("\\")
        if is_path or key == "address":
            yield re.sub(r"\\(.)", r"\1", part if is_path else value)
            return


def _found_from(path: str, file: str) -> tuple[str, ...]:
    """Where a path of the file may be: the gate counts from its own folder, which may be that of
    this command or that of the file."""
    return (path, os.path.join(os.path.dirname(file), path))
