"""Configurations to test with, as data, and what writes data as TOML."""

from __future__ import annotations

import copy
import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.certificates import lasting

PASSWORD = "pass-never-shown"
# Of the length that SMPP has for it.
OUTBIND_PASSWORD = "unshown8"

# Of "never shown".
HASH = "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$Dyn8zvbrxG1wpuuKz6pggGWJ0fLlHRF1eMhdoKGXoDs"

KEPT = "kept-psw"
"""What is in the file and in the variable."""
VARIABLE = "SMPPGATE_TEST_KEPT"
os.environ[VARIABLE] = KEPT

_PEM = lasting()
CERTIFICATE, KEY = str(_PEM / "cert.pem"), str(_PEM / "key.pem")
KEPT_FILE = str(_PEM / "password")
Path(KEPT_FILE).write_text(f"{KEPT}\n")
for _secret in (KEY, KEPT_FILE):
    Path(_secret).chmod(0o600)

_ETC = Path(__file__).parents[2] / "etc"
PREFIXES, POOLS = str(_ETC / "prefixes.txt"), str(_ETC / "pools.txt")
"""Files that are shipped."""

_FULL: dict[str, Any] = {
    "gate": {
        "name": "gate1",
        "response_timeout": 60.0,
        "deliver_timeout": 10.0,
        "stop_timeout": 30,
        "unbind_timeout": 2.0,
        "session_init_timeout": 30.0,
        "refused_bind_wait": 1.0,
        "stale_bind_timeout": 5.0,
        "bind_delay": 0.0,
        "enquire_link": 0,
        "enquire_link_timeout": 4.0,
        "inactivity_timeout": 0.0,
        "max_pdu_size": 1024,
        "refusal_rate": 0,
        "no_member_status": 0x14,
        "hold_octets": 1_000_000,
        "affinity_ttl": 30.0,
        "receipt_patience": 1.5,
        "hooks": "smppgate.gate.hooks:Hooks",
        "hook_options": {"url": "http://127.0.0.1:8000/", "token": PASSWORD},
        "hook_timeout": 1.0,
        "hook_default": "pass",
        "accept_binds_without_smsc": False,
        "message_ids": "original",
        "unmatched_receipts": "ack",
        "receipt_delay": 0.05,
        "pass_newer_tlvs": True,
        "workers": 1,
        "reuse_port": False,
        "state_dir": "/var/lib/smppgate",
    },
    "store": {
        "kind": "disk",
        "durability": "disk",
        "return_paths": 5,
        "return_paths_disk": 20_000_000,
        "return_paths_in_memory": 3,
        "return_path_ttl": 1.5,
        "receipted_ttl": 1.5,
        "url": ["redis://10.0.0.5:6379/0"],
        "sentinels": ["10.0.0.5:26379", "10.0.0.6:26379"],
        "sentinel_master": "smppgate",
        "username": "gate",
        "sentinel_username": "asker",
        "wait_replicas": 2,
        "patience": 0.5,
        "prefix": "gate:",
        "tls": {
            "certificate": CERTIFICATE,
            "key": KEY,
            "ca": CERTIFICATE,
            "server_name": "redis.example",
            "min_version": "1.3",
            "sentinels": False,
        },
    },
    "admin": {
        "endpoint": ["unix:STATE_DIR/admin.sock:mode=660", "tcp:8080:interface=127.0.0.1"],
        "metrics": False,
        "user": [{"name": "anna", "password_hash": HASH, "role": "operator"}],
    },
    "log": {
        "messages": "/var/log/smppgate/messages",
        "format": "text",
        "log_text": True,
        "level": "warn",
        "daemon_format": "json",
    },
    "cdr": {
        "path": "/var/log/smppgate/cdr",
        "format": "json",
        "rotate_size": 5_000_000,
        "rotate_interval": 60,
    },
    "peers": {
        "name": "a",
        "endpoint": "tcp:2790:interface=127.0.0.1",
        "secret": PASSWORD,
    },
    "peer": [
        {"name": "a", "endpoint": "tcp:127.0.0.1:2790"},
        {"name": "b", "endpoint": "tcp:127.0.0.1:2791"},
    ],
    "listen": [
        {
            "endpoint": "tcp:2775:interface=127.0.0.1",
            "max_sessions": 7,
            "max_per_address": 5,
            "max_unbound": 6,
            "bind_rate": 4,
            "allow": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"],
            "tls": {
                "certificate": CERTIFICATE,
                "key": KEY,
                "client_ca": CERTIFICATE,
                "min_version": "1.2",
                "ciphers": "ECDHE+AESGCM",
                "certificates": [{"certificate": CERTIFICATE, "key": KEY}],
            },
        }
    ],
    "esme": [
        {
            "system_id": "acme",
            "password": PASSWORD,
            "auth": "gate",
            "allow": ["10.0.0.0/8"],
            "certificate": "acme.example",
            "binds": ["transceiver"],
            "max_binds": 3,
            "window": 9,
            "deliver_timeout": 5.0,
            "address_ranges": ["4477009*", "447700900123", "^44(77|78)[0-9]{8}$"],
            "bind_ranges": True,
            "weight": 2,
            "share": 3,
            "rate": 20.5,
            "burst": 2.5,
            "session_rate": 10.5,
            "over_rate": "reject",
            "pool": "backup",
            "queries": False,
            "cancel_all": True,
            "queue": True,
            "queue_size": 20,
            "queue_ttl": 30,
            "outbind": "tcp:esme.example:2776",
            "outbind_password": OUTBIND_PASSWORD,
        },
        {"system_id": "bank", "password_hash": HASH},
        {"system_id": "corp", "password_file": KEPT_FILE},
        {"system_id": "dora", "password_env": VARIABLE},
    ],
    "smsc": [
        {
            "name": "alpha",
            "endpoint": "tcp:127.0.0.1:3001",
            "system_id": "gate",
            "password": PASSWORD,
            "receive_endpoint": "tcp:127.0.0.1:3002",
            "system_type": "VMA",
            "bind": "transmitter+receiver",
            "sessions": 2,
            "sessions_total": 4,
            "interface_version": "5.0",
            "addr_ton": 1,
            "addr_npi": 1,
            "address_range": "^44",
            "window": 11,
            "rate": 0.5,
            "burst": 1.5,
            "link_rate": 0.25,
            "adaptive_rate": True,
            "weight": 3,
            "response_timeout": 20.0,
            "enquire_link": 20.0,
            "enquire_link_timeout": 3.0,
            "undelivered_status": 0x14,
            "reconnect_min": 2,
            "reconnect_max": 2.5,
            "rebind": False,
            "max_timeouts": 7,
            "tag": "A1",
            "group": "center",
            "receipt_ids": "resp_hex",
            "system_id_case": "fold",
            "max_pending_binds": 4,
            "outbind_listen": "tcp:2776:interface=127.0.0.1",
            "outbind_system_id": "center",
            "outbind_password": OUTBIND_PASSWORD,
            "tls": {
                "certificate": CERTIFICATE,
                "key": KEY,
                "ca": CERTIFICATE,
                "server_name": "smsc.example",
                "min_version": "1.3",
            },
        },
        {
            "name": "beta",
            "endpoint": "tls:smsc.example:3550",
            "system_id": "gate",
            "password_file": KEPT_FILE,
        },
        {
            "name": "delta",
            "endpoint": "tcp:smsc.example:2775",
            "system_id": "gate",
            "password_env": VARIABLE,
        },
    ],
    "pool": [
        {
            "name": "main",
            "members": ["alpha", "beta"],
            "backup": [],
            "balance": "hash",
            "hash_on": "source",
            "hold": 2.5,
            "retry_on": [0x08, 0x58],
            "max_attempts": 2,
            "on_link_loss": "resubmit",
            "max_errors": 7,
            "eject_time": 20,
            "max_ejected": 0.4,
            "slow_start": 5,
        },
        {"name": "backup", "members": [{"smsc": "beta", "weight": 3}], "backup": ["alpha"]},
    ],
    "route": [
        {
            "name": "premium",
            "esme": ["acme", "b*"],
            "source": ["My Shop", "Info-*"],
            "destination": ["4477*", "447700900123", "^44(77|78)[0-9]{8}$"],
            "destination_file": PREFIXES,
            "source_ton": [5],
            "destination_ton": [1, 2],
            "service_type": ["", "WAP"],
            "data_coding": [8],
            "esm_class": {"mask": 0xC0, "value": 0x40},
            "tlv": ["0x1400", "0x1401=01ff"],
            "between": {"times": ["22:00-06:00"], "days": ["sat"], "zone": "Europe/Berlin"},
            "percent": 12.5,
            "pool": "main",
            "fallback": ["backup"],
        },
        {"pools_file": POOLS, "fallback": ["backup"]},
        {"reject": "ESME_RSUBMITFAIL"},
    ],
    "rewrite": [
        {
            "name": "national",
            "esme": ["acme", "b*"],
            "source": ["My Shop", "Info-*"],
            "destination": ["0*", "^0[1-9][0-9]{8}$"],
            "destination_file": PREFIXES,
            "source_ton": [5],
            "destination_ton": [1, 2],
            "service_type": ["", "WAP"],
            "data_coding": [8],
            "esm_class": {"mask": 0xC0, "value": 0x40},
            "tlv": ["0x1400", "0x1401=01ff"],
            "between": {"times": ["22:00-06:00"], "days": ["sat"], "zone": "Europe/Berlin"},
            "percent": 12.5,
            "smsc": ["alpha"],
            "applies_to": "submit",
            "set_source": "Shop",
            "set_source_ton": 5,
            "set_source_npi": 0,
            "set_destination_prefix": {"remove": ["0"], "add": "44"},
            "set_destination_ton": 1,
            "set_destination_npi": 1,
            "set_service_type": "CMT",
            "set_validity_period": "000001000000000R",
            "set_data_coding": 8,
            "set_registered_delivery": 1,
            "remove_tlvs": ["0x1401"],
            "set_tlvs": ["0x1402=01ff"],
            "set_statuses": {"0x45": 0x58, "ESME_RSYSERR": "ESME_RTHROTTLED"},
        },
        {
            "applies_to": "receipt",
            "set_source_prefix": {"remove": [], "add": "+"},
            "set_destination": "447700900123",
            "set_statuses": {"0x64": 0},
        },
    ],
}


def full() -> dict[str, Any]:
    """A valid document with every key in it; the caller may change it."""
    return copy.deepcopy(_FULL)


def minimal() -> dict[str, Any]:
    """A valid document with nothing in it that may be left out."""
    return {
        "listen": [{"endpoint": "tcp:2775:interface=127.0.0.1"}],
        "esme": [{"system_id": "acme", "password": PASSWORD}],
        "smsc": [
            {
                "name": "alpha",
                "endpoint": "tcp:127.0.0.1:3001",
                "system_id": "gate",
                "password": PASSWORD,
            }
        ],
    }


def toml(document: Mapping[str, Any]) -> str:
    """``document`` as TOML: every value inline, which TOML allows at the top."""
    return "".join(f"{_string(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_string(key)} = {_value(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _string(text: str) -> str:
    plain = (
        character
        if " " <= character <= "~" and character not in '"\\'
        else f"\\U{ord(character):08X}"
        for character in text
    )
    return f'"{"".join(plain)}"'
