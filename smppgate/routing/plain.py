"""`is_plain`: whether messages may be sent by the run, without a look at each.

All that an operator may set is sorted here: a test holds that nothing is left out.
"""

from __future__ import annotations

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.rewrite.rules import Chain
from smppgate.routing.smscs.pool import Pool


def is_plain(policy: AccountPolicy, pool: Pool, account: bytes, rules: Chain) -> bool:
    """Whether submit_sm that stand alone may go to any member of ``pool`` as they are, and now.

    Not where each has a key of its own, where others wait before them, nor where a rule may be
    for messages of the ``account`` to a member.
    """
    return not (pool.keys_all or pool.waiting or is_rewritten(pool, account, rules))


def is_rewritten(pool: Pool, account: bytes, rules: Chain) -> bool:
    """Whether a rule may be for messages of the ``account`` to a member of ``pool``."""
    if not rules.all:
        return False
    return rules.may_change(account, (smsc.name for smsc in pool.smscs))


def is_plain_back(smsc: str, rules: Chain, receipt_rules: Chain) -> bool:
    """Whether deliver_sm of the SMSC of this name may go to ESMEs as they are, receipts too.

    Not where a rule may be for them.
    """
    return not (rules.may_change_of(smsc) or receipt_rules.may_change_of(smsc))
