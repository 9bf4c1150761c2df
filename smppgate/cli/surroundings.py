"""Files and limits of the machine that do not fit a configuration."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

from smppgate.settings import Settings, StoreSettings
from smppgate.settings.places import private_key
from smppgate.settings.state_dir import existing_part, state_dir_error

SPARE_DESCRIPTORS = 100
"""Descriptors that the gate needs beside its sessions: for the log, the store, listeners."""


def surroundings_warnings(
    settings: Settings, file: str, descriptors: int | None = None
) -> Iterator[str]:
    """One line for each file and limit that does not fit ``settings``.

    :param file: the configuration file.
    :param descriptors: the most that a process may have open; by default the system's hard limit.
    """
    if _has_passwords(settings) and _is_readable_by_others(Path(file)):
        yield "passwords are in this file, and other users may read it: chmod o-r"
    for place, what, path in _secret_files(settings):
        if _is_readable_by_others(Path(path)):
            yield f"{place}: other users may read {what} {path!r}"
    state_dir = Path(settings.gate.state_dir)
    if settings.store.kind != "memory" and not state_dir_error(settings):
        fault = _fault_for_this_user(state_dir)
        if fault:
            yield f"gate.state_dir: {fault}"
    yield from _descriptor_warnings(
        settings, _hard_limit() if descriptors is None else descriptors
    )


def _secret_files(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """The path of the setting, what is in the file, and the file, of each that has a secret."""
    for index, listen in enumerate(settings.listen):
        key = private_key(listen.endpoint)
        if key is not None:
            yield f"listen[{index}].endpoint", "the private key", key
        for files in listen.tls.every if listen.tls is not None else ():
            yield f"listen[{index}].tls", "the private key", files.key
    for index, smsc in enumerate(settings.smsc):
        if smsc.tls is not None and smsc.tls.files is not None:
            yield f"smsc[{index}].tls", "the private key", smsc.tls.files.key
    kept = [(f"esme[{index}]", esme.password_file) for index, esme in enumerate(settings.esme)]
    kept += [(f"smsc[{index}]", smsc.password_file) for index, smsc in enumerate(settings.smsc)]
    for path, file in kept:
        if file is not None:
            yield f"{path}.password_file", "the password", file.place
    if settings.peers.secret_file is not None:
        yield "peers.secret_file", "the secret", settings.peers.secret_file.place
    yield from _store_files(settings.store)


def _store_files(store: StoreSettings) -> Iterator[tuple[str, str, str]]:
    if store.tls is not None and store.tls.files is not None:
        yield "store.tls", "the private key", store.tls.files.key
    for key in ("password_file", "sentinel_password_file"):
        file = getattr(store, key)
        if file is not None:
            yield f"store.{key}", "the password", file.place


def _fault_for_this_user(folder: Path) -> str:
    place = existing_part(folder)
    if os.access(place, os.W_OK | os.X_OK):
        return ""
    what = "be written to" if place == folder.absolute() else f"be made in {str(place)!r}"
    return f"{str(folder)!r} cannot {what} by this user"


def _has_passwords(settings: Settings) -> bool:
    esmes, smscs = settings.esme, settings.smsc
    return any(
        (
            *(esme.password or esme.password_hash or esme.outbind_password for esme in esmes),
            *(smsc.password or smsc.outbind_password for smsc in smscs),
            settings.peers.secret,
            *(url.password for url in settings.store.url),
        )
    )


def _is_readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _hard_limit() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return hard if hard != resource.RLIM_INFINITY else 2**63


def _descriptor_warnings(settings: Settings, descriptors: int) -> Iterator[str]:
    accepted = sum(listen.max_sessions for listen in settings.listen)
    made = sum(smsc.sessions * len(smsc.bind.split("+")) for smsc in settings.smsc)
    needed = accepted + made + SPARE_DESCRIPTORS
    if needed > descriptors:
        yield (
            f"max_sessions: {accepted} sessions and {made} links need {needed} descriptors, and a "
            f"process may have {descriptors} here; see ulimit -n, or LimitNOFILE= of systemd"
        )
