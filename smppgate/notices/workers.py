"""SG-62…: the workers of a gate that has several processes. SG-95…: mistakes between them."""

from smppgate.txsmpp.notice import Notice

WORKER_ENDED = Notice(
    code="SG-6201",
    name="worker ended",
    level="error",
    text="worker {worker} ended {reason}; its connections are lost, and it is started again",
    meaning="One of the processes of the gate is gone. The others go on, and take the connections "
    "that come back.",
    cause="It was killed: by an operator, or by the system, which had no memory left. Or there is "
    "a mistake in the program, or in a hook.",
    remedy="Look at the lines before this one, and at `dmesg` for what the system has killed.",
)

WORKER_NOT_STARTED = Notice(
    code="SG-6202",
    name="worker cannot start",
    level="error",
    text="worker {worker} cannot start: {reason}",
    meaning="At the start of the gate, all of it ends. Later the worker is tried again, after "
    "growing pauses, and the others go on.",
    cause="The reason says it: its folder in `state_dir` cannot be used, a certificate cannot be "
    "read, or hooks cannot be made.",
    remedy="Mend that; `smppgate check` finds most of it before.",
)

WORKERS_LATE = Notice(
    code="SG-6203",
    name="workers killed",
    level="error",
    text="{count} workers have not stopped in time, and are killed",
    meaning="Requests that were open in them are not answered.",
    cause="A hook that does not return, or a disk that does not.",
    remedy="Look at what these workers have logged last.",
)

LOG_LINES_LOST = Notice(
    code="SG-6204",
    name="lines of a worker's log are lost",
    level="warn",
    text="{count} lines of the log are lost: the master did not read them in time",
    meaning="A worker has more to say than its master can write.",
    cause='The file of the log is on a slow disk, or `[log] level` is "debug" under load.',
    remedy='Let the level be "info", or the log lie on another disk.',
)

WORKER_HANGS = Notice(
    code="SG-6205",
    name="worker hangs",
    level="error",
    text="worker {worker} gives no sign of life, and is killed",
    meaning="It has done nothing for as long as `WatchdogSec=` says, or for 30 s without systemd. "
    "It is started again.",
    cause="A hook that does not return, a system without memory, or a mistake in the program.",
    remedy="Look at what the worker has logged last.",
)

RELOAD_LATE = Notice(
    code="SG-6206",
    name="worker does not apply settings",
    level="error",
    text="worker {worker} has not applied new settings in {seconds} s, and is killed",
    meaning="The others go by the new settings. It is started again, with these too.",
    cause="A hook or a disk that does not answer, or a mistake in the program.",
    remedy="Look at what the worker has logged last.",
)

COMMAND_FAILED = Notice(
    code="SG-9501",
    name="a command between master and worker failed",
    level="critical",
    text="the command {command} of another process of this gate failed",
    meaning="What was asked is not done, and the process that asked is told so. Others go on.",
    cause="A mistake in the program.",
    remedy="Report it, with the lines behind this one.",
)
