"""`RouterOptions`: the router's choices where there are several ways."""

from __future__ import annotations

import os

from attrs import define, field, fields

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.frame import MAX_PDU_SIZE


@define(kw_only=True)
class RouterOptions:
    """The router's choices where there are several ways. Mutable: a reload changes them.

    Who needs one looks at it when it is needed.

    :ivar run: octets that no other run of the gate has: see `Submitters`.
    :ivar tags: whether message ids are made unique by the tag of their SMSC.
    :ivar waits: whether answers wait until their return paths are in the store.
    :ivar acknowledges_unmatched: whether receipts without a return path are answered ESME_ROK.
    :ivar pass_newer_tlvs: whether TLVs are passed to peers of a version that does not have them.
    :ivar receipt_delay: seconds, see `ReceiptDelay`.
    :ivar no_member_status: the command_status of messages that no SMSC is there for.
    :ivar hold_octets: that messages may take which wait for an SMSC, see `WaitingRoom`; and as
        many again in each direction that wait for hooks.
    :ivar hook_timeout: seconds that a hook has for a decision, see `Asking`.
    :ivar hooks_refuse: whether what a hook fails to decide is refused; else it passes.
    :ivar affinity_ttl: seconds that what belongs together is known, see `Related`.
    :ivar receipt_patience: seconds that a receipt waits for its return path at the most.
    :ivar receipted_ttl: seconds that a return path is kept after a final receipt.
    :ivar max_pdu_size: octets that a receipt may have with the id that the ESME knows.
    :ivar lane: whether whole reads take the lane; the environment variable ``GATE_LANE=off`` sends
        every PDU the general way, to compare both.
    """

    run: bytes = b"0"
    tags: bool = True
    waits: bool = True
    acknowledges_unmatched: bool = False
    pass_newer_tlvs: bool = False
    receipt_delay: float = 0.0
    no_member_status: int = CommandStatus.ESME_RSYSERR
    hold_octets: int = 256 * 1024 * 1024
    hook_timeout: float = 2.0
    hooks_refuse: bool = True
    affinity_ttl: float = 60.0
    receipt_patience: float = 2.0
    receipted_ttl: float = 3600.0
    max_pdu_size: int = MAX_PDU_SIZE
    lane: bool = field(factory=lambda: os.environ.get("GATE_LANE") != "off")

    def follow(self, other: RouterOptions) -> None:
        """Be like ``other``, but for what needs a restart."""
        for name in _RELOADED:
            setattr(self, name, getattr(other, name))


_RESTARTED = ("run", "tags", "waits", "receipted_ttl", "lane")
_RELOADED = tuple(each.name for each in fields(RouterOptions) if each.name not in _RESTARTED)
