"""OpenSSL's contexts, made of the files that ``[listen.tls]`` and ``[smsc.tls]`` name.

The settings make one to see that it can be made, the gate to make connections. Files are read when
a context is made, and never later.
"""

from __future__ import annotations

from OpenSSL import SSL

from smppgate.settings.certificates import CertificateFiles

VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
"""The settings' names for the versions of TLS."""

CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!MD5:!DSS"  # forward secrecy only
)
"""What TLS 1.2 may use where the settings name nothing; TLS 1.3 has no others."""

_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION


def server_context(
    files: CertificateFiles, client_ca: str, min_version: str, ciphers: str
) -> SSL.Context:
    """What a listener makes its connections of.

    :param client_ca: the file of the authorities one of which a client's certificate must be from;
        empty asks clients for none.
    :raises Exception: of many classes, where a file cannot be used.
    """
    context = _context(min_version, ciphers)
    _show(context, files)
    # Sessions that are taken up again are of this context: else OpenSSL refuses those of clients
    # with a certificate.
    context.set_session_id(b"smppgate")
    if client_ca:
        context.load_verify_locations(client_ca)
        context.load_client_ca(client_ca.encode())
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def client_context(files: CertificateFiles | None, ca: str, min_version: str) -> SSL.Context:
    """What a link makes its connections of; the name of the server is verified elsewhere.

    :param files: of the certificate that is shown where the server asks for one.
    :param ca: the file of the authorities one of which the server's certificate must be from;
        empty trusts those of the system.
    :raises Exception: of many classes, where a file cannot be used.
    """
    context = _context(min_version, "")
    if files is not None:
        _show(context, files)
    if ca:
        context.load_verify_locations(ca)
    else:
        context.set_default_verify_paths()
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def _context(min_version: str, ciphers: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(VERSIONS[min_version])
    context.set_options(_OPTIONS)
    context.set_cipher_list((ciphers or CIPHERS).encode())
    return context


def _show(context: SSL.Context, files: CertificateFiles) -> None:
    """Let ``context`` show the certificate, with those between it and its root."""
    (first, *chain), key = files.loaded()
    context.use_certificate(first)
    for each in chain:
        context.add_extra_chain_cert(each)
    context.use_privatekey(key)
    context.check_privatekey()


def ciphers_fault(ciphers: str) -> str:
    """Why OpenSSL does not take this list; empty where it does."""
    try:
        _context("1.2", ciphers)
    except (SSL.Error, UnicodeEncodeError):
        return "names no cipher of TLS 1.2 that OpenSSL has"
    return ""


def openssl_words(error: Exception) -> str:
    """What OpenSSL says."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else ()
    return "; ".join(part[-1] for part in stack) or str(error) or type(error).__name__
