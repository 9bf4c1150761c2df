"""SG-2…: listeners, and sessions of ESMEs."""

from smppgate.txsmpp.notice import Notice

CANNOT_LISTEN = Notice(
    code="SG-2001",
    name="cannot listen",
    level="error",
    text="cannot listen on {endpoint}: {reason}",
    meaning="Nothing listens at this endpoint. At a start the gate ends, but not for the admin "
    "socket that it opens by default; at a reload it goes on, and tries again at the next one.",
    cause="Another process has the port, the address is none of this machine's, a certificate "
    "cannot be read, or a port below 1024 needs a right.",
    remedy="`ss -ltnp` shows who has the port. `AmbientCapabilities=CAP_NET_BIND_SERVICE` lets a "
    "unit of systemd use ports below 1024.",
)

CONNECTION_CLOSED = Notice(
    code="SG-2002",
    name="connection closed at once",
    level="warn",
    text="connection from {peer} closed: {reason}",
    meaning="A peer has connected and was cut before anything was read.",
    cause="It is over a limit of the listener: `max_sessions`, `max_per_address`, `max_unbound`; "
    "or of an SMSC's outbind; or its address is none of the listener's `allow`.",
    remedy="If it is a customer, raise that limit. Many unbound connections of one address are a "
    "mistake in its software, or an attack.",
)

NO_DESCRIPTORS = Notice(
    code="SG-2003",
    name="connections are not accepted",
    level="warn",
    text="connections are not accepted: no file descriptor is free, or the system refuses "
    "({count} closed so far)",
    meaning="The process has as many files and connections open as it may. New ones are closed; "
    "those that are there go on.",
    cause="More sessions than the limit of open files allows.",
    remedy="Raise it (`LimitNOFILE=` of systemd, `ulimit -n`) and start the gate again. "
    "`smppgate check` compares it with the sessions that are configured.",
)

CERTIFICATE_UNUSABLE = Notice(
    code="SG-2004",
    name="new certificate cannot be used",
    level="error",
    text="the certificate of {endpoint} stays as it was: {reason}",
    meaning="The files of a certificate have changed, and cannot be used. Peers get the one "
    "before, which may expire.",
    cause="The file was half written, is another key's, or may not be read by the gate's user.",
    remedy="Mend the files and reload (`smppgate reload`). `smppgate check` says what is wrong.",
)

WRONG_CREDENTIALS = Notice(
    code="SG-2101",
    name="bind refused: system_id or password",
    level="warn",
    text="bind of ESME {account} from {peer} refused: {reason}",
    meaning="An ESME could not prove who it is. It was answered with the status in the line; the "
    "next tries from there take longer and longer.",
    cause="The ESME's configuration, an account that was removed, or somebody who guesses.",
    remedy="Compare `system_id` and `password` of its `[[esme]]` with what the customer has. For "
    "a guesser, close its address in the firewall.",
)

BIND_REFUSED = Notice(
    code="SG-2102",
    name="bind refused",
    level="warn",
    text="bind of ESME {account} from {peer} refused: {reason}",
    meaning="A bind was refused for another reason than its password.",
    cause="The reason says it: all binds of the account are in use, the kind of bind is not "
    "allowed, the account is closed, no link to an SMSC is up, the gate is stopping, the SMSC has "
    "refused the bind that was passed on, or the bind is no SMPP.",
    remedy="`max_binds` and `binds` in `[[esme]]` say what an account may; `smppgate sessions "
    "ACCOUNT` shows what it has, `smppgate open` opens it again; `accept_binds_without_smsc` lets "
    "ESMEs bind while no link is up.",
)

BIND_DELAYED = Notice(
    code="SG-2103",
    name="bind waits",
    level="warn",
    text="bind of ESME {account} from {peer} waits {seconds:.1f} s: {reason}",
    meaning="A bind is judged later, so that passwords cannot be guessed fast, or because its "
    "address sends more binds than `bind_rate` allows.",
    cause="The reason says it. After a restart, many sessions of one address come back together.",
    remedy="None if it is over soon. Mend the ESME's password; raise `bind_rate` for aggregators.",
)

UNBOUND = Notice(
    code="SG-2104",
    name="connection ended without a bind",
    level="info",
    text="connection from {peer} ended without a bind: {reason}",
    meaning="A peer has connected, and no bind came of it.",
    cause="The reason says it: a monitor or a balancer's health check that closes at once; a port "
    "scanner; a peer that speaks TLS, HTTP or something else, whose first octets are a "
    "command_length that cannot be.",
    remedy="None for monitors. Tell a customer that speaks TLS which port has TLS.",
)

SESSION_RESTS = Notice(
    code="SG-2201",
    name="session is not read for a while",
    level="warn",
    text="{who} at {peer} is not read for a while: too many of its PDUs are refused or bounded by "
    "no window",
    meaning="So that it delays no other, the session waits before the gate reads on.",
    cause="The peer sends on and on what is answered with errors, or resps that nothing asked "
    "for.",
    remedy="Look at what it sends (`smppgate trace`), and tell its owner. `refusal_rate` says how "
    "much is allowed.",
)

RANGES_TAKEN = Notice(
    code="SG-2202",
    name="address range of another account",
    level="warn",
    text="ESME {account} at {peer} does not get {ranges}: the ranges of another account",
    meaning="The bind is accepted, and the session gets no messages for these numbers.",
    cause="Its bind names ranges in address_range that another account has.",
    remedy="Decide whose they are: `address_ranges` in `[[esme]]`.",
)

ESME_NOT_REACHED = Notice(
    code="SG-2203",
    name="ESME not reached for outbind",
    level="warn",
    text="ESME {account} not reached for outbind: {reason}",
    meaning="Messages wait in the queue of the account, and the ESME could not be asked to bind. "
    "It is tried again.",
    cause="As for SG-1001, at the ESME's side.",
    remedy="Compare `outbind` in `[[esme]]` with what the customer says.",
)
