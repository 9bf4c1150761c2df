"""`Transform`: what becomes of the octets of a PDU on its way from one peer to another.

Rules (`smppgate.routing.rewrite`) come first, then the version of the receiver. Peers of one
version, whose messages no rule is for, get octets as they came. One that speaks another version
gets the PDU as that version can express it.

Rules that do not ask where a message goes apply once, when it comes. Those that do apply to what
the first have made, for each attempt anew: for one SMSC or account they have nothing to do with
what was made for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from smppgate.gate.options import RouterOptions
from smppgate.routing.exchange import Exchange
from smppgate.routing.rewrite.cancels import as_message, renamed
from smppgate.routing.rewrite.rewritten import Rewritten
from smppgate.routing.rewrite.rules import Chain, Outcome, Rewriting, Rule
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.adaptation import adapted, to_deliver_sm
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.versions import Version

_COMMAND_ID = Struct(">I")


class Transform:
    """Gives PDUs as their receivers can take them.

    :param options: `RouterOptions.pass_newer_tlvs` is looked at for each PDU.
    :ivar rewriting: the rules; a reload swaps them.
    """

    def __init__(self, clock: Clock, options: RouterOptions) -> None:
        self.rewriting = Rewriting()
        self._clock = clock
        self._options = options

    # Rules

    def submitted(self, exchange: Exchange) -> None:
        """Let a message of an ESME's be what rules make of it that do not ask for its SMSC.

        :raises PduError: when they make of it what peers do not take.
        """
        chain = self.rewriting.submit
        if chain.near:
            account = exchange.origin.system_id
            made = self._made(chain, chain.near, account, exchange.octets, "")
            if made is not None:
                exchange.rewrite(*made)

    def delivered(self, exchange: Exchange, octets: bytes, smsc: str, is_receipt: bool) -> bytes:
        """A message of an SMSC's as rules make it that do not ask for its account.

        :param octets: as the ESME is to get it, but for rules and its version.
        :param smsc: the name of the SMSC that it comes from.
        :raises PduError: when they make of it what peers do not take.
        """
        chain = self._chain_back(is_receipt)
        made = self._made(chain, chain.near, b"", octets, smsc) if chain.near else None
        if made is None:
            return octets
        if exchange.rewritten is None:
            exchange.rewritten = Rewritten(exchange.command_id, exchange.octets)
        exchange.rewritten.entered(*made)
        return made.octets

    def to_account(
        self, exchange: Exchange, octets: bytes, account: bytes, smsc: str, is_receipt: bool
    ) -> bytes:
        """What `delivered` has given, as rules make it that ask for its account.

        :raises PduError: when they make of it what peers do not take.
        """
        chain = self._chain_back(is_receipt)
        return self._left(exchange, chain, octets, account, smsc) if chain.far else octets

    def to_smsc(self, exchange: Exchange, octets: bytes, smsc: Smsc, version: Version) -> bytes:
        """A request as a link of ``smsc`` can take it that speaks ``version``.

        :raises PduError: when that version cannot express it, or rules make of it what peers do
            not take.
        """
        chain, own = self.rewriting.submit, exchange.origin.version
        # What goes to no pool is about a message.
        if (chain.far or exchange.rewritten is not None) and exchange.pool is not None:
            account = exchange.origin.system_id
            octets = self._left(exchange, chain, octets, account, smsc.name)
        if version is not own or (exchange.rewritten is not None and not version.tlvs):
            octets = self.adapted(octets, version)
            exchange.adapts = own
        return octets

    def cancelling(self, account: bytes, octets: bytes, smsc: str) -> bytes:
        """A cancel_sm that names messages of an account by addresses, in the words of an SMSC.

        They become what rules make of a message with these addresses that goes there.

        :raises PduError: when they make of it what peers do not take.
        """
        chain = self.rewriting.submit
        if not chain.all:
            return octets
        wall = self._clock.wall() if chain.need_time else 0.0
        return renamed(octets, chain.trial(account, as_message(octets), wall, smsc))

    def told(self, exchange: Exchange, status: int, octets: bytes) -> tuple[int, bytes]:
        """What an origin hears in the place of the error ``status``, and its answer with that.

        ESME_ROK, which SMSCs may be told, has an empty message_id.
        """
        told = exchange.told(status)
        if told == status:
            return status, octets
        if not told:
            return told, exchange.resp(told, b"\0")
        return told, octets[:8] + told.to_bytes(4, "big") + octets[12:]

    def _chain_back(self, is_receipt: bool) -> Chain:
        return self.rewriting.receipt if is_receipt else self.rewriting.deliver

    def _left(
        self, exchange: Exchange, chain: Chain, octets: bytes, account: bytes, smsc: str
    ) -> bytes:
        """What rules make of a request of which it is known where it goes."""
        made = self._made(chain, chain.far, account, octets, smsc)
        if made is not None and exchange.rewritten is None:
            exchange.rewritten = Rewritten(exchange.command_id, exchange.octets)
        if exchange.rewritten is not None:
            made = made or Outcome(octets, ())
            exchange.rewritten.left(*made)
        return made.octets if made is not None else octets

    def _made(
        self, chain: Chain, rules: Sequence[Rule], account: bytes, octets: bytes, smsc: str
    ) -> Outcome | None:
        wall = self._clock.wall() if chain.need_time else 0.0
        made = chain.apply(rules, account, octets, wall, smsc)
        if made is not None and len(made.octets) > self._options.max_pdu_size:
            raise PduError("over max_pdu_size when it is rewritten", CommandStatus.ESME_RINVMSGLEN)
        return made

    # Versions

    def adapted(self, octets: bytes, version: Version) -> bytes:
        """A PDU as a peer of ``version`` can take it.

        :raises PduError: when that version cannot express it.
        """
        return adapted(octets, version, self._options.pass_newer_tlvs)

    def to_esme(self, octets: bytes, command_id: int, version: Version) -> tuple[bytes, int]:
        """A message as an ESME of ``version`` can take it, and its command_id there.

        :raises PduError: when that version cannot express it.
        """
        if command_id not in version.commands:
            if command_id != CommandId.DATA_SM:
                raise PduError("not in the ESME's version", CommandStatus.ESME_RX_P_APPN)
            command_id, octets = int(CommandId.DELIVER_SM), to_deliver_sm(octets)
        return self.adapted(octets, version), command_id

    def answer(self, octets: bytes, version: Version, asked: int, sent: int) -> bytes:
        """The answer to a request as its origin of ``version`` can take it.

        :param asked: the command_id under which the request came.
        :param sent: the one under which it was sent on, see `to_esme`.
        :raises PduError: when that version cannot express it.
        """
        if asked != sent and _COMMAND_ID.unpack_from(octets, 4)[0] == sent | RESPONSE_BIT:
            octets = octets[:4] + _COMMAND_ID.pack(asked | RESPONSE_BIT) + octets[8:]
        return self.adapted(octets, version)
