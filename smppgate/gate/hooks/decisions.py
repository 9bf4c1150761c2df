"""What hooks decide: `Pass`, `Change`, `Route` or `Refuse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from smppgate.txsmpp.editing import edited


@attrs.frozen
class Pass:
    """It goes on as it is, as if there was no hook."""


PASS = Pass()
"""The only `Pass` that is needed."""


@attrs.frozen(kw_only=True)
class Change:
    """A message goes on with other values in these fields; None leaves one as it is.

    Strings are octets without their NUL, as they are on the wire; their sizes are those of SMPP
    v3.4 §5.2 with the NUL: service_type 6, addresses 21 (65 in a data_sm), times 17, short_message
    255. All else is one octet. What the command of the message does not have cannot be changed: a
    data_sm has no short_message, and a submit_multi no destination_addr.

    :param tlvs: tag → the octets of its value, which take the place of the first TLV with that tag
        or stand behind all others; None takes all with that tag away.
    """

    service_type: bytes | None = None
    source_addr_ton: int | None = None
    source_addr_npi: int | None = None
    source_addr: bytes | None = None
    dest_addr_ton: int | None = None
    dest_addr_npi: int | None = None
    destination_addr: bytes | None = None
    protocol_id: int | None = None
    priority_flag: int | None = None
    schedule_delivery_time: bytes | None = None
    validity_period: bytes | None = None
    registered_delivery: int | None = None
    data_coding: int | None = None
    short_message: bytes | None = attrs.field(default=None, repr=False)
    tlvs: Mapping[int, bytes | None] = attrs.field(
        factory=dict,
        repr=False,
        validator=attrs.validators.deep_mapping(
            attrs.validators.instance_of(int), attrs.validators.instance_of(object)
        ),
    )

    def apply(self, octets: bytes) -> bytes:
        """The message in ``octets``, one whole PDU, with the changes in it.

        :raises PduError: it has no such field, cannot be read that far, or a value does not fit.
        """
        named = ((field.name, getattr(self, field.name)) for field in attrs.fields(Change))
        fields = {name: value for name, value in named if name != "tlvs" and value is not None}
        return edited(octets, fields, self.tlvs)


@attrs.frozen
class Route:
    """A message of an ESME goes to the pool of that name, whatever routes say.

    :param change: what changes in it besides.
    """

    pool: str
    change: Change | None = None


@attrs.frozen
class Refuse:
    """It is answered with an error and goes no further.

    Of an answer: its requester is told this status in place of the SMSC's.

    :param status: the command_status, 1 to 0xFFFFFFFF. One for which a peer tries again later is
        0x08 (ESME_RSYSERR) or 0x58 (ESME_RTHROTTLED); 0x45 (ESME_RSUBMITFAIL) is final to most.
    """

    status: int = attrs.field(
        validator=attrs.validators.and_(
            attrs.validators.instance_of(int), attrs.validators.in_(range(1, 1 << 32))
        )
    )


BindDecision: TypeAlias = Pass | Refuse
"""What `IHooks.on_bind` may decide."""
SubmitDecision: TypeAlias = Pass | Change | Route | Refuse
"""What `IHooks.on_submit` may decide."""
DeliverDecision: TypeAlias = Pass | Change | Refuse
"""What `IHooks.on_deliver` may decide."""
AnswerDecision: TypeAlias = Pass | Refuse
"""What `IHooks.on_answer` may decide."""

Decision: TypeAlias = Pass | Change | Route | Refuse
