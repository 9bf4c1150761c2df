"""What an SMSC's answers say: of the SMSC, of the message, or of the moment.

- *Faults* are the SMSC's own: ESME_RSYSERR, ESME_RX_T_APPN, no answer in time; a lost link too.
- *Unexplained* is what says nothing of the message: faults, and failures without a reason.
- Other errors may well be the message's: a number that is none is refused by every SMSC. They
  count where there are other members to compare with, and nowhere else.
- ESME_RTHROTTLED and ESME_RMSGQFUL are no errors: the SMSC is well, and too fast is the gate.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.statuses import BIND_STATUSES

NO_ANSWER = -1
"""In place of a status: there was no answer in time."""

FAULTS: frozenset[int] = frozenset(
    {NO_ANSWER, CommandStatus.ESME_RSYSERR, CommandStatus.ESME_RX_T_APPN}
)

UNEXPLAINED: frozenset[int] = (
    FAULTS
    | BIND_STATUSES
    | {
        CommandStatus.ESME_RSUBMITFAIL,
        CommandStatus.ESME_RDELIVERYFAILURE,
        CommandStatus.ESME_RUNKNOWNERR,
    }
)

NO_ERRORS: frozenset[int] = frozenset(
    {CommandStatus.ESME_ROK, CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL}
)
