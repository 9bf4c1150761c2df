"""`SmscsHere` and `SmscsElsewhere`: to which SMSCs a node has links, told and heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import cast

from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.remote_link import RemoteLink
from smppgate.gate.peers.told import LinkedSmsc, in_pieces
from smppgate.gate.relay.events import Listener, Session
from smppgate.gate.router import RouterService
from smppgate.routing.sessions import SmscSession
from smppgate.routing.smscs.links import Link as SmscLink
from smppgate.routing.smscs.smsc import Smsc

MOST_SMSCS = 10_000
"""SMSCs of one node that are known."""


class SmscsHere(Listener):
    """Learns which links to SMSCs are bound, and tells it at the end of the turn.

    :param tell: sends fields to all peers.
    """

    def __init__(self, router: RouterService, tell: Callable[[bytes], None]) -> None:
        self._router = router
        self._tell = tell
        # By their names: an SMSC may be back under its own before its former links are gone.
        self._changed: dict[str, None] = {}
        # SMSC → what all peers were told of it last.
        self._told: dict[str, LinkedSmsc] = {}

    def bound(self, session: Session) -> None:
        """A link is bound."""
        self._note(session)

    def lost(self, session: Session, reason: str) -> None:
        """A link has ended."""
        self._note(session)

    def _note(self, session: Session) -> None:
        if session.token or cast(SmscSession, session).owner is not None:
            # It is one of an ESME, or serves one alone.
            return
        if not self._changed:
            self._router.batch.at_end(self._tell_changes)
        self._changed[cast(SmscSession, session).smsc.name] = None

    def look(self) -> None:
        """Tell what operators and reloads have changed about what may be sent to SMSCs."""
        now = {smsc.name: self._linked(smsc.name) for smsc in self._router.smscs}
        gone = (LinkedSmsc(name, 0) for name in self._told if name not in now)
        self._say(each for each in (*gone, *now.values()) if self._told.get(each.name) != each)
        self._told = now

    def all(self) -> Iterator[bytes]:
        """All SMSCs, a PDU's worth of fields at a time, for a peer that comes.

        What has changed is told to the others first: all know the same then.
        """
        self.look()
        return in_pieces(each.octets() for each in self._told.values())

    def _tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        told = [self._linked(name) for name in changed]
        self._told.update((each.name, each) for each in told)
        self._say(told)

    def _linked(self, name: str) -> LinkedSmsc:
        """What is told of an SMSC; of one that is gone, that it has no links."""
        smsc = self._router.smsc_named(name)
        links = near_links(smsc) if smsc is not None else []
        version = links[0].version.interface_version if links else 0x34
        return LinkedSmsc(name, sum(each.window for each in links), version)

    def _say(self, told: Iterable[LinkedSmsc]) -> None:
        for piece in in_pieces(each.octets() for each in told):
            self._tell(piece)


def near_links(smsc: Smsc) -> list[SmscLink]:
    """The links to ``smsc`` that are bound here and take new messages."""
    return smsc.links if smsc.bound else []


class SmscsElsewhere:
    """The SMSCs that other nodes have links to, as remote links of the SMSCs here."""

    def __init__(self, router: RouterService) -> None:
        self._router = router
        self._by_link: dict[Link, dict[str, RemoteLink]] = {}
        self._told: dict[Link, dict[str, LinkedSmsc]] = {}

    def linked(self, link: Link, told: LinkedSmsc) -> None:
        """The node of ``link`` has links to an SMSC, or has none any more."""
        told_before = self._told.setdefault(link, {})
        if told.name in told_before or len(told_before) < MOST_SMSCS:
            told_before[told.name] = told
            self._place(link, told)

    def rearrange(self) -> None:
        """The settings are others: there may be other SMSCs."""
        for link, known in list(self._told.items()):
            for told in list(known.values()):
                self._place(link, told)

    def _place(self, link: Link, told: LinkedSmsc) -> None:
        known = self._by_link.setdefault(link, {})
        before = known.get(told.name)
        smsc = self._router.smsc_named(told.name)
        if before is not None and before.smsc is smsc and told.window:
            before.change(told)
            return
        if before is not None:
            del known[told.name]
            self._leave(before)
        if smsc is not None and told.window:
            remote = known[told.name] = RemoteLink(link, smsc, told, self._router.clock)
            smsc.add(cast(SmscLink, remote))
            self._router.smsc_reached(smsc)

    def link_lost(self, link: Link) -> None:
        """The link has ended, and with it all remote links by way of it."""
        self._told.pop(link, None)
        for remote in self._by_link.pop(link, {}).values():
            self._leave(remote)

    def _leave(self, remote: RemoteLink) -> None:
        remote.end()
        remote.smsc.remove(cast(SmscLink, remote))
        self._router.smsc_unreached(remote.smsc)
