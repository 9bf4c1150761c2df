"""Checks Twisted's endpoint strings; the only module of the settings that imports Twisted.

Twisted makes an endpoint of the string: that reads certificates, but opens no socket and uses no
reactor. Faults that its parsers accept, and that would show only when the gate starts (a port
beyond 65535, a missing directory of certificates), are checked here. Of ``systemd:`` only the form
is checked, since its descriptors exist only in the unit that systemd starts.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from zope.interface import implementer

from smppgate.settings.bare_addresses import meant_client, meant_server
from smppgate.settings.certificates import CertificateFiles, CertificateFolder

LARGEST_PORT = 65535
SOCKET_FAMILIES = ("INET", "INET6", "UNIX")

_WRONG_ARGUMENTS = "does not have the arguments of an endpoint"

# Type of endpoint → position of the port among the arguments without a name.
_SERVER_PORTS = {"tcp": 0, "tcp6": 0, "ssl": 0, "tls": 1}
_CLIENT_PORTS = {"tcp": 1, "ssl": 1, "tls": 1}


@implementer(IReactorPluggableNameResolver)
class _NoReactor:
    """Takes the place of the reactor in the constructors of endpoints, which only store it."""

    nameResolver: Any = None  # noqa: N815

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:  # noqa: N802
        return resolver


@attrs.frozen
class Parts:
    """The parts of an endpoint string, without escapes: its type and its arguments."""

    scheme: str
    arguments: tuple[str, ...]
    named: dict[str, str]

    def get(self, name: str, index: int) -> str | None:
        """The argument called ``name``, or the one at ``index`` among those without a name."""
        if name in self.named:
            return self.named[name]
        return self.arguments[index] if index < len(self.arguments) else None


def server_fault(description: str) -> str | None:
    """The fault of ``description`` as an endpoint to listen on; None if it is valid."""
    parts = split(unwrapped(description))
    if parts.scheme == "systemd":
        return _systemd_fault(parts)
    return (
        _directory_fault(parts)
        or _port_fault(parts, _SERVER_PORTS)
        or _path_fault(parts, "address")
        or _opening_fault(parts, description)
    )


def bare_server_fault(description: str) -> str | None:
    """The fault of an endpoint to listen on that takes no PROXY header."""
    if split(description).scheme == "haproxy":
        return "must not begin with haproxy: here"
    return server_fault(description)


def certificates(parts: Parts) -> CertificateFiles | CertificateFolder | None:
    """The files of the certificates that an endpoint to listen on has; None without TLS."""
    if parts.scheme == "tls":
        return CertificateFolder(parts.get("path", 0) or "")
    if parts.scheme != "ssl":
        return None
    key = parts.get("privateKey", 1) or "server.pem"
    return CertificateFiles(
        certificate=parts.get("certKey", 2) or key,
        key=key,
        chain=parts.get("extraCertChain", 6),
        parameters=parts.get("dhParameters", 7),
    )


def client_fault(description: str) -> str | None:
    """The fault of ``description`` as an endpoint to connect to; None if it is valid."""
    parts = split(description)
    if parts.scheme in _CLIENT_PORTS and parts.get("host", 0) == "":
        return "names no host"
    return (
        _port_fault(parts, _CLIENT_PORTS)
        or _path_fault(parts, "path")
        or _twisted_fault(clientFromString, description)
    )


def is_exposed(description: str) -> bool:
    """Whether a server endpoint listens on all addresses of the machine and without TLS."""
    parts = split(unwrapped(description))
    index = {"tcp": 1, "tcp6": 2}.get(parts.scheme)
    return index is not None and (parts.get("interface", index) or "::") in ("::", "0.0.0.0")  # noqa: S104


def unwrapped(description: str) -> str:
    """``description`` without ``haproxy:``, which may precede any endpoint string."""
    return re.sub(r"^(haproxy:)+", "", description, flags=re.IGNORECASE)


def split(description: str) -> Parts:
    """The parts of an endpoint string; ``haproxy:`` in front is taken for its type."""
    scheme, *rest = re.split(r"(?<!\\):", description)
    named = [re.split(r"(?<!\\)=", part, maxsplit=1) for part in rest]
    return Parts(
        scheme.lower(),
        tuple(_unescaped(pair[0]) for pair in named if len(pair) == 1),
        {_unescaped(pair[0]): _unescaped(pair[1]) for pair in named if len(pair) > 1},
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _port_fault(parts: Parts, ports: dict[str, int]) -> str | None:
    index = ports.get(parts.scheme)
    port = None if index is None else parts.get("port", index)
    if port is None or (re.fullmatch("[0-9]{1,5}", port) and int(port) <= LARGEST_PORT):
        return None
    return f"port must be 0 to {LARGEST_PORT}, not {port!r}"


def _directory_fault(parts: Parts) -> str | None:
    path = parts.get("path", 0) if parts.scheme == "tls" else None
    if path is None or os.path.isdir(path):
        return None
    return f"there is no directory of certificates {path!r}"


def _opening_fault(parts: Parts, description: str) -> str | None:
    """The fault that Twisted finds, in better words where it is one of a certificate."""
    files = certificates(parts)
    if files is None:
        return _twisted_fault(serverFromString, description)
    if not parts.arguments and not parts.named:
        # Twisted says which are missing.
        return _twisted_fault(serverFromString, description)
    early = files.early_fault()
    if early is not None:
        return early
    fault = _twisted_fault(serverFromString, description)
    is_of_files = fault is not None and not fault.startswith(_WRONG_ARGUMENTS)
    return (files.fault() or fault) if is_of_files else fault


def _path_fault(parts: Parts, name: str) -> str | None:
    return "names no socket" if parts.scheme == "unix" and parts.get(name, 0) == "" else None


def _systemd_fault(parts: Parts) -> str | None:
    names = ("domain", "index", "name")
    given = {**dict(zip(names, parts.arguments, strict=False)), **parts.named}
    if len(parts.arguments) > len(names) or not given.keys() <= set(names):
        return "a systemd endpoint has a domain and an index or a name, and no more"
    if given.get("domain") not in SOCKET_FAMILIES:
        return f"a systemd endpoint needs domain=, one of {', '.join(SOCKET_FAMILIES)}"
    if ("index" in given) == ("name" in given):
        return "a systemd endpoint needs exactly one of index= and name="
    if not re.fullmatch("[0-9]{1,5}", given.get("index", "0")):
        return f"index must be a number, not {given['index']!r}"
    return None


def _twisted_fault(parse: Callable[[object, str], object], description: str) -> str | None:
    try:
        parse(_NoReactor(), description)
    except OSError as error:
        return _file_fault(error)
    except TypeError as error:
        # Twisted calls Python functions with the arguments: the function's name is cut off.
        return f"{_WRONG_ARGUMENTS}: {str(error).rpartition('() ')[2]}"
    except ValueError as error:
        return f"is not an endpoint: {error}{_meant(parse, description)}"
    except Exception as error:
        # Endpoint parsers are plugins, and OpenSSL reads certificates: they raise exceptions of
        # any class, and `check` has to report them all.
        return f"is not usable: {type(error).__module__}.{type(error).__name__}: {error}"
    return None


def _meant(parse: Callable[[object, str], object], description: str) -> str:
    """``; did you mean tcp:...?`` for an address that is no endpoint string."""
    side = meant_server if parse is serverFromString else meant_client
    endpoint = side(description)
    return f"; did you mean {endpoint}?" if endpoint else ""


def _file_fault(error: OSError) -> str:
    name = "a directory of certificates" if error.filename is None else repr(error.filename)
    return f"{name} cannot be read: {error.strerror or 'no such directory'}"
