"""`is_plain`: whether messages may be sent by the run, without a look at each.

All that an operator may set is sorted here: a test holds that nothing is left out.
"""

from __future__ import annotations

from smppgate.routing.esmes.account import AccountPolicy
from smppgate.routing.smscs.pool import Pool


def is_plain(policy: AccountPolicy, pool: Pool) -> bool:
    """Whether submit_sm that stand alone may go to any member of ``pool``, and to it now.

    Not where each has a key of its own, nor where others wait before them.
    """
    return not (pool.keys_all or pool.waiting)
