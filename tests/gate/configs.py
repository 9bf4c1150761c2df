"""Session configurations, for tests that make sessions without a gateway."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.esme import EsmeSessionConfig
from smppgate.gate.sessions.pass_through import PassThrough
from smppgate.gate.sessions.password_checks import PasswordChecks
from smppgate.routing.esmes.refused_credentials import RefusedCredentials
from smppgate.settings.password_hash import is_same
from smppgate.store import Limits, MemoryStore
from smppgate.txsmpp.frame import MAX_PDU_SIZE
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V3_4


def esme_config(router: Any) -> EsmeSessionConfig:
    """Accepts binds without a link to an SMSC; no SMSC judges binds."""
    places = BindPlaces(MemoryStore(Clock(), Limits(1, 1, 1.0, 1)))
    return EsmeSessionConfig(
        router=router,
        name="smppgate",
        timers=Timers(),
        max_pdu_size=MAX_PDU_SIZE,
        accepts_without_smsc=True,
        pass_through=PassThrough(router, [], RefusedCredentials(bytes(32)), places),
        places=places,
        password_checks=PasswordChecks(
            lambda kept, password: succeed(is_same(kept, password)), bytes(32), lambda *_: None
        ),
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
