"""What hooks are shown: views of a bind, a message, an answer, which decode what is looked at.

A repr has neither texts nor numbers of subscribers nor passwords, so that a log of a view shows
none of them.
"""

from __future__ import annotations

from functools import cached_property

from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import command_name
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import NO_RECEIPT, LocatedReceipt, located_receipt
from smppgate.txsmpp.pdu import Pdu


class BindView:
    """A bind that the gate itself would accept.

    :ivar system_id: who binds.
    :ivar password: as the ESME sent it, up to 64 octets. It is to be compared, not to be shown.
    :ivar kind: ``transmitter``, ``receiver`` or ``transceiver``.
    :ivar host: the address of the peer, without its port.
    :ivar interface_version: as the ESME sent it: 0x34 is SMPP 3.4.
    """

    __slots__ = ("host", "interface_version", "kind", "password", "system_id")

    def __init__(
        self, system_id: str, password: bytes, kind: str, host: str, interface_version: int
    ) -> None:
        self.system_id = system_id
        self.password = password
        self.kind = kind
        self.host = host
        self.interface_version = interface_version

    def __repr__(self) -> str:
        return f"<BindView {self.system_id} as {self.kind} from {self.host}>"


class MessageView:
    """A message as it came: a submit_sm, submit_multi, deliver_sm or data_sm.

    :ivar octets: the whole PDU, header included.
    :ivar command_id: what it is, see `smppgate.txsmpp.CommandId`.
    """

    def __init__(self, command_id: int, octets: bytes) -> None:
        self.command_id = command_id
        self.octets = octets

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {command_name(self.command_id)} of {self._whose}>"

    @property
    def _whose(self) -> str:
        """Where it came from."""
        raise NotImplementedError

    @cached_property
    def pdu(self) -> Pdu:
        """All of it, decoded, with the fields that its class in `smppgate.txsmpp.pdu` has.

        :raises PduError: where it cannot be decoded as a whole; the gate would relay it as it is.
        """
        return decode(self.octets)

    @property
    def source_addr(self) -> bytes:
        """source_addr without its NUL, found without decoding the rest.

        :raises PduError: where it cannot be found.
        """
        return peek.source(self.octets)

    @property
    def destination_addr(self) -> bytes:
        """destination_addr likewise; of a submit_multi ``b""``.

        :raises PduError: where it cannot be found.
        """
        return peek.destination(self.octets)

    @property
    def registered_delivery(self) -> int:
        """registered_delivery, one octet.

        :raises PduError: where it cannot be found.
        """
        return peek.registered_delivery(self.octets)


class SubmitView(MessageView):
    """A message of an ESME, on its way to an SMSC.

    :ivar system_id: the account of the ESME.
    :ivar session_id: the number of its session, as operators see it.
    :ivar host: the address of the ESME.
    """

    def __init__(
        self, command_id: int, octets: bytes, system_id: str, session_id: int, host: str
    ) -> None:
        super().__init__(command_id, octets)
        self.system_id = system_id
        self.session_id = session_id
        self.host = host

    @property
    def _whose(self) -> str:
        return self.system_id


class DeliverView(MessageView):
    """A message or a receipt of an SMSC, on its way to an ESME; which one is not known yet.

    :ivar smsc: the name of the SMSC.
    """

    def __init__(self, command_id: int, octets: bytes, smsc: str) -> None:
        super().__init__(command_id, octets)
        self.smsc = smsc

    @property
    def _whose(self) -> str:
        return self.smsc

    @cached_property
    def receipt(self) -> LocatedReceipt | None:
        """What a receipt says: the ids of the SMSC, its state; None of a message that is none."""
        found = located_receipt(self.octets)
        return found if found is not NO_RECEIPT else None


class AnswerView:
    """The answer of an SMSC to a message of an ESME, on its way there.

    It is the last one: what goes on to another SMSC after an error is not answered yet.

    :ivar status: the command_status that the ESME is told where the hook lets it pass: that of the
        SMSC, or what ``set_statuses`` of rules make of it; 0 where the SMSC took the message.
    :ivar smsc: the name of the SMSC.
    :ivar octets: the whole resp, as the SMSC sent it.
    :ivar request: the message as it was sent, with the changes of `IHooks.on_submit` and of rules,
        but for the version of the SMSC.
    """

    def __init__(self, frame: Frame, status: int, smsc: str, request: SubmitView) -> None:
        self.octets = frame.octets
        self.status = status
        self.smsc = smsc
        self.request = request

    def __repr__(self) -> str:
        return f"<AnswerView 0x{self.status:08X} of {self.smsc} to {self.request!r}>"

    @property
    def system_id(self) -> str:
        """The account of the ESME."""
        return self.request.system_id

    @property
    def message_id(self) -> bytes:
        """The id that the SMSC gave, which the ESME may get with a tag in front; often empty.

        :raises PduError: where it cannot be found.
        """
        return peek.message_id(self.octets)

    @cached_property
    def pdu(self) -> Pdu:
        """All of the resp, decoded.

        :raises PduError: where it cannot be decoded as a whole.
        """
        return decode(self.octets)
