"""Makes the links between nodes from the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from smppgate.gate.peers.peers import Peers, peer_timers
from smppgate.gate.peers.sessions import PeerConfig
from smppgate.gate.peers.told import NodeSettings
from smppgate.gate.router import RouterService
from smppgate.settings import Settings
from smppgate.settings.number_files import NumberFile
from smppgate.settings.tables import Table
from smppgate.txsmpp.timers import Timers

ENVELOPE_ROOM = 4_096
"""Octets that a message on a link may have beyond those of any other: its envelope."""

LEAST_PDU_SIZE = 131_072
"""Octets that a PDU on a link may have at the least: the settings of a node are one."""

COMMON = ("esme", "pool", "route", "rewrite")
"""Tables that should be the same on all nodes, or a message fares otherwise on one of them."""


def make_peers(
    settings: Settings,
    reactor: Any,
    router: RouterService,
    jitter: Callable[[], float],
    *,
    are_alike: bool = False,
) -> Peers | None:
    """The links to the other nodes; None where this node has no name.

    :param are_alike: all nodes have the same settings, but for moments.
    """
    peers = settings.peers
    if not peers.name:
        return None
    config = PeerConfig(
        name=peers.name,
        secret=peers.password.encode("latin-1"),
        clock=router.clock,
        batch=router.batch,
        reports=router.reports,
        timers=timers_of(settings),
        max_pdu_size=pdu_size_of(settings),
    )
    own = node_settings(settings, are_alike=are_alike)
    made = Peers(reactor, router, config, peers.endpoint, own, jitter)
    for name, endpoint in endpoints_of(settings).items():
        made.add(name, endpoint)
    return made


def change_peers(peers: Peers, settings: Settings, *, are_alike: bool = False) -> None:
    """Let ``peers`` be as new settings say, but for what waits for a restart."""
    peers.change_limits(timers_of(settings), pdu_size_of(settings))
    own = node_settings(settings, are_alike=are_alike)
    peers.change(endpoints_of(settings), own)


def endpoints_of(settings: Settings) -> Mapping[str, str]:
    """Where this node binds at the others, by their names."""
    others = (each for each in settings.peer if each.name != settings.peers.name)
    return {each.name: each.endpoint for each in others}


def node_count(settings: Settings) -> int:
    """How many nodes there are with this one; 0 where it has no name, and others are not known."""
    return len(endpoints_of(settings)) + 1 if settings.peers.name else 0


def pdu_size_of(settings: Settings) -> int:
    """Octets that a PDU on a link may have."""
    return max(settings.gate.max_pdu_size + ENVELOPE_ROOM, LEAST_PDU_SIZE)


def timers_of(settings: Settings) -> Timers:
    """The timers of links."""
    gate = settings.gate
    times = [esme.deliver_timeout or gate.deliver_timeout for esme in settings.esme]
    times += [smsc.response_timeout or gate.response_timeout for smsc in settings.smsc]
    return peer_timers(max(times), gate.unbind_timeout)


def node_settings(settings: Settings, *, are_alike: bool = False) -> NodeSettings:
    """What this node tells of its settings. Digests are made without secrets.

    :param are_alike: no digests are compared.
    """
    tags = {smsc.tag_or_derived: (smsc.name, smsc.group_or_name) for smsc in settings.smsc}
    tables = () if are_alike else COMMON
    digests = {name: _digest(getattr(settings, name)) for name in tables}
    return NodeSettings(settings.peers.name, digests, tags)


def _digest(tables: tuple[Table, ...]) -> bytes:
    # No repr of a table has a secret in it. Of files their content counts, wherever they are.
    text, content = repr(tables), b""
    for file in _files(tables):
        text = text.replace(repr(file.path), "")
        content += file.content + b"\n"
    return hashlib.sha256(text.encode() + b"\0" + content).digest()[:16]


def _files(tables: Iterable[Table]) -> Iterator[NumberFile]:
    for each in tables:
        values = attrs.astuple(each, recurse=False)
        yield from (value for value in values if isinstance(value, NumberFile))
