"""Random settings are those of their seed, and reach all that there is."""

from __future__ import annotations

import re
from random import Random

import attrs

from smppgate.settings import Settings
from smppgate.settings.difference import difference
from smppgate.settings.model import SECTIONS, SINGLE
from smppgate.settings.passwords import SMSC_PASSWORDS
from smppgate.settings.relations import relation_problems
from tests.settings.random_settings import SECRET, WORDS, drawn, mutated, secrets_of

SEEDS = range(150)


def changed_keys(old: Settings, new: Settings) -> set[tuple[str, str]]:
    found = difference(old, new)
    return {
        (section, key)
        for section in SECTIONS
        for change in (
            filter(None, (getattr(found, section),))
            if section in SINGLE
            else getattr(found, section).changed
        )
        for key in change.keys
    }


def test_a_seed_decides() -> None:
    """The same again for the same seed, both for settings and for changes of them."""
    assert drawn(Random(1)) == drawn(Random(1))
    assert mutated(drawn(Random(1)), Random(2)) == mutated(drawn(Random(1)), Random(2))
    assert len({drawn(Random(seed)) for seed in range(20)}) == 20


def test_changes_reach_every_key_and_keep_one_of_each_table() -> None:
    """All that has to be in a file is there after any number of changes."""
    reached: set[tuple[str, str]] = set()
    settings = drawn(Random(0))
    for seed in range(4000):
        new = mutated(settings, Random(seed))
        reached |= changed_keys(settings, new)
        settings = new
        assert settings.listen
        assert settings.esme
        assert settings.smsc
        assert settings.pool
    identities = {
        ("listen", "endpoint"),
        ("esme", "system_id"),
        ("smsc", "name"),
        ("pool", "name"),
        ("route", "name"),
        ("rewrite", "name"),
        ("peer", "name"),
    }
    every = {(name, each.name) for name, table in SECTIONS.items() for each in attrs.fields(table)}
    assert every - reached == identities


def test_steady_keys_stay() -> None:
    """A world whose peers have their own passwords says that these are not changed."""
    passwords = (("smsc", key) for key in SMSC_PASSWORDS)
    steady = frozenset({*passwords, ("esme", "window"), ("store", "kind")})
    for seed in SEEDS:
        old = drawn(Random(seed))
        assert not changed_keys(old, mutated(old, Random(seed), steady=steady)) & steady


def test_no_tag_begins_with_another() -> None:
    """Of all the words, derived ones too: each may stand beside each."""
    smscs = [{"name": name} for name in WORDS.smscs]
    smscs += [{"name": f"tag{tag}", "tag": tag} for tag in set(WORDS.tags) - {""}]
    assert not list(relation_problems({"smsc": smscs}))


def test_secrets_are_known_by_their_word() -> None:
    """No other value has it, so that a test can look for it."""
    for seed in SEEDS:
        settings = drawn(Random(seed))
        assert all(re.match(SECRET, secret) for secret in secrets_of(settings))
        assert SECRET not in repr(settings)
