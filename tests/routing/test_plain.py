"""Every setting is sorted: plain whatever it is, or looked at before messages are sent by the run.

A new setting has to be sorted here, and what looks at it to be written where it is not plain.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.plain import is_plain, is_plain_back
from smppgate.routing.rewrite.rules import SUBMIT, Chain, Rule
from smppgate.routing.routes.conditions import Accounts
from smppgate.routing.smscs.keys import by_destination
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.settings import (
    EsmeSettings,
    GateSettings,
    MemberSettings,
    PoolSettings,
    RewriteSettings,
    RouteSettings,
    SmscSettings,
)
from tests.routing import fakes

NO_RULES = Chain((), is_to_smscs=True)

PLAIN = "plain whatever it is"
BIND = "plain: it decides who may bind, and as what"
LINK = "plain: it decides when and how links are bound"
DELIVERY = "plain: it is about what SMSCs send"
ENDS = "plain: a message that ends otherwise is an exchange, see Run.single"
TIMER = "plain: a timer of sessions, which look at Outstanding"
CHOICE = "looked at by Pool.assign"
RULES = "looked at by is_plain: Chain.may_change; of what SMSCs send by is_plain_back"
HOOKS = "plain: it is about what hooks are asked, which is not"
ROUTES = "looked at by Submitter.is_routed"
WAITS = "looked at by SubmitLane: what is left of a run, Submitter.submit_admitted"

SORTED: dict[type[Any], dict[str, str]] = {
    EsmeSettings: {
        **dict.fromkeys(("system_id", "password", "max_binds"), BIND),
        **dict.fromkeys(("password_hash", "password_file", "password_env"), BIND),
        **dict.fromkeys(("allow", "certificate"), BIND),
        "auth": "looked at by SubmitLane: own_pool, and AnswerForm.is_plain",
        "binds": "looked at by EsmeProtocol.octetsReceived: submits",
        "window": "looked at by SubmitLane: alone_submits takes no more",
        **dict.fromkeys(("deliver_timeout", "address_ranges", "bind_ranges"), DELIVERY),
        **dict.fromkeys(("weight", "outbind", "outbind_password"), DELIVERY),
        "share": "plain: it weighs what waits, behind which nothing is plain: is_plain",
        **dict.fromkeys(
            ("rate", "burst", "session_rate", "over_rate"), "looked at by Submitter.admits_all"
        ),
        "pool": "looked at by SubmitLane: the policy's",
        "queries": "looked at by SubmitLane: are_alike, and AnswerForm.always",
        "cancel_all": "plain: submit_sm cancel nothing",
        **dict.fromkeys(("queue", "queue_size", "queue_ttl"), DELIVERY),
    },
    PoolSettings: {
        "name": PLAIN,
        **dict.fromkeys(("members", "backup"), CHOICE),
        "balance": "looked at by is_plain: keys_all",
        "hash_on": "looked at by is_plain: keys_all",
        "hold": WAITS,
        **dict.fromkeys(("retry_on", "max_attempts", "on_link_loss"), ENDS),
        **dict.fromkeys(("max_errors", "eject_time", "max_ejected"), ENDS),
        "slow_start": CHOICE,
    },
    MemberSettings: {"smsc": CHOICE, "weight": CHOICE},
    SmscSettings: {
        "name": PLAIN,
        **dict.fromkeys(("endpoint", "receive_endpoint", "system_id", "password"), LINK),
        **dict.fromkeys(("password_file", "password_env", "tls"), LINK),
        **dict.fromkeys(("system_type", "bind", "sessions", "sessions_total"), LINK),
        **dict.fromkeys(("addr_ton", "addr_npi", "address_range"), LINK),
        "interface_version": "looked at by SubmitLane: link.version is origin.version",
        "window": CHOICE,
        **dict.fromkeys(("rate", "burst", "link_rate"), "looked at by Pool.assign: Pool.allows"),
        "adaptive_rate": "looked at by Pool.assign: Pool.allows",
        "weight": CHOICE,
        **dict.fromkeys(("response_timeout", "enquire_link", "enquire_link_timeout"), TIMER),
        "undelivered_status": DELIVERY,
        **dict.fromkeys(("reconnect_min", "reconnect_max", "rebind"), LINK),
        "max_timeouts": "looked at by SmscProtocol.octetsReceived: health.is_watched",
        "tag": "looked at by AnswerForm.is_plain",
        "group": "looked at by AnswerLane: the prefix of the message center",
        "receipt_ids": "looked at by AnswerLane: Notations.finds_folded",
        **dict.fromkeys(("system_id_case", "max_pending_binds"), BIND),
        **dict.fromkeys(("outbind_listen", "outbind_system_id", "outbind_password"), LINK),
    },
    RouteSettings: dict.fromkeys(
        (
            *("name", "esme", "source", "destination", "destination_file", "source_ton"),
            *("destination_ton", "service_type", "data_coding", "esm_class", "tlv", "between"),
            *("percent", "pool", "pools_file", "fallback", "reject"),
        ),
        ROUTES,
    ),
    # One look for all of them: a rule that may be for a message makes it one that is not plain.
    RewriteSettings: dict.fromkeys(
        (
            *("name", "esme", "source", "destination", "destination_file", "source_ton"),
            *("destination_ton", "service_type", "data_coding", "esm_class", "tlv", "between"),
            *("percent", "smsc", "applies_to", "set_source", "set_source_prefix"),
            *("set_source_ton", "set_source_npi", "set_destination", "set_destination_prefix"),
            *("set_destination_ton", "set_destination_npi", "set_service_type"),
            *("set_validity_period", "set_data_coding", "set_registered_delivery"),
            *("remove_tlvs", "set_tlvs", "set_statuses"),
        ),
        RULES,
    ),
    GateSettings: {
        **dict.fromkeys(("name", "bind_delay", "refused_bind_wait", "stale_bind_timeout"), BIND),
        **dict.fromkeys(("session_init_timeout", "accept_binds_without_smsc"), BIND),
        **dict.fromkeys(("response_timeout", "unbind_timeout", "inactivity_timeout"), TIMER),
        **dict.fromkeys(("enquire_link", "enquire_link_timeout"), TIMER),
        "stop_timeout": "looked at by Submitter.admits_all: is_open",
        "max_pdu_size": "looked at by alone_submits and AnswerLane",
        "refusal_rate": "plain: what is plain is neither refused nor ignored",
        "no_member_status": WAITS,
        "hold_octets": WAITS,
        "affinity_ttl": "looked at by alone_submits: parts and steps do not stand alone",
        "message_ids": "looked at by AnswerForm.is_plain",
        **dict.fromkeys(("deliver_timeout", "unmatched_receipts", "receipt_delay"), DELIVERY),
        "receipt_patience": "looked at by AnswerLane: keeper.expected",
        "pass_newer_tlvs": "looked at by SubmitLane: link.version is origin.version",
        "hooks": "looked at by RouterService._lanes: what hooks are asked about has no lane",
        **dict.fromkeys(("hook_options", "hook_timeout", "hook_default"), HOOKS),
        **dict.fromkeys(("workers", "reuse_port", "state_dir"), PLAIN),
    },
}


@pytest.mark.parametrize("table", SORTED, ids=lambda table: table.__name__)
def test_every_setting_is_plain_or_looked_at(table: type[Any]) -> None:
    names = {field.name for field in attrs.fields(table)}
    assert SORTED[table].keys() == names
    for name, how in SORTED[table].items():
        assert how.startswith(("plain", "looked at by ")), name


def test_nothing_is_plain_where_each_has_a_key_or_others_wait() -> None:
    policy = AccountPolicy(binds=frozenset(), max_binds=1, window=1, queries=True)
    smsc = fakes.smsc("alpha", 1, 10)
    pool = fakes.pool(smsc)
    assert is_plain(policy, pool, b"acme", NO_RULES)
    pool.waiting = 1
    assert not is_plain(policy, pool, b"acme", NO_RULES)
    keyed = Pool("keyed", [Member(smsc), Member(fakes.smsc("beta"))], key=by_destination)
    assert not is_plain(policy, keyed, b"acme", NO_RULES)


@pytest.mark.parametrize(
    ("esme", "smscs", "expected"),
    [
        ((), (), False),
        (("acme",), (), False),
        (("bolt",), (), True),
        ((), ("alpha",), False),
        ((), ("beta",), True),
        (("acme",), ("alpha",), False),
        (("bolt",), ("alpha",), True),
    ],
)
def test_nothing_is_plain_that_a_rule_may_be_for(
    esme: tuple[str, ...], smscs: tuple[str, ...], expected: bool
) -> None:
    policy = AccountPolicy(binds=frozenset(), max_binds=1, window=1, queries=True)
    pool = fakes.pool(fakes.smsc("alpha", 1, 10))
    rule = Rule(SUBMIT, "", Accounts(esme) if esme else None, smscs, (), (), {})
    assert is_plain(policy, pool, b"acme", Chain([rule], is_to_smscs=True)) is expected
    back = Chain([rule], is_to_smscs=False)
    is_plain_of_alpha = is_plain_back("alpha", back, NO_RULES)
    assert is_plain_of_alpha is is_plain_back("alpha", NO_RULES, back) is (smscs == ("beta",))
