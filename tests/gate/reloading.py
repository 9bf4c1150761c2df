"""Gates that are reloaded with random differences, and peers that behave, all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from attrs import define, evolve, field
from twisted.internet.testing import MemoryReactorClock

from smppgate.gate import Gateway
from smppgate.gate.sessions.listener import TurnedAway
from smppgate.settings import Settings, SettingsError
from smppgate.settings.changes import Change, keys_taking
from smppgate.settings.difference import difference
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.takes import Takes
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import response
from smppgate.txsmpp.pdu import BindReceiver, BindTransceiver, BindTransmitter
from tests.fakes import MemoryTransport, NoJitter, connect, outcomes
from tests.gate.likeness import NUMBERS, differences, likeness, objects_of
from tests.gate.memory_gateway import compare_at_once
from tests.settings.random_settings import WORDS, drawn, mutated
from tests.txsmpp.pairs import frames_of, numbered

NAMES = (*WORDS.system_ids, "acme ", "ACME", "nobody")

STEADY = frozenset({("gate", "inactivity_timeout"), ("gate", "session_init_timeout")})
"""With these at half a second the sessions of peers who say nothing come and go."""

_LIVELY = {CommandId.ENQUIRE_LINK, CommandId.ENQUIRE_LINK | RESPONSE_BIT}

_KINDS = {
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
    "transceiver": BindTransceiver,
}


@define(eq=False)
class Peer:
    """The other end of a connection, which answers whatever has an answer.

    :ivar heard: commands that came since the last look, without signs of life.
    """

    protocol: Any
    transport: MemoryTransport
    heard: list[int] = field(factory=list)

    def answer(self) -> bool:
        """Answer what has come; gives whether anything has."""
        frames = frames_of(self.transport.take()) if self.transport.connected else []
        for frame in frames:
            if frame.command_id not in _LIVELY:
                self.heard.append(frame.command_id)
            if not frame.command_id & RESPONSE_BIT and self.transport.connected:
                body = b"peer\0" if frame.command_id in _BINDS else b""
                self.transport.deliver(response(frame, 0, body))
        if self.transport.disconnecting and self.transport.connected:
            self.transport.lose()
        return bool(frames)


_BINDS = {CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER}


class Rig:
    """One gate, with all SMSCs at hand and one session of each account that may bind."""

    def __init__(self, settings: Settings) -> None:
        # Twisted's fakes are annotated in part only.
        self.reactor: Any = MemoryReactorClock()
        self.gateway: Any = Gateway(
            settings, self.reactor, entropy=NoJitter(1), compare=compare_at_once
        )
        self.peers: list[Peer] = []
        self.esmes: dict[str, Peer] = {}
        self._connected = 0
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.settle()

    def settle(self) -> None:
        """Let all that is under way be done."""
        for _ in range(400):
            self.turn()
            if not self._is_busy():
                return
            self.reactor.advance(0.05)
            self.esmes = {n: it for n, it in self.esmes.items() if it.transport.connected}
        raise AssertionError("links are still being replaced")

    def turn(self) -> None:
        """Let peers answer until nobody says anything."""
        self.reactor.advance(0)
        while self._connect() or self._answer():
            self.reactor.advance(0)
        self.peers = [peer for peer in self.peers if peer.transport.connected]

    def _is_busy(self) -> bool:
        parts = self.gateway.parts
        is_changing = any(service.is_changing for service in parts.smscs.values())
        # One that is not read for a while, for all that it sends, is unbound later.
        is_unbinding = any(peer.protocol.unbinding for peer in self.esmes.values())
        return is_changing or is_unbinding or bool(parts.leaving) or not self._are_bound()

    def _are_bound(self) -> bool:
        return all(link.is_bound for link in self.gateway.links)

    def _connect(self) -> bool:
        made = [*self.reactor.tcpClients, *self.reactor.unixClients]
        factories = [each[2] if len(each) > 4 else each[1] for each in made]
        new = [it for it in factories if not getattr(it, "is_taken", False)]
        for factory in new:
            factory.is_taken = True
            self._join(factory.buildProtocol(None))
        return bool(new)

    def _answer(self) -> bool:
        # Every peer has its turn.
        answers = [peer.answer() for peer in self.peers]
        return any(answers)

    def _join(self, protocol: Any) -> Peer:
        peer = Peer(protocol, connect(self.reactor, protocol))
        self.peers.append(peer)
        return peer

    def bind_all(self) -> None:
        """Let one ESME be bound to each account that the gate judges itself."""
        for esme in self.gateway.settings.esme:
            if esme.auth == "gate" and esme.system_id not in self.esmes:
                self._bind(esme.system_id, esme.secret, esme.binds[0])
        self.turn()

    def _bind(self, system_id: str, password: str, kind: str) -> None:
        listener = self.gateway.parts.listeners._listeners[0]
        if len(listener.factory.sessions) >= listener.factory.limit:
            return
        protocol = listener.factory.buildProtocol(None)
        if isinstance(protocol, TurnedAway):
            return
        peer = self._join(protocol)
        name, secret = system_id.encode("latin-1"), password.encode("latin-1")
        bind = _KINDS[kind](system_id=name, password=secret, interface_version=0x34)
        peer.transport.deliver(numbered(bind, 7))
        self.turn()
        if peer.protocol.account is not None:
            self.esmes[system_id] = peer

    def reload(self, settings: Settings) -> Settings | None:
        """The settings in force then; None where they cannot be."""
        for peer in self.peers:
            peer.heard.clear()
        reloading = self.gateway.reload(settings)
        self.turn()
        (found,) = outcomes(reloading)
        if not isinstance(found, Settings):
            found.trap(SettingsError)
            return None
        self.settle()
        return found


@define
class Kept:
    """What is not to change by a reload, and is the same object afterwards."""

    objects: dict[str, object]
    quiet: dict[str, Peer]

    @classmethod
    def of(cls, rig: Rig, settings: Settings) -> Kept:
        """What ``settings`` leave as it is in ``rig``."""
        gateway = rig.gateway
        found = difference(gateway.settings, settings)
        gone = {each.system_id for each in found.esme.removed}
        quiet = {f"ESME {name}": peer for name, peer in rig.esmes.items() if name not in gone}
        for link in _steady_links(rig, settings):
            peer = next(it for it in rig.peers if it.transport is link.session.transport)
            quiet[f"link {link.config.name}"] = peer
        return cls({}, quiet)._with(gateway, settings)

    def _with(self, gateway: Any, settings: Settings) -> Kept:
        self.objects.update(objects_of(gateway))
        names = {f"account {each.system_id}" for each in settings.esme}
        names |= {f"SMSC {each.name}" for each in settings.smsc}
        names |= {f"pool {each.name}" for each in settings.pool}
        self.objects = {name: it for name, it in self.objects.items() if name in names}
        return self

    def disturbed(self, rig: Rig) -> Iterator[str]:
        """What is not as it was."""
        now = objects_of(rig.gateway)
        for name, before in self.objects.items():
            if now.get(name) is not before:
                yield f"{name} was made anew"
        for name, peer in self.quiet.items():
            if peer.heard or not peer.transport.connected:
                yield f"{name} heard {[hex(it) for it in peer.heard]}"


def _steady_links(rig: Rig, settings: Settings) -> Iterator[Any]:
    """The links that ``settings`` do not bind anew."""
    found = difference(rig.gateway.settings, settings)
    changed = {each.new.name: each for each in found.smsc.changed}
    left = {each.name for each in settings.smsc}
    for name, service in rig.gateway.parts.smscs.items():
        if name in left and not _binds_anew(changed.get(name)):
            yield from (link for link in service.links if link.is_bound)


def _binds_anew(change: Change[SmscSettings] | None) -> bool:
    keys = keys_taking(SmscSettings, Takes.LINK_BY_LINK) | {"sessions"}
    return change is not None and bool(change.keys & keys)


def of_modest_size(settings: Settings) -> Settings:
    """The same with few links, in memory and without TLS."""
    smscs = tuple(evolve(each, sessions=min(each.sessions, 2), tls=None) for each in settings.smsc)
    listen = tuple(evolve(each, tls=None) for each in settings.listen)
    gate = evolve(settings.gate, inactivity_timeout=0.0, session_init_timeout=60.0)
    store = evolve(settings.store, kind="memory")
    return evolve(settings, smsc=smscs, listen=listen, gate=gate, store=store)


def wrong_after(seed: int, count: int, told: Callable[[str], None] = lambda _: None) -> list[str]:
    """What is wrong after one of ``count`` random reloads of one gate, one after the other."""
    random = Random(f"{seed}/reload")
    rig = Rig(of_modest_size(drawn(random)))
    for step in range(count):
        rig.bind_all()
        settings = of_modest_size(mutated(rig.gateway.settings, random, steady=STEADY))
        told(f"{step}: {difference(rig.gateway.settings, settings).lines()}")
        wrong = _wrong(rig, settings)
        if wrong:
            return [f"seed {seed}, step {step}: {each}" for each in wrong]
    return []


def _wrong(rig: Rig, settings: Settings) -> list[str]:
    kept = Kept.of(rig, settings)
    before, in_force = objects_of(rig.gateway), rig.gateway.settings
    found = rig.reload(settings)
    if found is None:
        return _changed(rig, before, in_force)
    names = {esme.system_id for esme in found.esme}
    left = [f"{name} is bound and removed" for name in rig.esmes if name not in names]
    fresh = Rig(found)
    mine, its = (likeness(each.gateway, NUMBERS, NAMES) for each in (rig, fresh))
    return [*kept.disturbed(rig), *left, *differences(mine, its)]


def _changed(rig: Rig, before: dict[str, object], in_force: Settings) -> list[str]:
    same = rig.gateway.settings is in_force and objects_of(rig.gateway) == before
    return [] if same else ["a reload that failed has changed something"]
