"""What went wrong with a connection, in words."""

from __future__ import annotations

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet import error

from smppgate.gate.reports.trouble import in_words, may_speak_tls, naming_the_protocol
from smppgate.txsmpp.frame import FrameBuffer


def ssl_error(reason: str) -> SSL.Error:
    return SSL.Error([("SSL routines", "", reason)])


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (error.ConnectionRefusedError(), "connection refused: nothing listens there"),
        (error.TimeoutError(), "timed out"),
        (error.TCPTimedOutError(), "timed out"),
        (error.DNSLookupError("no results for hostname lookup: x"), "name unknown"),
        (error.NoRouteError(), "no route to the host"),
        (error.ConnectionDone(), "closed by the peer"),
        (error.ConnectionLost(), "connection lost"),
        (error.ConnectionLost("Connection reset by peer"), "connection lost: Connection reset"),
        (VerificationError([]), "certificate of another name"),
        (ssl_error("certificate verify failed"), "certificate not trusted"),
        (ssl_error("wrong version number"), "the other side does not speak TLS"),
        (ssl_error("no shared cipher"), "TLS failed: no shared cipher"),
        (SSL.SysCallError(-1, "Unexpected EOF"), "closed amid TLS: no TLS on the other side?"),
        (OSError("what else"), "what else"),
        (ValueError(), "ValueError"),
    ],
)
def test_words(reason: BaseException, words: str) -> None:
    """What is not known keeps its own text."""
    assert in_words(reason).startswith(words)


@pytest.mark.parametrize(
    ("reason", "may"),
    [
        ("closed by the peer", True),
        ("connection lost: Connection reset by peer", True),
        (f"command_length {0x15030300} is not between 16 and 70000", True),
        (f"command_length {0x48545450} is not between 16 and 70000", False),
        ("no bind in time", False),
    ],
)
def test_a_peer_that_awaits_tls(reason: str, may: bool) -> None:
    """It closes, cuts, or sends an alert first."""
    assert may_speak_tls(reason) is may


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"\x16\x03\x01\x02", "TLS in place of SMPP: command_length "),
        (b"GET ", "HTTP in place of SMPP: command_length "),
        (b"PROX", "a PROXY header in place of SMPP: command_length "),
        (b"SSH-", "SSH in place of SMPP: command_length "),
        (b"junk", "no SMPP: command_length "),
        (b"\0\0\0\x0f", "no SMPP: command_length 15 "),
    ],
)
def test_what_a_stream_may_be_that_is_no_smpp(first: bytes, words: str) -> None:
    frames = FrameBuffer()
    frames.receive(first)
    assert naming_the_protocol(str(frames.error)).startswith(words)


def test_any_other_end_is_told_as_it_is() -> None:
    assert naming_the_protocol("closed by the peer") == "closed by the peer"
