"""What the versions do not share."""

from __future__ import annotations

import pytest
from hypothesis import given

from smppgate.txsmpp.constants import CommandId, Tag
from smppgate.txsmpp.versions import V3_3, V3_4, V5_0, VERSIONS, version_named, version_of
from tests.txsmpp.strategies import octet


def test_settings_name_versions_as_people_do():
    assert [version_named(name) for name in ("3.3", "3.4", "5.0")] == [V3_3, V3_4, V5_0]


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no SMPP version '3\.5': it is one of 3\.3, 3\.4, 5\.0"):
        version_named("3.5")


@pytest.mark.parametrize(
    ("interface_version", "version"),
    [(0x00, V3_3), (0x33, V3_3), (0x34, V3_4), (0x4F, V3_4), (0x50, V5_0), (0xFF, V5_0)],
)
def test_the_octet_of_a_bind_says_what_the_peer_speaks(interface_version, version):
    assert version_of(interface_version) is version


@given(octet)
def test_every_octet_is_some_version_that_is_not_above_it(interface_version):
    version = version_of(interface_version)
    assert version is V3_3 or version.interface_version <= interface_version


def test_each_version_keeps_the_commands_of_the_one_before():
    assert V3_3.commands < V3_4.commands < V5_0.commands == set(CommandId)


def test_what_came_with_which_version():
    assert CommandId.BIND_TRANSCEIVER not in V3_3.commands
    assert CommandId.BIND_TRANSCEIVER in V3_4.commands
    assert CommandId.BROADCAST_SM not in V3_4.commands
    assert [version.tlvs for version in VERSIONS.values()] == [False, True, True]
    assert [version.message_id_size for version in VERSIONS.values()] == [9, 65, 65]


def test_tags_came_with_the_version_whose_specification_defines_them():
    """What v5.0 §4.8.1 lists and v3.4 §5.3.2 does not: those from 0x0600 on, and one more."""
    assert V3_3.newer_tags == set(Tag)
    assert V3_4.newer_tags == {tag for tag in Tag if tag == 0x0428 or 0x0600 <= tag < 0x1000}
    assert not V5_0.newer_tags
