"""SG-1…: links to SMSCs, SMSCs and pools."""

from smppgate.txsmpp.notice import Notice

LINK_NOT_REACHED = Notice(
    code="SG-1001",
    name="SMSC not reached",
    level="warn",
    text="SMSC {link} not reached at {endpoint}: {reason}",
    meaning="No connection to the SMSC was made. The link is tried again, after `reconnect_min` "
    "at first and `reconnect_max` at the most.",
    cause='The reason says it. "Connection refused": nothing listens there, or a firewall says '
    'so. "Timed out": a firewall or a route drops what is sent. "Name unknown": the name server '
    "does "
    "not know the name. Of a certificate: it is not trusted, has expired, or has another name.",
    remedy="Compare `endpoint` in `[[smsc]]` with what the provider has given, and try it from "
    "this machine (`nc -vz HOST PORT`). Ask the provider whether your address may connect.",
)

LINK_REFUSED = Notice(
    code="SG-1002",
    name="bind refused by the SMSC",
    level="error",
    text="SMSC {link}: {refusal} at {endpoint}",
    meaning="The SMSC answered the gate's bind with an error. The link is tried again, more and "
    "more seldom.",
    cause="0x0D, 0x0E and 0x0F: `system_id` or `password` is wrong, or not for this address. "
    "0x05: the provider counts the session before as bound still. 0x0D too where more sessions "
    "are bound than the account may have.",
    remedy="Compare `system_id`, `password`, `system_type` and `bind` in `[[smsc]]` with what the "
    "provider has given, and `sessions` with how many it allows.",
)

LINK_NOT_BOUND = Notice(
    code="SG-1003",
    name="SMSC not bound",
    level="warn",
    text="SMSC {link} at {endpoint} not bound: {reason}",
    meaning="The connection was made and ended, or timed out, without an answer to the bind. The "
    "link is tried again.",
    cause="TLS on one side only; another service, or a balancer with nothing behind it, at that "
    "port; an SMSC that is overloaded or drops unknown addresses.",
    remedy="Compare `endpoint` with what the provider says of TLS (`tls:` or `tcp:`). Ask the "
    "provider whether your address is allowed.",
)

LINK_LOST = Notice(
    code="SG-1004",
    name="link lost",
    level="warn",
    text="SMSC {link} at {endpoint} gone: {reason}",
    meaning="A bound link has ended. It is tried again; messages go on over the other links. "
    "Those that it had under way are answered 0x08, or sent again, as `on_link_loss` says.",
    cause="The reason says it: the SMSC unbound or closed, the network failed, or the SMSC gave "
    "no sign of life for `enquire_link` and `enquire_link_timeout`.",
    remedy="None if it is bound again soon. If it happens again and again, tell the provider the "
    "times; compare `enquire_link` with the idle time of firewalls between.",
)

# SG-1005 is one of txsmpp's.

LINK_BOUND_ANEW = Notice(
    code="SG-1006",
    name="link is bound anew",
    level="warn",
    text="SMSC {link} is bound anew: {reason}",
    meaning="The link takes part in messages without success, so it is unbound and bound again.",
    cause="The reason says it: the SMSC has forgotten the bind, or does not answer messages on "
    "this link.",
    remedy="If it happens again and again, ask the provider what its side sees of the session.",
)

LINK_DOUBTED = Notice(
    code="SG-1007",
    name="link comes last",
    level="warn",
    text="SMSC {link} comes last: {reason}",
    meaning="The link is chosen only when no other can take a message, until it works again.",
    cause="The reason says it: messages on it are not answered, or answered as if it were not "
    "bound.",
    remedy="Ask the provider what its side sees of the session. `max_timeouts` says how many "
    "timeouts count.",
)

BIND_UNANSWERED = Notice(
    code="SG-1008",
    name="no answer to a bind that was passed on",
    level="warn",
    text="SMSC {link} at {endpoint} gave no answer to its bind: {reason}",
    meaning="An ESME's bind was passed on to this SMSC and not answered. Another SMSC is asked, "
    "and this one comes last for a while.",
    cause="The SMSC is not reached, or overloaded.",
    remedy="As for SG-1001 and SG-1003.",
)

LINK_WAITS = Notice(
    code="SG-1009",
    name="link waits for its turn",
    level="info",
    text="SMSC {link} waits: {reason}",
    meaning="The SMSC is bound with as many sessions as `sessions_total` allows, in all workers "
    "and nodes together, or the store that counts them does not answer. The link asks again every "
    "few seconds.",
    cause="Where `sessions` of all nodes together are more than `sessions_total` it is meant to "
    "be so: the link is there for when another node ends.",
    remedy="None, while as many sessions are bound as the provider allows. If fewer are, see what "
    "`smppgate status` says of the links, and whether Redis answers.",
)

OUTBIND_REFUSED = Notice(
    code="SG-1101",
    name="outbind refused",
    level="warn",
    text="outbind of SMSC {smsc} from {peer} refused: {reason}",
    meaning="A peer sent an outbind with another system_id or password than is awaited. Its "
    "connection was closed.",
    cause="The provider and the gate do not agree, or a stranger has found the port.",
    remedy="Compare `outbind_system_id` and `outbind_password` with what the provider sends. "
    "Let no other addresses reach the port.",
)

OUTBIND_UNBOUND = Notice(
    code="SG-1102",
    name="connection for outbind ended without a bind",
    level="info",
    text="connection from {peer} for SMSC {smsc} ended without a bind: {reason}",
    meaning="A peer connected where the SMSC is awaited, and no bind came of it.",
    cause="A monitor or a port scanner; or an SMSC that sends no outbind.",
    remedy="None for a monitor. If it is the SMSC, ask the provider for outbind.",
)

OUTBIND_NOT_BOUND = Notice(
    code="SG-1103",
    name="outbind without a bind",
    level="warn",
    text="outbind of SMSC {smsc} from {peer} is not bound: {reason}",
    meaning="An SMSC sent outbind while as many sessions were bound as `sessions_total` allows, "
    "in all workers and nodes together, or the store that counts them did not answer. Its "
    "connection was closed.",
    cause="Links, binds that are passed through and other sessions with outbind have all that the "
    "provider allows.",
    remedy="Let `sessions` of all workers and nodes leave room for outbinds, or ask the provider "
    "for more sessions.",
)

MEMBER_EJECTED = Notice(
    code="SG-1201",
    name="SMSC ejected",
    level="warn",
    text="pool {pool}: SMSC {smsc} is ejected for {seconds:g} s: {reason}",
    meaning="The SMSC gets no new messages of this pool for that time, and then slowly its whole "
    "share. The other members take its messages.",
    cause="The reason says it: it fails in a row, fails far more often than the others, or does "
    "not answer while they do.",
    remedy="Look at its errors (`smppgate smscs`), and ask the provider. "
    "`smppgate drain` takes it out for longer; `max_errors` says what counts.",
)

MEMBER_RETURNED = Notice(
    code="SG-1202",
    name="ejected SMSC is back",
    level="warn",
    text="pool {pool}: SMSC {smsc} is back: {reason}",
    meaning="The SMSC gets messages of this pool again.",
    cause="The reason says it: its time is over, it answers again, or an operator wants it so.",
    remedy="None.",
)

POOL_DOWN = Notice(
    code="SG-1301",
    name="pool without an SMSC",
    level="warn",
    text="pool {pool} is without an SMSC: its messages are answered {answer}",
    meaning="No member of the pool, and no backup, is up and ready. Its messages wait as long as "
    "`hold` says, and are answered with that status then.",
    cause="Lines before this one say why links are lost; or an operator has drained the last "
    "member.",
    remedy="See `smppgate pools` and `smppgate links`. `smppgate ready` brings a drained SMSC "
    "back; `backup` and `fallback` name others for such a time.",
)

POOL_UP = Notice(
    code="SG-1302",
    name="pool has an SMSC again",
    level="warn",
    text="pool {pool} has an SMSC again: {smsc}",
    meaning="Messages of the pool are sent again.",
    cause="A link of the SMSC is bound, or an operator has made it ready.",
    remedy="None.",
)
