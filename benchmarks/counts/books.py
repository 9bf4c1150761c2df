"""`Books`: requests and receipts, counted by whom they concern, as peers do and as the gate does.

Names of commands and statuses are those of the specification, written down here once more: what
measures the gate must not share its mistakes.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from attrs import field, frozen

from benchmarks import wire
from benchmarks.admin import Admin

Entry = tuple[str, ...]
"""Account or SMSC, command and status; of receipts: SMSC, state and whether it is matched."""

COMMANDS = {
    wire.SUBMIT_SM: "submit_sm",
    wire.DELIVER_SM: "deliver_sm",
    wire.DATA_SM: "data_sm",
}

STATUSES = {
    0x00: "ESME_ROK",
    0x08: "ESME_RSYSERR",
    0x0B: "ESME_RINVDSTADR",
    0x14: "ESME_RMSGQFUL",
    0x45: "ESME_RSUBMITFAIL",
    0x58: "ESME_RTHROTTLED",
    0x64: "ESME_RX_T_APPN",
}
"""SMPP v3.4 §5.1.3; others go by their numbers."""

_MESSAGES = {"submit_sm", "data_sm"}
_SAMPLE = re.compile(r"^(smppgate_\w+_total)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def status_name(status: int) -> str:
    """The specification's name of a command_status, else its number."""
    return STATUSES.get(status, f"0x{status:08X}")


@frozen
class Books:
    """The counts of one side. Mutable counters.

    :ivar accounts: what accounts were answered, and what they answered.
    :ivar smscs: the same of SMSCs.
    :ivar receipts: those that SMSCs sent.
    """

    accounts: Counter[Entry] = field(factory=Counter)
    smscs: Counter[Entry] = field(factory=Counter)
    receipts: Counter[Entry] = field(factory=Counter)

    def account(self, name: str, command_id: int, status: int) -> None:
        """Count a request that an account was answered, or answered."""
        self.accounts[name, COMMANDS[command_id], status_name(status)] += 1

    def smsc(self, name: str, command_id: int, status: int) -> None:
        """Count a request that an SMSC answered, or was answered."""
        self.smscs[name, COMMANDS[command_id], status_name(status)] += 1

    def receipt(self, smsc: str, state: str, is_matched: bool) -> None:
        """Count a receipt that an SMSC has sent."""
        self.receipts[smsc, state, str(is_matched).lower()] += 1

    @property
    def all(self) -> Counter[Entry]:
        """All of them."""
        return self.accounts + self.smscs + self.receipts

    def summed(self, asked: Counter[Entry]) -> Counter[Entry]:
        """What the lists of accounts and SMSCs are to say, from the same counts.

        :param asked: SMSC, and ``taken`` or ``refused``: requests that SMSCs answered.
        """
        found: Counter[Entry] = Counter(asked)
        for (name, command, status), count in self.accounts.items():
            if command in _MESSAGES:
                found[name, "messages"] += count
                found[name, "errors"] += count * (status != "ESME_ROK")
        return +found


def of_metrics(text: str) -> Books:
    """The same counts as /metrics has them."""
    books = Books()
    families = {
        "smppgate_account_messages_total": (books.accounts, ("account", "command", "status")),
        "smppgate_smsc_messages_total": (books.smscs, ("smsc", "command", "status")),
        "smppgate_receipts_total": (books.receipts, ("smsc", "state", "matched")),
    }
    for name, labels, value in _SAMPLE.findall(text):
        if name in families and float(value):
            counts, keys = families[name]
            by_key = dict(_LABEL.findall(labels))
            counts[tuple(by_key[key] for key in keys)] = int(float(value))
    return books


def of_lists(accounts: list[dict[str, Any]], smscs: list[dict[str, Any]]) -> Counter[Entry]:
    """The sums that the API's lists have."""
    found: Counter[Entry] = Counter()
    for row in accounts:
        for key in ("messages", "errors"):
            found[row["system_id"], key] = row[key]
    for row in smscs:
        for key in ("taken", "refused"):
            found[row["name"], key] = row[key]
    return +found


def differences(mine: Books, asked: Counter[Entry], admin: Admin) -> dict[str, int]:
    """Where the gate says something else than its peers, and by how much; raises OSError."""
    theirs = of_metrics(admin.text("/metrics"))
    lists = of_lists(admin.api("accounts"), admin.api("smscs"))
    pairs = {
        "metrics, account": (mine.accounts, theirs.accounts),
        "metrics, SMSC": (mine.smscs, theirs.smscs),
        "metrics, receipts": (mine.receipts, theirs.receipts),
        "lists": (mine.summed(asked), lists),
    }
    return {
        f"{where}: {' '.join(entry)}": other[entry] - one[entry]
        for where, (one, other) in pairs.items()
        for entry in sorted(one.keys() | other.keys())
        if one[entry] != other[entry]
    }
