"""The tables ``[peers]`` and ``[[peer]]``: the other processes and machines of one gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import shown
from smppgate.settings.endpoints import bare_server_fault, client_fault
from smppgate.settings.errors import Problem
from smppgate.settings.passwords import KeptPassword, PasswordFile, secret_of
from smppgate.settings.raw import tables
from smppgate.settings.tables import Table, setting
from smppgate.settings.takes import Takes
from smppgate.settings.texts import Endpoint, Name, Secret

MOST_PEERS = 32
"""Nodes of one gate: each has a link to each other."""

LONGEST_NAME = 15
"""Octets of a node's name, which is the system_id of its binds: SMPP v3.4 §5.2.1."""

_SECRET = Secret(1, 64)


@attrs.frozen
class NodeName(Name):
    """The name of a node; empty only if ``optional``."""

    @property
    def allowed(self) -> str:
        """The valid characters, and how many."""
        return f"up to {LONGEST_NAME} {super().allowed}"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is empty, too long, or has other characters."""
        yield from super().faults(text)
        if len(text) > LONGEST_NAME:
            yield f"must be at most {LONGEST_NAME} octets, not {len(text)}"


@attrs.frozen
class PeersSettings(Table):
    """``[peers]``: what this node is to its peers."""

    name: str = attrs.field(
        default="",
        metadata=setting(
            NodeName(optional=True),
            "The name of this node, by which it binds at its peers; empty has no peers.",
            takes=Takes.AT_RESTART,
        ),
    )
    endpoint: str = attrs.field(
        default="",
        metadata=setting(
            Endpoint("server", bare_server_fault, optional=True),
            "Where its peers bind.",
            takes=Takes.AT_RESTART,
        ),
    )
    secret: str = attrs.field(
        default="",
        repr=False,
        metadata=setting(
            Secret(0, 64),
            "What peers bind with; it is the same on all nodes. Without TLS it can be read on the "
            "way.",
            takes=Takes.AT_RESTART,
        ),
    )
    secret_file: KeptPassword | None = attrs.field(
        default=None,
        metadata=setting(
            PasswordFile("secret", _SECRET),
            "Instead of secret: a file that has it. A relative path counts from the folder of the "
            "configuration.",
            takes=Takes.AT_RESTART,
        ),
    )

    @property
    def password(self) -> str:
        """The secret, wherever it is."""
        return secret_of(self.secret or None, self.secret_file)

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """A node with a name and without an endpoint or a secret, or with two secrets."""
        secret, file = table.get("secret"), table.get("secret_file")
        if secret and file:
            yield Problem("secret_file", "must not be there beside secret: one of both is enough")
        if not table.get("name"):
            return
        if not table.get("endpoint"):
            yield Problem("endpoint", "is missing: peers bind at a node that has a name")
        if not secret and not file:
            yield Problem("secret", "is missing: there must be secret or secret_file")


@attrs.frozen
class PeerSettings(Table):
    """``[[peer]]``: one node, and where the others bind at it."""

    name: str = attrs.field(
        metadata=setting(
            NodeName(),
            "Its name in its own `[peers]`. A node passes over the table with its own name, so "
            "all nodes may have the same list.",
        ),
    )
    endpoint: str = attrs.field(
        metadata=setting(Endpoint("client", client_fault), "Where this node binds at it."),
    )


def peer_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """More nodes than can be linked. Names that two have are told as those of other tables."""
    own = document.get("peers")
    own_name = own.get("name") if isinstance(own, dict) else None
    names = [table.get("name") for _, table in tables(document, "peer")]
    others = [name for name in names if name != own_name]
    if len(others) >= MOST_PEERS:
        more = f"must be at most {MOST_PEERS} nodes with this one, not {len(others) + 1}"
        yield Problem("peer", more)


def peer_warnings(peers: PeersSettings, others: tuple[PeerSettings, ...]) -> Iterator[str]:
    """Peers that are of no use, and a secret that others can read on the way."""
    if others and not peers.name:
        yield "peers.name: is missing, so there are no links to any [[peer]]"
    if peers.name and all(peer.name == peers.name for peer in others):
        yield f"peers.name: {shown(peers.name)} is alone, there is no other [[peer]]"
