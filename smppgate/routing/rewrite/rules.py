"""`Rule`: conditions, and what becomes of the messages for which all of them hold; `Chain`: the
rules for messages of one kind, in order.

Every rule that holds applies, one after the other: a rule sees what those before it have made. A
chain has two ends. Rules that ask for the far one (``smsc`` of what ESMEs send, ``esme`` of what
SMSCs send) apply when it is known, behind the choice; the others before it, so they have a say
in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from smppgate.routing.counted import go_on_counting
from smppgate.routing.rewrite.changes import Change
from smppgate.routing.routes.conditions import Accounts, Condition, some_of
from smppgate.routing.routes.hours import Hours
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.table import FileTable
from smppgate.txsmpp.editing import Located

MOST_ACCOUNTS = 10_000
"""Accounts of which it is known whether rules are for them: those of a wildcard have any name."""

SUBMIT, DELIVER, RECEIPT = "submit", "deliver", "receipt"
"""Kinds of messages: from ESMEs, from SMSCs, and of these the receipts."""

Statuses = Mapping[int, int]
"""command_status of an answer → that which is told in its place."""


class Rule:
    """Conditions that must all hold, and what is done then. Mutable: it counts.

    :param kind: of messages that it is for: `SUBMIT`, `DELIVER` or `RECEIPT`.
    :param label: what it is called in explanations.
    :param accounts: whose messages it is for; None for everybody's.
    :param smscs: names of SMSCs whose messages it is for, or which get them; empty for all.
    :param conditions: all others.
    :param changes: of the message, in order.
    :param statuses: of the answer.
    :ivar messages: how many it was applied to.
    """

    __slots__ = (
        *("accounts", "changes", "conditions", "kind", "label", "messages", "smscs", "statuses"),
    )

    def __init__(
        self,
        kind: str,
        label: str,
        accounts: Accounts | None,
        smscs: Sequence[str],
        conditions: Sequence[Condition],
        changes: Sequence[Change],
        statuses: Statuses,
    ) -> None:
        self.kind, self.label = kind, label
        self.accounts = accounts
        self.smscs = dict.fromkeys(smscs)
        self.conditions = tuple(conditions)
        self.changes = tuple(changes)
        self.statuses = statuses
        self.messages = 0

    def __repr__(self) -> str:
        return f"<Rule {self.label}>"

    def holds(self, message: Message, smsc: str) -> bool:
        """Whether it holds for a message from or to this SMSC; empty where that is not known."""
        return (
            (self.accounts is None or self.accounts.has(message.account))
            and (not self.smscs or smsc in self.smscs)
            and all(condition.holds(message) for condition in self.conditions)
        )

    def faults(self, message: Message, smsc: str) -> dict[str, str]:
        """Why it does not hold, by key of the setting; empty where it holds."""
        asked = (self.accounts, *self.conditions)
        found = {each.key: each.fault(message) for each in asked if each is not None}
        if self.smscs and smsc not in self.smscs:
            found["smsc"] = f"{smsc or 'none'} is not {some_of(self.smscs)}"
        return {key: fault for key, fault in found.items() if fault}

    def applied(self, octets: bytes) -> bytes:
        """What it makes of a message.

        :raises PduError: when that would be no PDU that peers take.
        """
        located: Located | None = None
        for change in self.changes:
            if located is None or located.octets != octets:
                located = Located(octets)
            octets = change.of(located)
        return octets


class Outcome(NamedTuple):
    """What rules have made of a message, and the ``statuses`` of its answer, in their order."""

    octets: bytes
    statuses: tuple[Statuses, ...]


class Chain:
    """The rules for messages of one kind.

    :param rules: in the order of the configuration.
    :param is_to_smscs: whether the far end is an SMSC; else it is an account.
    """

    def __init__(self, rules: Iterable[Rule], is_to_smscs: bool) -> None:
        self.all = tuple(rules)
        self.near = tuple(rule for rule in self.all if not _asks_far(rule, is_to_smscs))
        """Those that apply before it is decided where a message goes."""
        self.far = tuple(rule for rule in self.all if _asks_far(rule, is_to_smscs))
        """Those that apply after that."""
        self.need_time = any(isinstance(c, Hours) for rule in self.all for c in rule.conditions)
        self._by_account: dict[bytes, tuple[bool, frozenset[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self.all)

    def apply(
        self, rules: Sequence[Rule], account: bytes, octets: bytes, wall: float, smsc: str
    ) -> Outcome | None:
        """What ``rules``, `near` or `far`, make of a message; None where none of them holds.

        :param account: the system_id of its account; empty where that is not known, or there is
            none.
        :param wall: seconds since 1970.
        :param smsc: the name of the SMSC that it comes from or goes to; empty where that is not
            known.
        :raises PduError: when the result would be no PDU that peers take.
        """
        applied = [
            (rule, made) for rule, made in applying(rules, account, octets, wall, smsc) if made
        ]
        if not applied:
            return None
        for rule, _ in applied:
            rule.messages += 1
        statuses = tuple(rule.statuses for rule, _ in applied if rule.statuses)
        return Outcome(applied[-1][1], statuses)

    def trial(self, account: bytes, octets: bytes, wall: float, smsc: str) -> bytes:
        """What all rules make of a message of an account to or from an SMSC; none counts it.

        :raises PduError: when the result would be no PDU that peers take.
        """
        for rules in (self.near, self.far):
            for _, made in applying(rules, account, octets, wall, smsc):
                octets = made or octets
        return octets

    def may_change(self, account: bytes, smscs: Iterable[str]) -> bool:
        """Whether a rule may be for messages of an account to any of these SMSCs."""
        is_for_all, names = self._by_account.get(account) or self._sort_out(account)
        return is_for_all or (bool(names) and any(smsc in names for smsc in smscs))

    def may_change_of(self, smsc: str) -> bool:
        """Whether a rule may be for messages that come from this SMSC."""
        return any(not rule.smscs or smsc in rule.smscs for rule in self.all)

    def _sort_out(self, account: bytes) -> tuple[bool, frozenset[str]]:
        """Whether rules are for the account whatever the SMSC, and for which they are."""
        mine = [r for r in self.all if r.accounts is None or r.accounts.has(account)]
        found = (
            any(not rule.smscs for rule in mine),
            frozenset(name for rule in mine for name in rule.smscs),
        )
        if len(self._by_account) >= MOST_ACCOUNTS:
            self._by_account.clear()
        self._by_account[account] = found
        return found


def applying(
    rules: Iterable[Rule], account: bytes, octets: bytes, wall: float, smsc: str
) -> Iterator[tuple[Rule, bytes]]:
    """Each of ``rules`` with what it makes of what those before it have made; empty octets with
    one that does not hold. The arguments are those of `Chain.apply`."""
    message = message_of(account, octets, wall)
    for rule in rules:
        if not rule.holds(message, smsc):
            yield rule, b""
            continue
        octets = rule.applied(message.octets)
        yield rule, octets
        if octets != message.octets:
            message = message_of(account, octets, wall)


def message_of(account: bytes, octets: bytes, wall: float) -> Message:
    """What conditions look at of the PDU in ``octets``; ``wall`` is seconds since 1970."""
    return Message(account, int.from_bytes(octets[4:8], "big"), octets, wall)


def _asks_far(rule: Rule, is_to_smscs: bool) -> bool:
    return bool(rule.smscs) if is_to_smscs else rule.accounts is not None


class Rewriting:
    """All rules of a gate.

    :param rules: in the order of the configuration.
    :param tables: those of files of prefixes, by their content, for the rules after a reload.
    :ivar submit: those for what ESMEs send.
    :ivar deliver: those for what SMSCs send, but for receipts, which ``receipt`` is for.
    """

    __slots__ = ("all", "deliver", "receipt", "submit", "tables")

    def __init__(
        self, rules: Iterable[Rule] = (), tables: Mapping[object, FileTable] | None = None
    ) -> None:
        self.all = tuple(rules)
        self.tables = tables if tables is not None else {}
        self.submit = self._chain(SUBMIT)
        self.deliver, self.receipt = self._chain(DELIVER), self._chain(RECEIPT)

    def go_on_counting(self, before: Rewriting) -> None:
        """Begin with the counts that there were before a reload, see `counted.go_on_counting`."""
        go_on_counting(self.all, before.all)

    def _chain(self, kind: str) -> Chain:
        return Chain((rule for rule in self.all if rule.kind == kind), kind == SUBMIT)
