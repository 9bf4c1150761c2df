"""`Explaining`: where the running gate would send a message, and why."""

from __future__ import annotations

from typing import Any

from smppgate.admin.messages import Answer, Problem, json_answer
from smppgate.admin.routes import Call, Check, Parameter
from smppgate.admin.views import moment, unknown
from smppgate.gate import Gateway
from smppgate.gate.explanation import plain
from smppgate.settings.route_checks import tlv_of
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import DataSm, SubmitSm
from smppgate.txsmpp.tlv import Tlv

_COMMANDS = {"submit_sm": SubmitSm, "data_sm": DataSm}


class Explaining:
    """Explains messages by the routes and pools of a running gate."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def explain(self, call: Call) -> Answer:
        """What `smppgate route --json` prints of a message."""
        query = call.query
        esme, at = query["esme"].decode("latin-1"), query["at"]
        wall = self._gateway.clock.wall() if at is None else at
        pdu = _COMMANDS[query["command"]](**_fields(query))
        try:
            decided, found = self._gateway.explain(esme, pdu, wall)
        except KeyError:
            raise unknown("accounts", esme) from None
        except PduError as error:
            raise Problem(400, str(error)) from None
        return json_answer(plain(query["esme"], decided, found))


def _fields(query: Any) -> dict[str, Any]:
    return {
        "service_type": query["service-type"],
        "source_addr_ton": query["source-ton"],
        "source_addr": query["from"],
        "dest_addr_ton": query["destination-ton"],
        "destination_addr": query["to"],
        "esm_class": query["esm-class"],
        "data_coding": query["data-coding"],
        "tlvs": query["tlv"],
    }


def _octets(limit: int) -> Check:
    def read(text: str) -> bytes:
        octets = _latin(text)
        if len(octets) > limit or 0 in octets:
            raise ValueError(f"must be at most {limit} octets of Latin-1")
        return octets

    return read


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("must be Latin-1") from None


def _octet(text: str) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= 255:
        raise ValueError("must be a number from 0 to 255")
    return value


def _command(text: str) -> str:
    if text not in _COMMANDS:
        raise ValueError(f"must be one of {', '.join(_COMMANDS)}")
    return text


def _tlvs(text: str) -> tuple[Tlv, ...]:
    try:
        pairs = [tlv_of(each) for each in text.split(",") if each]
    except ValueError:
        raise ValueError("must be TLVs such as 0x1400 or 0x1400=01ff, with commas") from None
    return tuple(Tlv(tag, value or b"") for tag, value in pairs)


def _text(name: str, limit: int, meaning: str, **more: Any) -> Parameter:
    return Parameter(
        name=name,
        schema={"type": "string", "maxLength": limit},
        read=_octets(limit),
        meaning=meaning,
        default=b"",
        **more,
    )


def _small(name: str, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        # In hexadecimal too, with 0x.
        schema={"type": ["integer", "string"]},
        read=_octet,
        meaning=meaning,
        default=0,
    )


ROUTE_QUERY = (
    _text("esme", 15, "the account, by system_id", is_required=True),
    _text("to", 20, "destination_addr", is_required=True),
    _text("from", 20, "source_addr"),
    Parameter(
        name="command",
        schema={"type": "string", "enum": list(_COMMANDS)},
        read=_command,
        default="submit_sm",
    ),
    _small("source-ton", "source_addr_ton"),
    _small("destination-ton", "dest_addr_ton"),
    _small("data-coding", "data_coding"),
    _small("esm-class", "esm_class"),
    _text("service-type", 5, "service_type"),
    Parameter(
        name="tlv",
        schema={"type": "string"},
        read=_tlvs,
        meaning="TLVs such as 0x1400=01, with commas between",
        default=(),
    ),
    Parameter(
        name="at",
        schema={"type": "string", "format": "date-time"},
        read=moment,
        meaning="when; by default now",
    ),
)
