"""What went wrong with a connection, in words for an operator.

The texts of Twisted and OpenSSL say what a call returned. These say what it means for a connection
to a peer. What is not known here keeps its own text.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet import error
from twisted.internet.defer import CancelledError
from twisted.internet.defer import TimeoutError as DeferredTimeout

CLOSED = "closed by the peer"
"""The end of a connection that the peer has closed in order."""

_LOST = "connection lost"
_BAD_LENGTH = re.compile("command_length ([0-9]+) is not")
_TLS_ALERT = 0x1503

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (error.ConnectionRefusedError, "connection refused: nothing listens there"),
    (error.TCPTimedOutError, "timed out"),
    (error.TimeoutError, "timed out"),
    (DeferredTimeout, "timed out"),
    (error.DNSLookupError, "name unknown"),
    (error.UnknownHostError, "name unknown"),
    (error.NoRouteError, "no route to the host"),
    (error.ConnectionDone, CLOSED),
    (error.ConnectionAborted, "cut"),
    (error.ConnectionLost, _LOST),
    (CancelledError, "given up"),
)

# Results of a verification, X509_V_ERR_… of OpenSSL.
_VERIFY_RESULTS = {
    9: "certificate not valid yet",
    10: "certificate expired",
    18: "certificate not trusted: signed by itself",
    19: "certificate not trusted: signed by itself",
    20: "certificate not trusted: its issuer is unknown",
    21: "certificate not trusted: its issuer is unknown",
    23: "certificate revoked",
    62: "certificate of another name",
    64: "certificate of another name",
}
_VERIFY_FAILED = "certificate verify failed"

# Reasons that OpenSSL gives when the octets it reads are no TLS.
_NO_TLS = (
    "wrong version number",
    "record layer failure",
    "packet length too long",
    "http request",
)


def may_speak_tls(reason: str) -> bool:
    """Whether a peer that was sent a bind, and ended the connection so, may have awaited TLS.

    Such a peer closes or cuts the connection, or sends a TLS alert first, whose octets 0x15 0x03
    stand where an SMPP peer has command_length.
    """
    length = _BAD_LENGTH.match(reason)
    if length is not None:
        return int(length[1]) >> 16 == _TLS_ALERT
    return reason.startswith((CLOSED, _LOST))


def likeness(octets: bytes) -> str:
    """What these may be, the first of a stream that is no SMPP; empty where that is unknown."""
    if octets[:2] == b"\x16\x03":
        return "TLS"
    if octets[:4] in (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI", b"PRI "):
        return "HTTP"
    if octets[:4] in (b"PROX", b"\r\n\r\n"):
        return "a PROXY header"
    return "SSH" if octets[:4] == b"SSH-" else ""


def naming_the_protocol(reason: str) -> str:
    """``reason`` for the end of a session, and what its peer may speak if that is no SMPP."""
    length = _BAD_LENGTH.match(reason)
    if length is None:
        return reason
    what = likeness(int(length[1]).to_bytes(4, "big"))
    return f"{what} in place of SMPP: {reason}" if what else f"no SMPP: {reason}"


def in_words(reason: BaseException, transport: Any = None) -> str:
    """Why a connection was not made, or was lost.

    :param transport: of the connection; says more of a certificate.
    """
    if type(reason).__module__.startswith("service_identity"):
        return "certificate of another name"
    if type(reason).__module__.startswith("OpenSSL"):
        return _tls_words(reason, transport)
    for kind, words in _WORDS:
        if isinstance(reason, kind):
            return _with_errno(words, reason)
    return str(reason) or type(reason).__name__


def _with_errno(words: str, reason: BaseException) -> str:
    """``words``, and what the system says beside, where it says more than they do."""
    if type(reason) is error.ConnectionLost and reason.args:
        return f"{words}: {reason.args[0]}"
    return words


def _tls_words(reason: BaseException, transport: Any) -> str:
    if "Unexpected EOF" in reason.args:
        return "closed amid TLS: no TLS on the other side?"
    stack = reason.args[0] if reason.args and isinstance(reason.args[0], list) else ()
    texts = [part[-1] for part in stack]
    if _VERIFY_FAILED in texts:
        return _VERIFY_RESULTS.get(_verify_result(transport), "certificate not trusted")
    if any(text in _NO_TLS for text in texts):
        return "the other side does not speak TLS"
    return f"TLS failed: {'; '.join(texts) or str(reason) or type(reason).__name__}"


def _verify_result(transport: Any) -> int:
    """The result of the verification of the peer's certificate, 0 where it is not known.

    pyOpenSSL has no method for it: it is asked for through its own binding, if that is as it was.
    """
    try:
        from OpenSSL import SSL  # noqa: PLC0415 - only where there is TLS

        return int(SSL._lib.SSL_get_verify_result(transport.getHandle()._ssl))  # type: ignore[attr-defined]
    except (ImportError, AttributeError, TypeError):
        return 0
