"""``smppgate route``: where the gate would send a message, and why."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from smppgate.cli.control.asking import asked, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.target import add_user_arguments
from smppgate.cli.failures import FAILED, UsageError, fail
from smppgate.cli.message_values import octet
from smppgate.cli.options import address, octets, system_id
from smppgate.cli.terminal import shown
from smppgate.gate.explanation import plain
from smppgate.gate.trial import Trial
from smppgate.settings import Settings, SettingsError, load
from smppgate.settings.route_checks import tlv_of
from smppgate.txsmpp.pdu import DataSm, SubmitSm
from smppgate.txsmpp.printable import printable
from smppgate.txsmpp.tlv import Tlv

DESCRIPTION = """\
Tell where the gate would send a message: what rules would make of it, which routes it would try
and why each holds or does not, the pool, and for each SMSC in it why it would be chosen or not.
The gate's own code decides, with the configuration as it would be read now: no SMSC is asked, and
all are taken to be up and idle, but for those that --down names, and those that take no messages
by the configuration. With --socket or --url the running gate decides, with its SMSCs as they are.
Exit status: 0 when an SMSC would get the message, 1 when none would, 2 when the arguments cannot
be, or no gate was reached.
"""

_COMMANDS = {"submit_sm": SubmitSm, "data_sm": DataSm}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate route`` to ``parser``."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    where = parser.add_mutually_exclusive_group(required=True).add_argument
    where("--config", "-c", metavar="FILE", help="the configuration of the gate (TOML)")
    where("--socket", metavar="PATH", help="the admin socket of a running gate")
    where("--url", metavar="URL", help="where a running gate listens")
    add_user_arguments(parser)
    add("--esme", required=True, type=system_id, metavar="NAME", help="the account, by system_id")
    add("--to", required=True, type=address, metavar="NUMBER", help="destination_addr")
    add("--from", dest="source", type=address, default=b"", metavar="NUMBER", help="source_addr")
    add(
        "--command", dest="pdu", choices=_COMMANDS, default="submit_sm", help="default %(default)s"
    )
    for name, meaning in (
        ("--source-ton", "source_addr_ton"),
        ("--destination-ton", "dest_addr_ton"),
        ("--data-coding", "data_coding"),
        ("--esm-class", "esm_class"),
    ):
        add(name, type=octet, default=0, metavar="N", help=f"{meaning} (default 0)")
    add("--service-type", type=octets(5), default=b"", metavar="TEXT", help="service_type")
    add(
        "--tlv",
        type=tlv,
        action="append",
        default=[],
        metavar="TAG[=HEX]",
        help="a TLV such as 0x1400=01; may be given several times",
    )
    add("--at", type=moment, metavar="TIME", help="ISO 8601; default now, without zone local time")
    add(
        "--down",
        action="append",
        default=[],
        metavar="SMSC",
        help="an SMSC that is down; may be given several times",
    )
    add("--json", action="store_true", help="write it as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain the message that ``args`` describe; returns the exit status.

    What would happen goes to standard output, failures to standard error.
    """
    if args.config is None:
        return asked(args, _running)
    try:
        settings = load(args.config)
        trial = _trial(settings, args)
    except SettingsError as error:
        return fail("route", str(error))
    except UsageError as error:
        return fail("route", str(error))
    explanation = trial.explain(args.esme, _message(args), _time(args))
    found = plain(args.esme, trial.decided_by(args.esme), explanation)
    return _shown(found, args)


def _running(gate: Gate, args: argparse.Namespace) -> int:
    """Let the running gate explain it; returns the exit status."""
    if args.down:
        raise UsageError("--down goes with --config: a running gate knows which SMSCs are up")
    found = gate.object("route", **_query(args))
    try:
        return _shown(found, args)
    except (KeyError, TypeError) as error:
        raise NotReached(f"{gate} explains it in a way that this version does not know") from error


def _query(args: argparse.Namespace) -> dict[str, str]:
    """The message in the words of the API, which are those of the command line."""
    query = {
        "esme": args.esme,
        "to": args.to,
        "from": args.source,
        "service-type": args.service_type,
    }
    numbers = ("source_ton", "destination_ton", "data_coding", "esm_class")
    found = {key: value.decode("latin-1") for key, value in query.items()}
    found |= {key.replace("_", "-"): str(getattr(args, key)) for key in numbers}
    found["command"] = args.pdu
    found["tlv"] = ",".join(f"{each.tag:#06x}={each.value.hex()}" for each in args.tlv)
    if args.at is not None:
        found["at"] = datetime.fromtimestamp(args.at, UTC).isoformat()
    return found


def _shown(found: dict[str, Any], args: argparse.Namespace) -> int:
    if args.json:
        print_json(found)
    else:
        print("\n".join(printable(line) for line in _lines(found)))
    return 0 if found["smsc"] is not None else FAILED


def tlv(text: str) -> Tlv:
    """A TLV, with an empty value where it has none."""
    try:
        tag, value = tlv_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"0x1400 or 0x1400=01ff, not {text!r}") from None
    return Tlv(tag, value or b"")


def moment(text: str) -> float:
    """Seconds since 1970."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"a time such as 2026-01-31T22:00+01:00, not {text!r}"
        ) from None


def _time(args: argparse.Namespace) -> float:
    return float(args.at) if args.at is not None else datetime.now().timestamp()


def _trial(settings: Settings, args: argparse.Namespace) -> Trial:
    """The gate of this configuration, with SMSCs that are up.

    :raises UsageError: an account or an SMSC is not in it.
    """
    unknown = [name for name in args.down if name not in {smsc.name for smsc in settings.smsc}]
    if unknown:
        raise UsageError(f"there is no SMSC named {unknown[0]!r} in {args.config}")
    trial = Trial(settings, args.down)
    if trial.account(args.esme) is None:
        raise UsageError(f"there is no account for {shown(args.esme)} in {args.config}")
    return trial


def _message(args: argparse.Namespace) -> SubmitSm | DataSm:
    fields: dict[str, Any] = {
        "service_type": args.service_type,
        "source_addr_ton": args.source_ton,
        "source_addr": args.source,
        "dest_addr_ton": args.destination_ton,
        "destination_addr": args.to,
        "esm_class": args.esm_class,
        "data_coding": args.data_coding,
        "tlvs": tuple(args.tlv),
    }
    return SubmitSm(**fields) if args.pdu == "submit_sm" else DataSm(**fields)


# What is told


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield from _rewrite_lines(told.get("rewrites", ()))
    yield told["decided_by"]
    for number, route in enumerate(told["routes"], 1):
        yield f"route {number} {route['route']}: {'holds' if route['holds'] else 'does not hold'}"
        yield from (f"    {key}: {reason}" for key, reason in route["reasons"].items())
    if told["status"]:
        why = told.get("fault") or ("rejected" if told["route"] else "no route holds")
        yield f"{why}: answered 0x{told['status']:02X} ({told['status_name']})"
    for pool in told["pools"]:
        yield f"pool {pool['pool']}: {'in use' if pool['is_in_use'] else 'not in use'}"
        yield from _member_lines(pool["members"])
    yield from _rewrite_lines(told.get("smsc_rewrites", ()))
    if told["pools"] and not told.get("fault"):
        yield f"SMSC {told['smsc']}" if told["smsc"] else "no SMSC: the message waits for one"


def _rewrite_lines(rules: Iterable[dict[str, Any]]) -> Iterator[str]:
    for rule in rules:
        yield f"rule {rule['rule']}: {'holds' if rule['holds'] else 'does not hold'}"
        yield from (f"    {key}: {reason}" for key, reason in rule["reasons"].items())
        for field, before, after in (each.values() for each in rule["changes"]):
            yield f"    {field}: {before or 'none'} -> {after or 'none'}"


def _member_lines(members: Iterable[dict[str, Any]]) -> Iterator[str]:
    for member in members:
        what = "is chosen" if member["is_chosen"] else f"is not: {member['reason']}"
        yield f"    {member['smsc']} (weight {member['weight']}) {what}"
