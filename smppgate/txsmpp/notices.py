"""What sessions tell an operator of themselves, whatever program they are a part of."""

from __future__ import annotations

from smppgate.txsmpp.notice import Notice

FAULT = "A mistake in the program."
"""The cause of what should not happen."""

REPORT_IT = (
    "Report it, with the lines of the log behind this one: they say where in the program it was."
)

BIND_RESP_UNREADABLE = Notice(
    code="SG-1005",
    name="bind_resp not understood",
    level="warn",
    text="bind_resp not understood: {error}",
    meaning="The SMSC has accepted the bind, with a bind_resp whose body is no SMPP. The link is "
    "bound all the same.",
    cause="A mistake in the SMSC's software.",
    remedy="None is needed. Tell the provider if its messages have mistakes too.",
)

READ_FAILED = Notice(
    code="SG-9001",
    name="a session could not take what came",
    level="critical",
    text="a session could not take what came",
    meaning="An error in reading from a session. That session is ended, the others go on.",
    cause=FAULT,
    remedy=REPORT_IT,
)

WRITE_FAILED = Notice(
    code="SG-9002",
    name="a session could not be written to",
    level="critical",
    text="a session could not be written to",
    meaning="An error in writing to a session. The others go on.",
    cause=FAULT,
    remedy=REPORT_IT,
)

FAILURE_UNTOLD = Notice(
    code="SG-9003",
    name="a request could not be told that it failed",
    level="critical",
    text="a request could not be told that it failed",
    meaning="A session ended or a request timed out, and what was to be done about one request "
    "was not done. It may stay unanswered; the others are answered.",
    cause=FAULT,
    remedy=REPORT_IT,
)

TURN_FAILED = Notice(
    code="SG-9004",
    name="a call at the end of a turn failed",
    level="critical",
    text="a call at the end of a turn failed",
    meaning="One of the things that are done after a read was not done. The others are.",
    cause=FAULT,
    remedy=REPORT_IT,
)

# Of `SmppClient` and `SmppServer`, in programs that are no gate.

CLIENT_NOT_BOUND = Notice(
    code="SG-7001",
    name="a client was not bound",
    level="warn",
    text="not bound at {place}: {error}",
    meaning="A client could not connect, or its bind was refused or not answered. It tries again.",
    cause="The SMSC is not there, the way to it is closed, or it does not know the system_id and "
    "password. The reason is in the line.",
    remedy="Compare the endpoint, the system_id and the password with those of the provider.",
)

SERVER_FULL = Notice(
    code="SG-7002",
    name="a server refused a connection",
    level="warn",
    text="connection refused: {count} sessions",
    meaning="A server has as many connections as it may have, and closed a further one.",
    cause="More peers than `max_sessions` allows, or one that connects without end.",
    remedy="Give the server more `max_sessions`, or find out who connects.",
)

HANDLER_FAILED = Notice(
    code="SG-7003",
    name="a program did not answer a request",
    level="critical",
    text="{command} not answered",
    meaning="The function of a program that answers requests has failed. The peer was answered "
    "with an error, and may send the request again.",
    cause="A mistake in that program.",
    remedy="The lines of the log behind this one say where in the program it was.",
)

SERVER_BIND_UNJUDGED = Notice(
    code="SG-7004",
    name="a program did not judge a bind",
    level="critical",
    text="bind not judged",
    meaning="The function of a program that judges binds has failed. The bind was refused with "
    "ESME_RBINDFAIL.",
    cause="A mistake in that program.",
    remedy="The lines of the log behind this one say where in the program it was.",
)
