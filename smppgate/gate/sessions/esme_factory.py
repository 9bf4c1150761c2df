"""`EsmeFactory`: makes the sessions of a listener for ESMEs, and cuts those over a limit."""

from __future__ import annotations

from attrs import field, frozen
from twisted.internet.interfaces import IAddress

from smppgate.gate.sessions.address_places import AddressPlaces
from smppgate.gate.sessions.addresses import Behind, ip_of, network_of, shown_host
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.listener import LimitedFactory, all_in_use
from smppgate.routing.esmes.peer import Networks
from smppgate.routing.esmes.strangers import StrangerLimits, Strangers, all_open


@frozen
class ListenerRules:
    """What a listener lets peers do.

    :param strangers: before they are bound.
    :param allow: where they may be; None for everywhere.
    """

    strangers: StrangerLimits = field(factory=StrangerLimits)
    allow: Networks | None = None


class EsmeFactory(LimitedFactory[EsmeProtocol]):
    """Makes the sessions of one listener for ESMEs.

    :param rules: what it lets peers do beside that; by default anything.
    :param places: has the sessions counted by their addresses with those of other processes.
    """

    def __init__(
        self,
        config: EsmeSessionConfig,
        limit: int,
        rules: ListenerRules | None = None,
        places: AddressPlaces | None = None,
    ) -> None:
        super().__init__(limit, config.router.reports.refusals)
        self._rules = rules or ListenerRules()
        self.strangers = Strangers(self._rules.strangers)
        self._places = places
        self._config = config

    def change(self, limit: int, rules: ListenerRules) -> None:
        """Go by these rules from now on; connections that are there stay."""
        self.limit, self._rules = limit, rules
        self.strangers.limits = rules.strangers

    def make_session(self) -> EsmeProtocol:
        """A session with an ESME."""
        return EsmeProtocol(self._config, self)

    def refusal(self, addr: IAddress | None) -> str:
        """Why a connection from ``addr`` is not taken; empty where it is."""
        # Behind a balancer it is not known yet whose it is.
        foreign = "" if isinstance(addr, Behind) else self._foreign(addr)
        return foreign or super().refusal(addr) or self.strangers.refusal(network_of(addr))

    def _foreign(self, addr: IAddress | None) -> str:
        allow = self._rules.allow
        if allow is None or allow.has(ip_of(addr)):
            return ""
        return "its address is not among those that the listener allows"

    def taken(self, session: EsmeProtocol, addr: IAddress | None) -> None:
        """There is a session for a connection from ``addr``."""
        super().taken(session, addr)
        self.strangers.connected(session, network_of(addr))
        self._count_everywhere(session, addr)

    def identified(self, session: EsmeProtocol, addr: IAddress) -> str:
        """The address of a session behind a balancer is known; gives why it is cut, if it is."""
        reason = self._foreign(addr) or self.strangers.identified(session, network_of(addr))
        if reason:
            self.refuse(addr, reason)
        else:
            self._count_everywhere(session, addr)
        return reason

    def _count_everywhere(self, session: EsmeProtocol, addr: IAddress | None) -> None:
        """Cut the session where all processes together have too many of its address."""
        if self._places is None:
            return
        reason = all_open(most := self._rules.strangers.per_address)

        def refused() -> None:
            self.refuse(addr, reason)
            session.turn_away(reason)

        self._places.ask(session, network_of(addr), most, refused)

    def lost(self, session: EsmeProtocol) -> None:
        """The connection of ``session`` is lost."""
        super().lost(session)
        self.strangers.lost(session)
        if self._places is not None:
            self._places.leave(session)

    def refuse(self, addr: IAddress | None, reason: str) -> None:
        """A connection is cut: count it, and tell of it."""
        super().refuse(addr, reason)
        self._config.router.connection_refused(shown_host(addr), reason)

    def limit_reached(self) -> str:
        """The listener's ``max_sessions`` is reached."""
        return all_in_use(self.limit)
