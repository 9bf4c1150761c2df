"""``smppgate drain``, ``ready``, ``maint``, ``weight``, ``end-ejection``, ``kick``, ``close``,
``open``, ``queue``, ``reload``, ``log-level``: what changes a running gate."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

from smppgate.cli.control.asking import Asking, add_json, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import Refused
from smppgate.cli.control.options import seconds_of, whole_number
from smppgate.cli.control.texts import number, shown
from smppgate.cli.control.waiting import Object, Place, Wait, is_away, is_drained
from smppgate.cli.failures import UsageError

DRAIN_TIMEOUT = 60.0
"""Seconds that a drain is waited for, unless told otherwise."""

RELOAD_TIMEOUT = 120.0
"""Seconds: files of prefixes may be long."""

LEVELS = ("debug", "info", "warn", "error", "critical")

Work = Callable[[Gate, argparse.Namespace], int]


# SMSCs and links


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="an SMSC, or a link by its id")
    add_json(parser)


def _add_waiting(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--no-wait", action="store_true", help="do not wait until nothing is open")
    add(
        "--timeout",
        type=seconds_of(0, 86400),
        default=DRAIN_TIMEOUT,
        metavar="SECONDS",
        help="wait no longer; its state stays (default %(default)g)",
    )


def _decided(gate: Gate, name: str, action: str) -> tuple[Place, Object]:
    """Tell an SMSC to, or else the link of that id.

    :raises Refused: there is neither.
    """
    for place in (Place("smscs", name), Place("links", name)):
        found = _if_there(partial(gate.post, place.kind, name, action))
        if found is not None:
            return place, found
    raise _unknown(gate, "SMSC or link", name, "smscs", "name")


def _if_there(ask: Callable[[], Object]) -> Object | None:
    """What the gate answers; None where it has nothing of that name."""
    try:
        return ask()
    except Refused as refused:
        if refused.status != 404:
            raise
    return None


def _unknown(gate: Gate, noun: str, name: str, kind: str, key: str) -> Refused:
    """That there is none, and what may have been meant."""
    names = [str(each.get(key)) for each in gate.objects(kind)]
    near = get_close_matches(name, names, 1)
    meant = f", but {shown(near[0])}" if near else ""
    return Refused(f"there is no {noun} {shown(name)}{meant}", 404)


def _draining(action: str, states: tuple[str, ...], is_done: Callable[[Object], bool]) -> Work:
    def work(gate: Gate, args: argparse.Namespace) -> int:
        place, found = _decided(gate, args.name, action)
        if not args.no_wait:
            found = Wait(states, is_done, args.timeout).until_done(gate, place, place.look(gate))
        what = "nothing is open" if is_done(found) else "requests may be open"
        return _told(args, found, f"{place.noun}: {shown(found.get('state'))}, {what}")

    return work


def _ready(gate: Gate, args: argparse.Namespace) -> int:
    place, found = _decided(gate, args.name, "ready")
    return _told(args, found, f"{place.noun}: {shown(found.get('state'))}")


def _weight(gate: Gate, args: argparse.Namespace) -> int:
    found = _of_smsc(gate, args.name, "weight", {"weight": args.weight})
    return _told(args, found, f"SMSC {shown(args.name)}: weight {number(found.get('weight'))}")


def _end_ejection(gate: Gate, args: argparse.Namespace) -> int:
    found = _of_smsc(gate, args.name, "end-ejection")
    return _told(args, found, f"SMSC {shown(args.name)}: no pool has it ejected")


def _of_smsc(gate: Gate, name: str, action: str, value: Any = None) -> Object:
    found = _if_there(partial(gate.post, "smscs", name, action, value=value))
    if found is None:
        raise _unknown(gate, "SMSC", name, "smscs", "name")
    return found


def _add_smsc(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="an SMSC")
    add_json(parser)


def _add_weight(parser: argparse.ArgumentParser) -> None:
    _add_smsc(parser)
    parser.add_argument(
        "weight", type=_weight_of, metavar="N|reset", help="its share; reset: that of the file"
    )


def _weight_of(text: str) -> int | None:
    return None if text == "reset" else whole_number(text)


# Accounts and sessions


def _add_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="ACCOUNT", help="an account, by its system_id")
    add_json(parser)


def _of_account(gate: Gate, name: str, action: str, value: Any = None) -> Object:
    found = _if_there(partial(gate.post, "accounts", name, action, value=value))
    if found is None:
        raise _unknown(gate, "account", name, "accounts", "system_id")
    return found


def _account_work(action: str, then: str) -> Work:
    def work(gate: Gate, args: argparse.Namespace) -> int:
        found = _of_account(gate, args.name, action)
        return _told(args, found, f"account {shown(args.name)}: {then}")

    return work


def _add_kick(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="an account, or a session by its id")
    parser.add_argument(
        "--now", action="store_true", help="do not wait until open requests are answered"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--account", action="store_true", help="NAME is an account")
    which.add_argument("--session", action="store_true", help="NAME is the id of a session")
    add_json(parser)


def _kick(gate: Gate, args: argparse.Namespace) -> int:
    value = {"now": True} if args.now else None
    if _is_session(gate, args):
        found = gate.post("sessions", args.name, "kick", value=value)
        return _told(args, found, f"session {shown(args.name)} is unbound")
    found = _of_account(gate, args.name, "kick", value)
    return _told(args, found, f"the sessions of account {shown(args.name)} are unbound")


def _is_session(gate: Gate, args: argparse.Namespace) -> bool:
    """Whether the name is the id of a session; names of accounts may be numbers too.

    :raises UsageError: it is both.
    """
    if args.session or args.account or not args.name.isdecimal():
        return bool(args.session)
    is_account = _if_there(partial(gate.object, "accounts", args.name)) is not None
    is_session = _if_there(partial(gate.object, "sessions", args.name)) is not None
    if is_account and is_session:
        raise UsageError(f"{args.name} is an account and a session: say --account or --session")
    return is_session


# Queues

_QUEUE_TELLS = {
    "drop": "what waited is dropped",
    "retry": "what waits is sent now",
}


def _add_queue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=tuple(_QUEUE_TELLS), help="lose what waits, or send it")
    parser.add_argument("name", metavar="ACCOUNT", help="an account that has a queue")
    add_json(parser)


def _queue(gate: Gate, args: argparse.Namespace) -> int:
    found = _if_there(partial(gate.post, "queues", args.name, args.action))
    if found is None:
        raise _unknown(gate, "queue", args.name, "queues", "system_id")
    left = f"{number(found.get('queued'))} in the queue"
    return _told(args, found, f"queue {shown(args.name)}: {_QUEUE_TELLS[args.action]}, {left}")


# The gate


def _reload(gate: Gate, args: argparse.Namespace) -> int:
    found = gate.post("reload", timeout=RELOAD_TIMEOUT)
    return _told(args, found, "the configuration is read again, and what differed is changed")


def _log_level(gate: Gate, args: argparse.Namespace) -> int:
    found = gate.put("log-level", value={"level": args.level})
    return _told(args, found, f"log level: {shown(found.get('level', args.level))}")


def _add_level(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("level", choices=LEVELS, help="the least of what is logged")
    add_json(parser)


def _told(args: argparse.Namespace, found: Object, line: str) -> int:
    if args.json:
        print_json(found)
    else:
        print(line)
    return 0


DRAIN = Asking(
    "Give an SMSC, or one of its links, no new messages, and wait until nothing is open. Answers, "
    "receipts and queries still flow; its links stay bound. `smppgate ready` ends it.",
    _add_waiting,
    _draining("drain", ("drain", "maint"), is_drained),
)
MAINT = Asking(
    "Drain an SMSC, or one of its links, for a minute at the most, unbind it and keep it away, "
    "until `smppgate ready`.",
    _add_waiting,
    _draining("maint", ("drain", "maint"), is_away),
)
READY = Asking("Let an SMSC, or one of its links, take messages again.", _add_name, _ready)
WEIGHT = Asking(
    "Give an SMSC another share of messages, in all pools, until `reset` or another weight in the "
    "file. With 0 it takes no new messages.",
    _add_weight,
    _weight,
)
END_EJECTION = Asking(
    "Let an SMSC come back at once in all pools that have ejected it.", _add_smsc, _end_ejection
)
KICK = Asking(
    "Unbind the sessions of an account, or one session. They may bind again, unless the account "
    "is closed.",
    _add_kick,
    _kick,
)
CLOSE = Asking(
    "Accept no new bind of an account; sessions that are bound go on.",
    _add_account,
    _account_work("close", "closed"),
)
OPEN = Asking("Accept binds of an account again.", _add_account, _account_work("open", "open"))
QUEUE = Asking(
    "Drop the messages that wait in the queue of an account and are not under way: they are lost. "
    "Or send what waits at once, without the pause after refusals.",
    _add_queue,
    _queue,
)
RELOAD = Asking(
    "Read the configuration again, as SIGHUP does, and change what differs. With errors in it "
    "nothing changes, and all of them are told.",
    add_json,
    _reload,
)
LOG_LEVEL = Asking(
    "Say how much the gate logs, until it is started again.", _add_level, _log_level
)
