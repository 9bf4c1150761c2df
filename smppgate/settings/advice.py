"""Warnings: settings that are valid and likely to be mistakes."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.collisions import collision_warnings
from smppgate.settings.endpoints import is_exposed, split
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings
from smppgate.settings.members import MemberSettings
from smppgate.settings.model import Settings
from smppgate.settings.passwords import ESME_PASSWORDS, SMSC_PASSWORDS
from smppgate.settings.peer_side import peer_warnings
from smppgate.settings.places import is_loopback, server_place, unverified
from smppgate.settings.pools import PoolSettings
from smppgate.settings.route_advice import rewrite_warnings, route_warnings, routed_pools
from smppgate.settings.store_advice import store_warnings
from smppgate.settings.windows import window_warnings
from smppgate.settings.worker_advice import worker_warnings

STANDARD_PASSWORD = 8
"""Octets of a password in SMPP v3.4 §5.2.2, without the NUL."""


def warnings(settings: Settings) -> tuple[str, ...]:
    """One line for each setting that works but is likely to be a mistake.

    A line begins with the path of the setting, as errors do, and shows no password.
    """
    return (
        *_hook_warnings(settings.gate),
        *_listener_warnings(settings),
        *_admin_warnings(settings),
        *_peer_warnings(settings),
        *_esme_warnings(settings),
        *_smsc_warnings(settings),
        *_pool_warnings(settings),
        *route_warnings(settings),
        *rewrite_warnings(settings),
        *collision_warnings(settings),
        *window_warnings(settings),
        *worker_warnings(settings),
        *store_warnings(settings),
    )


def _hook_warnings(gate: GateSettings) -> Iterator[str]:
    if gate.hook_options and not gate.hooks:
        yield "gate.hook_options: nothing is told them, there are no hooks"
    if gate.hooks and gate.hook_timeout > gate.receipt_patience:
        yield (
            "gate.hook_timeout: is longer than receipt_patience; a receipt that comes while the "
            "answer to its message waits for a hook may be given up"
        )


def _listener_warnings(settings: Settings) -> Iterator[str]:
    for index, listen in enumerate(settings.listen):
        if listen.tls is None:
            yield from _exposure_warnings(f"listen[{index}].endpoint", listen.endpoint)
        elif listen.tls.ciphers and listen.tls.min_version == "1.3":
            yield f"listen[{index}].tls.ciphers: is not used, TLS 1.3 has its own"


def _admin_warnings(settings: Settings) -> Iterator[str]:
    admin = settings.admin
    for index, endpoint in enumerate(admin.endpoint):
        place = server_place(endpoint)
        is_tcp = split(endpoint).scheme in ("tcp", "tcp6")
        if is_tcp and place is not None and not is_loopback(place.host):
            yield (
                f"admin.endpoint[{index}]: other machines reach it without TLS; the passwords of "
                "users can be read on the way: use ssl:"
            )


def _peer_warnings(settings: Settings) -> Iterator[str]:
    yield from peer_warnings(settings.peers, settings.peer)
    yield from _exposure_warnings("peers.endpoint", settings.peers.endpoint)
    for index, peer in enumerate(settings.peer):
        yield from _unverified_warnings(f"peer[{index}].endpoint", peer.endpoint)


def _esme_warnings(settings: Settings) -> Iterator[str]:
    silent = _pools_that_take_nothing(settings)
    for index, esme in enumerate(settings.esme):
        path = f"esme[{index}]"
        yield from _bind_password_warnings(path, esme)
        if esme.certificate and not any(_asks_for_certificates(each) for each in settings.listen):
            yield (
                f"{path}.certificate: it can never bind, no listener asks for certificates: there "
                "is no client_ca"
            )
        yield from _password_warnings(f"{path}.outbind_password", esme.outbind_password)
        yield from _unverified_warnings(f"{path}.outbind", esme.outbind)
        if esme.address_ranges and set(esme.binds) == {"transmitter"}:
            yield (
                f"{path}.address_ranges: no message can get there, the account may bind as "
                "transmitter only"
            )
        if esme.queue and settings.store.kind == "memory":
            yield (
                f'{path}.queue: is lost when the gate ends, the store is of kind "memory"; the '
                "SMSC was told that its messages are delivered"
            )
        is_routed = bool(settings.route) or esme.auth == "smsc"
        if not is_routed and _pool_of(esme, settings) in silent:
            yield (
                f"{path}.pool: nothing can be sent, no SMSC of the pool has sessions or "
                "outbind_listen"
            )


def _asks_for_certificates(listen: ListenSettings) -> bool:
    return listen.tls is not None and bool(listen.tls.client_ca)


def _bind_password_warnings(path: str, esme: EsmeSettings) -> Iterator[str]:
    given = [key for key in ESME_PASSWORDS if getattr(esme, key) is not None]
    key = given[0] if given else ESME_PASSWORDS[0]
    if esme.auth == "smsc":
        if given:
            yield f"{path}.{key}: is not used, the SMSC judges binds of this account"
    elif esme.password_hash is None and not esme.secret:
        yield f"{path}.{key}: is empty; every peer that knows the system_id may bind"
    else:
        yield from _password_warnings(f"{path}.{key}", esme.secret)


def _smsc_warnings(settings: Settings) -> Iterator[str]:
    members = {name for pool in settings.pool for name in pool.names}
    for index, smsc in enumerate(settings.smsc):
        path = f"smsc[{index}]"
        yield from _unverified_warnings(f"{path}.endpoint", smsc.endpoint)
        key = next(key for key in SMSC_PASSWORDS if getattr(smsc, key) is not None)
        yield from _password_warnings(f"{path}.{key}", smsc.secret)
        yield from _password_warnings(f"{path}.outbind_password", smsc.outbind_password)
        if smsc.outbind_listen:
            yield from _exposure_warnings(f"{path}.outbind_listen", smsc.outbind_listen)
            if not smsc.outbind_password:
                yield (
                    f"{path}.outbind_password: is empty; every peer that connects to "
                    "outbind_listen is sent the password that the gate binds with"
                )
        if smsc.name not in members:
            binds = "binds to it and sends it" if smsc.sessions else "sends it"
            yield f"{path}: is in no pool; the gate {binds} nothing"


def _pool_warnings(settings: Settings) -> Iterator[str]:
    used = {_pool_of(esme, settings) for esme in settings.esme if _has_own_pool(esme, settings)}
    routed = routed_pools(settings)
    for index, pool in enumerate(settings.pool):
        if pool.name not in used and pool.name not in routed:
            yield f"pool[{index}]: is used by no {'route' if settings.route else 'account'}"
        if not any(_weights_in(pool, settings)):
            yield f"pool[{index}].members: all weights are 0; nothing can be sent"
    for name in _pools_that_take_nothing(settings):
        for path in routed.get(name, ()):
            yield (
                f"{path}: nothing can be sent to {name}, no SMSC of the pool has sessions or "
                "outbind_listen"
            )


def _has_own_pool(esme: EsmeSettings, settings: Settings) -> bool:
    """Whether the pool of an account is used: an SMSC of it judges binds, or takes messages."""
    return esme.auth == "smsc" or not settings.route


def _weights_in(pool: PoolSettings, settings: Settings) -> Iterator[int]:
    """The weights of its members and backups."""
    usual = {smsc.name: smsc.weight for smsc in settings.smsc}
    for each in (*pool.members, *pool.backup):
        own = each.weight if isinstance(each, MemberSettings) else None
        name = each.smsc if isinstance(each, MemberSettings) else each
        yield usual[name] if own is None else own


def _pool_of(esme: EsmeSettings, settings: Settings) -> str:
    return esme.pool or settings.pool[0].name


def _pools_that_take_nothing(settings: Settings) -> set[str]:
    """The pools whose SMSCs the gate neither binds to nor is called by."""
    reached = {smsc.name for smsc in settings.smsc if smsc.sessions or smsc.outbind_listen}
    return {pool.name for pool in settings.pool if reached.isdisjoint(pool.names)}


def _exposure_warnings(path: str, endpoint: str) -> Iterator[str]:
    if is_exposed(endpoint):
        yield (
            f"{path}: listens on all addresses without TLS; passwords and messages can be read "
            "on the way"
        )


def _unverified_warnings(path: str, endpoint: str) -> Iterator[str]:
    fault = unverified(endpoint)
    if fault:
        yield f"{path}: {fault}; use tls:"


def _password_warnings(path: str, password: str) -> Iterator[str]:
    if len(password) > STANDARD_PASSWORD:
        yield (
            f"{path}: has {len(password)} octets; SMPP ends a password after "
            f"{STANDARD_PASSWORD}, and some peers refuse longer ones"
        )
