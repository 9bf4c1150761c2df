"""Redis, its replica and a Sentinel with TLS, which let in who has a certificate and a password.

Nodes have users of their own, with the rights that `docs/redis.md` gives them and no others.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509

from tests.certificates import Authority
from tests.store.redis.real import RealRedis, RealSentinels

PAGE = Path(__file__).parents[3] / "docs" / "redis.md"
OF_SERVERS, OF_SENTINELS = "SECRET", "OTHER"
"""The passwords of the users of nodes, as the page has them."""

_OWNER = "of-the-owner"
_RULE = "^ACL SETUSER gate on >{password} .*$"


def rule_for(password: str) -> list[str]:
    """The command of the page that makes the user with ``password``."""
    (rule,) = re.findall(_RULE.format(password=password), PAGE.read_text(), re.MULTILINE)
    return shlex.split(rule.replace(">", "'>'"))


class Secured(NamedTuple):
    """All that there is, and the settings by which a node reaches it."""

    master: RealRedis
    replica: RealRedis
    sentinels: RealSentinels
    store: dict[str, Any]


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """Servers that are there as long as the context; ``folder`` gets the files of nodes."""
    of_servers = folder / "of-servers"
    of_servers.mkdir()
    issue(Authority(), of_servers, folder)
    options: dict[str, Any] = {"requirepass": _OWNER, "masterauth": _OWNER, "tls": of_servers}
    # A server that is started again has its users still.
    options["user"] = rule_for(OF_SERVERS)[2:]
    with ExitStack() as stack:
        master = stack.enter_context(RealRedis(**options))
        replica = RealRedis(**options, replicaof=master.tls_address)
        stack.enter_context(replica)
        sentinels = RealSentinels(
            master, count=1, quorum=1, password=_OWNER, own_password=_OWNER, tls=of_servers
        )
        stack.enter_context(sentinels)
        sentinels.await_replicas(1)
        master.await_replicas()
        for address in sentinels:
            sentinels.call(address, *rule_for(OF_SENTINELS))
        yield Secured(master, replica, sentinels, settings_of(folder, sentinels))


def issue(authority: Authority, of_servers: Path, of_nodes: Path) -> None:
    """Write cert.pem, key.pem and ca.pem of both."""
    for folder in (of_servers, of_nodes):
        names = x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))
        issued = authority.issue(folder, "cert", *names)
        issued.key.rename(folder / "key.pem")
        authority.write(folder)


def settings_of(folder: Path, sentinels: RealSentinels) -> dict[str, Any]:
    """The table of a node that has its files in ``folder``."""
    for name, password in (("servers.secret", OF_SERVERS), ("sentinels.secret", OF_SENTINELS)):
        (folder / name).write_text(password)
    return {
        "kind": "redis",
        "sentinels": [f"{host}:{port}" for host, port in sentinels.tls_addresses],
        "sentinel_master": sentinels.name,
        "username": "gate",
        "password_file": str(folder / "servers.secret"),
        "sentinel_username": "gate",
        "sentinel_password_file": str(folder / "sentinels.secret"),
        "tls": {
            "ca": str(folder / "ca.pem"),
            "certificate": str(folder / "cert.pem"),
            "key": str(folder / "key.pem"),
        },
    }
