"""Deliberate faults of rules that rewrite messages, and of what is kept for the way back."""

from __future__ import annotations

from typing import Any

from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.relay.transform import Transform
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.rewrite.rewritten import Rewritten
from smppgate.routing.rewrite.rules import Chain, Rule
from tests.simulation.mutant import mutant


@mutant(ReturnPath, "restored", "A receipt is in the words of its SMSC.", "rewriting")
def _receipt_in_words_of_smsc(_restored: Any) -> Any:
    return lambda self, receipt: receipt


@mutant(
    ReturnPath, "translated", "A cancel_sm is in the words of its ESME.", "rewriting", "asking"
)
def _cancel_in_words_of_esme(_translated: Any) -> Any:
    return lambda self, request: request


@mutant(
    Transform,
    "to_smsc",
    "An SMSC gets what was made for another that has turned the message down.",
    "rewriting",
    "erring",
)
def _rewritten_for_another(to_smsc: Any) -> Any:
    def to(self: Any, exchange: Any, octets: bytes, smsc: Any, version: Any) -> Any:
        exchange.octets = made = to_smsc(self, exchange, octets, smsc, version)
        return made

    return to


@mutant(Chain, "may_change", "Reads of plain messages pass the rules by.", "rewriting", "in_runs")
def _run_past_rules(_may_change: Any) -> Any:
    return lambda self, account, smscs: False


@mutant(Chain, "may_change_of", "So do those of SMSCs.", "rewriting", "in_bursts", "dialogues")
def _bursts_past_rules(_may_change: Any) -> Any:
    return lambda self, smsc: False


@mutant(Rewritten, "told", "Every status is told as it is.", "rewriting", "erring")
def _status_told_as_it_is(_told: Any) -> Any:
    return lambda self, status: status


@mutant(Rule, "holds", "A rule is for all SMSCs.", "rewriting")
def _rule_for_all_smscs(holds: Any) -> Any:
    def held(self: Any, message: Any, smsc: str) -> bool:
        return bool(holds(self, message, next(iter(self.smscs), smsc)))

    return held


@mutant(
    Dispatcher,
    "_put",
    "What goes into a queue is as it was before rules for its account.",
    "rewriting",
    "dialogues",
    "absent",
)
def _queued_before_rules(_put: Any) -> Any:
    return lambda self, queue, delivery, octets: queue.put(delivery, octets)
