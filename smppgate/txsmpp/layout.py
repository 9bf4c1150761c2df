"""What a PDU is made of: the header's fields, a list of body fields, TLVs.

A command is declared as a class whose bases, read from left to right, are runs of fields that
several commands share, and whose own fields follow::

    @command(CommandId.QUERY_SM)
    class QuerySm(MessageId, Source, RequestPdu["QuerySmResp"]): ...

    @run
    class MessageId:
        __slots__ = ()
        message_id: bytes = c_octet_string(65, default=b"")

The line that names the bases is the order on the wire. `command` makes a frozen, slotted
attrs class of it and keeps the list as `Pdu.layout`, which is all that `codec` needs. The
decorators are `dataclass_transform`s, so type checkers and editors know the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import (
    Any,
    ClassVar,
    Generic,
    NamedTuple,
    Self,
    TypeVar,
    cast,
    dataclass_transform,
)

import attrs

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.fields import (
    FieldCodec,
    Specifier,
    c_octet_string,
    coded,
    integer,
    octet_string,
)
from smppgate.txsmpp.tlv import Tlv, Value

_Class = TypeVar("_Class", bound=type)
_AnyPdu = TypeVar("_AnyPdu", bound="Pdu")
AnyResp = TypeVar("AnyResp", bound="Resp")


class BodyField(NamedTuple):
    """One mandatory field of a body: the specification's name for it, and its codec."""

    name: str
    codec: FieldCodec


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field,))
def _value(cls: _Class) -> _Class:
    return attrs.frozen(kw_only=True)(cls)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(integer, c_octet_string, octet_string, coded),
)
def run(cls: _Class) -> _Class:
    """Declare a run of fields that several commands share; they name it as a base."""
    return cls


@_value
class Pdu:
    """Any PDU: the header without command_length, and the TLVs.

    ``command_status`` and ``sequence_number`` are 4-octet integers; a session fills the number
    in where it is 0. ``tlvs`` are all TLVs in the order of the wire, unknown and repeated ones
    included. SMPP v3.4 §3.2, v5.0 §3.2.
    """

    command_id: ClassVar[CommandId]
    layout: ClassVar[tuple[BodyField, ...]]
    """The mandatory fields of the body in the order of the wire."""

    command_status: int = 0
    sequence_number: int = 0
    tlvs: tuple[Tlv, ...] = ()

    def replaced(self, **values: Any) -> Self:
        """The same PDU with these values in the fields of these names."""
        return attrs.evolve(cast(Any, self), **values)  # type: ignore[no-any-return]

    def tlv(self, tag: int) -> Value | None:
        """The value of the first TLV with this tag, read by its definition; None without one.

        :raises PduError: ESME_RINVTLVLEN when its octets do not fit the definition.
        """
        return next(self.tlv_values(tag), None)

    def tlv_values(self, tag: int) -> Iterator[Value]:
        """The values of all TLVs with this tag in order, each read by its definition.

        :raises PduError: ESME_RINVTLVLEN when octets do not fit the definition.
        """
        return (tlv.decoded() for tlv in self.tlvs if tlv.tag == tag)


@_value
class RequestPdu(Pdu, Generic[AnyResp]):
    """Any request that is answered, with the kind of its resp: ``RequestPdu[SubmitSmResp]``."""


@_value
class Resp(Pdu):
    """Any response.

    ``has_body`` is false where the PDU ends behind its header: an error resp may (SMPP v3.4
    §4.4.2 and others), and some peers send deliver_sm_resp without one.
    """

    has_body: bool = True


@_value
class BareResp(Resp):
    """A response whose body has no mandatory fields, so that none is the same as an empty one."""

    has_body: bool = attrs.field(default=True, eq=False)


PDU_TYPES: dict[int, type[Pdu]] = {}
"""command_id → class of the PDU; `command` fills it, importing `pdu` makes it whole."""


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(integer, c_octet_string, octet_string, coded),
)
def command(command_id: CommandId) -> Callable[[type[_AnyPdu]], type[_AnyPdu]]:
    """Declare the PDU with this command_id by its field list."""

    def build(cls: type[_AnyPdu]) -> type[_AnyPdu]:
        specifiers = dict(_specifiers(cls))
        fields = {name: _attribute(each) for name, each in specifiers.items()}
        built = attrs.frozen(kw_only=True, these=fields)(cls)
        built.command_id = command_id
        built.layout = tuple(BodyField(name, each.codec) for name, each in specifiers.items())
        PDU_TYPES[command_id] = built
        return built

    return build


def _specifiers(cls: type) -> Iterator[tuple[str, Specifier]]:
    """Name and specifier of every body field: bases from left to right, then its own."""
    for base in cls.__bases__:
        yield from _specifiers(base)
    for name, value in vars(cls).items():
        if isinstance(value, Specifier):
            yield name, value


def _attribute(specifier: Specifier) -> Any:
    return attrs.field(default=specifier.default, repr=not specifier.secret)
