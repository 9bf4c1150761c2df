"""Makes the rules of a gate that rewrite messages from its settings."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.gate.conditions import Tables, conditions, file_tables
from smppgate.routing.rewrite.changes import Change, RemoveTlvs, ReplacePrefix, SetFields, SetTlv
from smppgate.routing.rewrite.rules import Rewriting, Rule
from smppgate.routing.routes.conditions import Accounts
from smppgate.settings import RewriteSettings, Settings
from smppgate.settings.rewrites import PrefixChange
from smppgate.settings.route_checks import tlv_of

_TEXTS = {
    "set_source": "source_addr",
    "set_destination": "destination_addr",
    "set_service_type": "service_type",
    "set_validity_period": "validity_period",
}
"""Key of the setting → field of the specification."""

_OCTETS = {
    "set_source_ton": "source_addr_ton",
    "set_source_npi": "source_addr_npi",
    "set_destination_ton": "dest_addr_ton",
    "set_destination_npi": "dest_addr_npi",
    "set_data_coding": "data_coding",
    "set_registered_delivery": "registered_delivery",
}


def make_rewriting(settings: Settings, before: Rewriting | None = None) -> Rewriting:
    """The rules, in the order of the configuration.

    :param before: those until now: a file that has not changed is not taken apart again, and a
        rule that has not changed goes on counting.
    """
    files = (rule.destination_file for rule in settings.rewrite)
    tables = file_tables(files, before.tables if before is not None else {})
    made = Rewriting((_rule(rule, tables) for rule in settings.rewrite), tables)
    if before is not None:
        made.go_on_counting(before)
    return made


def _rule(settings: RewriteSettings, tables: Tables) -> Rule:
    return Rule(
        settings.applies_to,
        settings.label,
        Accounts(settings.esme) if settings.esme else None,
        settings.smsc,
        tuple(conditions(settings, tables)),
        tuple(_changes(settings)),
        dict(settings.set_statuses),
    )


def _changes(settings: RewriteSettings) -> Iterator[Change]:
    values = {
        field: value.encode("latin-1")
        for key, field in _TEXTS.items()
        if (value := getattr(settings, key)) is not None
    }
    values |= {
        field: bytes((value,))
        for key, field in _OCTETS.items()
        if (value := getattr(settings, key)) is not None
    }
    if values:
        yield SetFields(values)
    if settings.set_source_prefix is not None:
        yield _prefix("source_addr", settings.set_source_prefix)
    if settings.set_destination_prefix is not None:
        yield _prefix("destination_addr", settings.set_destination_prefix)
    if settings.remove_tlvs:
        yield RemoveTlvs([tlv_of(text)[0] for text in settings.remove_tlvs])
    for text in settings.set_tlvs:
        tag, value = tlv_of(text)
        yield SetTlv(tag, value or b"")


def _prefix(field: str, settings: PrefixChange) -> ReplacePrefix:
    removed = [each.encode("latin-1") for each in settings.remove]
    return ReplacePrefix(field, removed or [b""], settings.add.encode("latin-1"))
