"""What is allowed in the settings and is likely not meant."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.endpoints import is_exposed
from smppgate.settings.model import Settings

# SMPP v3.4 §5.2.2: 9 octets with the NUL.
STANDARD_PASSWORD = 8


def warnings(settings: Settings) -> tuple[str, ...]:
    """One line for each thing in ``settings`` that works and is worth a second look.

    Each begins with its path, as the errors do; no password is shown.
    """
    return (
        *_listener_warnings(settings),
        *_esme_warnings(settings),
        *_smsc_warnings(settings),
        *_pool_warnings(settings),
    )


def _listener_warnings(settings: Settings) -> Iterator[str]:
    for index, listen in enumerate(settings.listen):
        if is_exposed(listen.endpoint):
            yield (
                f"listen[{index}].endpoint: listens on all addresses without TLS; passwords "
                "and messages can be read on the way"
            )


def _esme_warnings(settings: Settings) -> Iterator[str]:
    for index, esme in enumerate(settings.esme):
        yield from _password_warnings(f"esme[{index}].password", esme.password)
        if not esme.password:
            yield f"esme[{index}].password: is empty; whoever knows the system_id may bind"
        if esme.address_ranges and set(esme.binds) == {"transmitter"}:
            yield (
                f"esme[{index}].address_ranges: no message can get there, the account may bind "
                "as transmitter only"
            )


def _smsc_warnings(settings: Settings) -> Iterator[str]:
    members = {name for pool in settings.pool for name in pool.members}
    for index, smsc in enumerate(settings.smsc):
        yield from _password_warnings(f"smsc[{index}].password", smsc.password)
        if smsc.name not in members:
            yield f"smsc[{index}]: is in no pool; the gate binds to it and sends it nothing"


def _pool_warnings(settings: Settings) -> Iterator[str]:
    used = {esme.pool or settings.pool[0].name for esme in settings.esme}
    for index, pool in enumerate(settings.pool):
        if pool.name not in used:
            yield f"pool[{index}]: is used by no account"


def _password_warnings(path: str, password: str) -> Iterator[str]:
    if len(password) > STANDARD_PASSWORD:
        yield (
            f"{path}: has {len(password)} octets; SMPP ends a password after "
            f"{STANDARD_PASSWORD}, and some peers refuse longer ones"
        )
