"""`Telling`: says in the event log what happens in the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from smppgate.gate.relay.events import MOST_LINES, Listener, Session
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.observe.event_log import EventLog
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import status_meaning
from smppgate.txsmpp.printable import printable

_WORDS = {"smsc": "SMSC", "link": "link", "account": "ESME"}


class Telling(Listener):
    """Makes lines for people of events. Storms are told in summary, see `EventLog.tell`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._tells_decisions = True

    @contextmanager
    def without_decisions(self) -> Iterator[None]:
        """Tell of no decision that is made within: whoever makes it tells who did."""
        self._tells_decisions = False
        try:
            yield
        finally:
            self._tells_decisions = True

    def bound(self, session: Session) -> None:
        """A session is bound."""
        if isinstance(session, SmscProtocol):
            self._tell_of_link("bound", session, "bound")
        elif isinstance(session, EsmeProtocol):
            text = f"bound as {session.kind} from {session.where}"
            self._tell_of_esme("bound", session, text)

    def lost(self, session: Session, reason: str) -> None:
        """A session that was bound has ended."""
        if isinstance(session, SmscProtocol):
            self._tell_of_link("lost", session, f"gone: {reason}")
        elif isinstance(session, EsmeProtocol):
            self._tell_of_esme("lost", session, f"at {session.where} gone: {reason}")

    def refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """The bind of an ESME was refused."""
        name, host = printable(name), getattr(session, "host", "")
        text = f"ESME {name} at {host} refused: {status_meaning(command_status)}"
        self._log.tell("refused", text, account=name, peer=host)

    def connection_refused(self, host: str, reason: str) -> None:
        """A connection was cut."""
        self._log.tell("connection_refused", f"{host} refused: {printable(reason)}", peer=host)

    def link_failed(self, link: str, smsc: Smsc, reason: str) -> None:
        """A link was not reached, or not bound."""
        text = f"SMSC {link} not bound: {printable(reason)}"
        self._log.tell("link_failed", text, smsc=smsc.name, link=link)

    def ejected(self, pool: str, smsc: str, reason: str, seconds: float) -> None:
        """A member of a pool was ejected, or is back."""
        if seconds:
            text = f"pool {pool}: SMSC {smsc} is ejected for {seconds:g} s: {reason}"
            self._log.tell("ejected", text, pool=pool, smsc=smsc)
        else:
            text = f"pool {pool}: SMSC {smsc} is back: {reason}"
            self._log.tell("returned", text, pool=pool, smsc=smsc)

    def pool_changed(self, pool: str, smsc: str, is_up: bool) -> None:
        """A pool has an SMSC again, or none."""
        if is_up:
            self._log.tell("pool_up", f"pool {pool} has an SMSC again: {smsc}", pool=pool)
        else:
            self._log.tell("pool_down", f"pool {pool} is without an SMSC", pool=pool)

    def peer_changed(self, name: str, change: str, text: str) -> None:
        """Something has changed about another node."""
        self._log.tell(f"peer_{change}", f"peer {name} {printable(text)}", peer=name)

    def decided(self, what: str, name: str, decision: str) -> None:
        """An operator has decided something."""
        if not self._tells_decisions:
            return
        self._log.tell(f"{what}_changed", f"{_WORDS[what]} {name}: {decision}", **{what: name})

    def reloaded(self, lines: Sequence[str]) -> None:
        """The gate goes by other settings."""
        self._log.tell("reloaded", _joined("reloaded", lines))

    def reload_refused(self, lines: Sequence[str]) -> None:
        """The gate goes on by its settings."""
        self._log.tell("reload_refused", _joined("nothing is reloaded", lines))

    def _tell_of_link(self, kind: str, link: SmscProtocol, text: str) -> None:
        text = f"SMSC {link.name} {printable(text)}"
        self._log.tell(kind, text, smsc=link.smsc.name, link=link.name)

    def _tell_of_esme(self, kind: str, session: EsmeProtocol, text: str) -> None:
        name = session.system_id.decode("latin-1")
        self._log.tell(kind, f"ESME {name} {printable(text)}", account=name, peer=session.where)


def _joined(what: str, lines: Sequence[str]) -> str:
    told = [printable(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        told.append("and more")
    return f"{what}: " + "; ".join(told)
