"""Session configurations, for tests that make sessions without a gateway."""

from __future__ import annotations

from typing import Any

from smppgate.gate.sessions.esme import EsmeSessionConfig
from smppgate.gate.sessions.pass_through import PassThrough
from smppgate.routing.esmes.refused_credentials import RefusedCredentials
from smppgate.txsmpp.frame import MAX_PDU_SIZE
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V3_4


def esme_config(router: Any) -> EsmeSessionConfig:
    """Accepts binds without a link to an SMSC; no SMSC judges binds."""
    return EsmeSessionConfig(
        router=router,
        name="smppgate",
        timers=Timers(),
        max_pdu_size=MAX_PDU_SIZE,
        accepts_without_smsc=True,
        pass_through=PassThrough(router, [], RefusedCredentials(bytes(32))),
    )


def smsc_fields(router: Any, smsc: Any) -> dict[str, Any]:
    """The fields that all configurations of sessions with SMSCs have."""
    return {
        "name": "alpha",
        "router": router,
        "smsc": smsc,
        "timers": Timers(),
        "version": V3_4,
        "max_pdu_size": MAX_PDU_SIZE,
    }
