"""SG-5…: configuration and reloads. SG-6…: the process, and operators."""

from smppgate.txsmpp.notice import Notice

CONFIG_ERROR = Notice(
    code="SG-5001",
    name="error in the configuration",
    level="error",
    text="{file}: {error}",
    meaning="A reload has read the file, and this is wrong in it. Each error has a line, and "
    "SG-5002 is the last.",
    cause="The file was changed.",
    remedy="Mend it; `smppgate check FILE` says the same without a reload.",
)

NOT_RELOADED = Notice(
    code="SG-5002",
    name="nothing is reloaded",
    level="error",
    text="nothing is changed: {file} has errors",
    meaning="The gate goes on by the settings that it had.",
    cause="The lines SG-5001 before this one.",
    remedy="Mend the file and reload. With errors in it, the gate would not start.",
)

RELOAD_FAILED = Notice(
    code="SG-5003",
    name="reload failed",
    level="critical",
    text="the reload failed",
    meaning="Some of the changes may be in force and others not.",
    cause="A mistake in the program, or the system has no room for another process.",
    remedy="Start the gate again when there is little traffic, and report it.",
)

LOG_NOT_REOPENED = Notice(
    code="SG-6001",
    name="log file cannot be opened anew",
    level="error",
    text="the log file {file} cannot be opened anew: {reason}",
    meaning="The log goes on into the file as it was, which may have another name by now.",
    cause="The folder is gone or may not be written to, or the disk is full.",
    remedy="Mend that, and send SIGUSR1 again.",
)

CUT_SHORT = Notice(
    code="SG-6002",
    name="stop cut short",
    level="warn",
    text="told again to stop: ending at once",
    meaning="A second signal came while the gate was stopping. Requests that were open are not "
    "answered.",
    cause="An operator, or a service manager whose time for a stop is shorter than "
    "`stop_timeout`.",
    remedy="Let `TimeoutStopSec=` of systemd be longer than `stop_timeout`.",
)

STEP_FAILED = Notice(
    code="SG-9301",
    name="a step of the stop failed",
    level="critical",
    text="a step of the stop failed",
    meaning="The others are done, and the process ends.",
    cause="A mistake in the program.",
    remedy="Report it, with the lines behind this one.",
)

CHANGE_REFUSED = Notice(
    code="SG-6101",
    name="operator refused",
    level="warn",
    text="admin: {user} at {peer}: {what} refused: {reason}",
    meaning="Somebody could not do something by the API, the page or a command.",
    cause="The reason says it: no such user, a wrong password, a role that may not do it, or what "
    "was asked for cannot be done.",
    remedy="Look at the user's `role` in `[[admin.user]]`. For guesses of strangers, close the "
    "endpoint in the firewall.",
)
