"""The specification's numbers and the GSM alphabet, against other implementations' tables."""

from __future__ import annotations

import smpp.pdu.constants as pdu3
import smpp34
import smpplib.command_codes
import smpplib.consts
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.alphabet import encode_text
from smppgate.txsmpp.constants import CommandId, CommandStatus, Tag
from tests.txsmpp.test_alphabet import EXTENSION, GSM


def _smpp34(prefix: str) -> dict[str, int]:
    return {name: getattr(smpp34, name) for name in dir(smpp34) if name.startswith(prefix)}


def test_statuses_agree_with_other_implementations():
    theirs = {
        **_smpp34("ESME_"),
        **{
            name.removeprefix("SMPP_"): value
            for name, value in vars(smpplib.consts).items()
            if name.startswith("SMPP_ESME_")
        },
        # Its four RESERVEDSTATUS names are its own, with negative numbers.
        **{k: v for k, v in pdu3.command_status_name_map.items() if v >= 0},
    }
    assert len(theirs) > 50
    assert theirs == {name: CommandStatus[name] for name in theirs}


def test_tags_agree_with_other_implementations():
    theirs = {
        **{name.removeprefix("TLV_"): value for name, value in _smpp34("TLV_").items()},
        **{name.upper(): value for name, value in smpplib.consts.OPTIONAL_PARAMS.items()},
        # Its vendor_specific_bypass is no tag, and negative.
        **{k.upper(): v for k, v in pdu3.tag_name_map.items() if v >= 0},
    }
    assert len(theirs) > 40
    assert theirs == {name: Tag[name] for name in theirs}


def test_commands_agree_with_other_implementations():
    theirs = {
        name.upper(): value
        for table in (smpplib.command_codes.commands, pdu3.command_id_name_map)
        for name, value in table.items()
    }
    assert len(theirs) > 25
    assert theirs == {name: CommandId[name] for name in theirs}


@given(st.text(alphabet=(GSM + EXTENSION).replace("\f", "").replace("§", "")))
def test_the_gsm_alphabet_agrees_with_smpplib(text):
    """smpplib has no form feed, and a grave accent in place of the section sign."""
    assert encode_text(text)[1] == smpplib.gsm.gsm_encode(text)
