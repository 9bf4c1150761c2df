"""`Bind`: a bind of an ESME that the gate has admitted.

The life of a bind:

1. An ESME connects. `EsmeFactory` makes an `EsmeProtocol`, or cuts the connection when the
   listener's ``max_sessions`` are in use, or another limit of its is reached: `Strangers`. Behind
   a balancer the latter is known when the PROXY header has come. The session ends when no bind is
   accepted in ``session_init_timeout``.
2. The bind comes: `EsmeProtocol.bindReceived`. It may have to wait for its turn among the binds of
   its address (`Strangers`), or because earlier ones failed (`BindDelays`), and then until its
   password was compared with a hash (`PasswordChecks`). Then `Accounts.admit` judges where it
   comes from, name and password and the kind of bind, and `BindPlaces` whether its account may
   have one more session, here or in another process. A refusal is one bind_resp with its status;
   then the connection is closed.
3. Most binds are accepted at once: `EsmeProtocol.accept_bind` answers ESME_ROK, and the session
   belongs to its account from then on. It serves the account's ranges and those named in the bind,
   and `QueueSender` sends it the messages that wait.
4. An account with ``auth = "smsc"`` leaves the decision to an SMSC. `PassThrough` connects to one
   of the account's pool, sends the ESME's own octets under a sequence number of the gate's, and
   gives the answer to the ESME. Meanwhile the bind has a place among the SMSC's
   ``max_pending_binds``, and none among the account's ``max_binds``: it is given one anew when the
   SMSC has accepted it.
5. The SMSC answers ESME_ROK: the two sessions belong together from then on. The ESME's `Pool` has
   a single `Member` with a single link, the ``owner`` of the link is the ESME's session, and each
   session ends with the other.
6. The SMSC answers an error: the ESME gets the same status, and `RefusedCredentials` remembers it.
   Binds with the same credentials wait for one verdict, so that a storm of them reaches the SMSC
   once.

Any of this may take time. What the ESME sends behind its bind waits for the answer, but for
enquire_link, and is judged by what came of the bind: `smppgate.txsmpp.held`.

With outbind the other end connects. An SMSC that connects to ``outbind_listen`` is sent
bind_receiver on that connection (`OutbindProtocol`). `EsmeOutbind` connects to an ESME for which
messages wait, and the ESME binds on that connection as on any other.
"""

from __future__ import annotations

from typing import cast

from attrs import field, frozen

from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindTransceiver
from smppgate.txsmpp.versions import Version


@frozen(eq=False)
class Bind:
    """A bind that the gate has admitted; an SMSC may still refuse it.

    :param password: left out of the repr.
    :param version: the ESME's version of SMPP.
    :param ranges: the address ranges that the bind names; ``ton`` and ``npi`` are theirs.
    """

    # Without a repr: the password is in its octets.
    frame: Frame = field(repr=False)
    account: Account[EsmeSession]
    password: bytes = field(repr=False)
    version: Version
    ranges: tuple[str, ...]
    ton: int
    npi: int


def shown_name(bind: Frame) -> str:
    """The system_id for the log.

    A bind that cannot be decoded as a whole has none: where a NUL was lost, the password would be
    part of the name.
    """
    try:
        return repr(cast(BindTransceiver, decode(bind.octets)).system_id.decode("latin-1"))
    except PduError:
        return "(not readable)"
