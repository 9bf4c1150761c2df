"""`Trial`: the decisions of a gate without its links, to ask where a message would go.

Nothing listens, connects or is stored. Each SMSC that takes messages by the configuration has a
link that is up and idle.
"""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from smppgate.gate.build import Centers, make_pool, policies_of
from smppgate.gate.explanation import Outlook, decided_by, outlook
from smppgate.gate.rewrite_table import make_rewriting
from smppgate.gate.route_table import make_routes
from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.smscs.smsc import Smsc
from smppgate.settings import Settings, SmscSettings
from smppgate.settings.esme_rules import WILDCARD
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.sequence import Outstanding, Request
from smppgate.txsmpp.versions import Version, version_named


class _IdleLink:
    """A link that is bound, and has nothing to do."""

    is_remote = False

    def __init__(self, smsc: Smsc, version: Version) -> None:
        self.outstanding = Outstanding()
        self.version = version
        self._smsc = smsc

    @property
    def window(self) -> int:
        """That of its SMSC."""
        return self._smsc.window

    def send_request(self, request: Request, octets: bytes) -> None:
        """Nothing is sent here."""
        raise NotImplementedError


class Trial:
    """The pools, accounts, routes and rules of a configuration.

    :param down: names of SMSCs that are to have no link.
    """

    def __init__(self, settings: Settings, down: Collection[str] = ()) -> None:
        centers = Centers()
        smscs = {smsc.name: centers.smsc(settings.gate, smsc) for smsc in settings.smsc}
        chance = Random(0)  # noqa: S311 - nothing is to be secret
        self.pools = {pool.name: make_pool(pool, smscs, chance) for pool in settings.pool}
        self.routes = make_routes(settings, self.pools)
        self._rules = make_rewriting(settings).submit
        self._hooks = settings.gate.hooks
        self._policies = policies_of(settings, self.pools)
        for each in settings.smsc:
            if each.name not in down and _takes_messages(each):
                smsc = smscs[each.name]
                smsc.add(_IdleLink(smsc, version_named(each.interface_version)))

    def account(self, system_id: bytes) -> AccountPolicy | None:
        """The rules for an account; None where a bind with this name is refused."""
        name = system_id.decode("latin-1")
        return self._policies.get(name) or self._policies.get(WILDCARD)

    def decided_by(self, system_id: bytes) -> str:
        """What says where the messages of an account go."""
        name, policy = system_id.decode("latin-1"), self.account(system_id)
        return decided_by(name, policy, self.routes, self._hooks)

    def explain(self, system_id: bytes, pdu: Pdu, wall: float) -> Outlook:
        """What becomes of ``pdu`` of an account.

        :param wall: seconds since 1970.
        :raises PduError: when it cannot be encoded.
        """
        account = self.account(system_id)
        return outlook(system_id, account, self.routes, self._rules, pdu, wall)


def _takes_messages(smsc: SmscSettings) -> bool:
    return bool(smsc.sessions) and smsc.bind != "receiver"
