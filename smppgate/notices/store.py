"""SG-4…: the store, queues on disk, and files of messages."""

from smppgate.txsmpp.notice import Notice
from smppgate.txsmpp.notices import FAULT, REPORT_IT

STORE_NOT_OPENED = Notice(
    code="SG-4001",
    name="store cannot be opened",
    level="critical",
    text="the store cannot be opened: {error}",
    meaning="Without return paths the gate takes no messages: the process ends with status 1.",
    cause="`state_dir` is missing, belongs to another user, is on a full or read-only disk, or "
    "another gate uses it. A store in Redis: Redis answers, and must not be used as it is, or "
    "refuses the password.",
    remedy="`smppgate check` says what is wrong with `state_dir`. Let one gate use each of them. "
    "What Redis needs stands in the line.",
)

STORE_FAILS = Notice(
    code="SG-4002",
    name="store fails",
    level="error",
    text="The store in {store} fails ({part}: {error}). Messages are forwarded all the same; it "
    "is tried again each second.",
    meaning="Return paths and queues are kept in memory as far as it goes. Receipts whose return "
    "path is lost then go by their number. Another line says when it works again.",
    cause="The disk is full, fails, or is read-only; a network file system is gone.",
    remedy="Look at the disk (`df`, `dmesg`), and make room.",
)

STORE_BEGUN_ANEW = Notice(
    code="SG-4003",
    name="store's file begun anew",
    level="error",
    text="The store's file {file} was begun anew",
    meaning="The file of queues could not be used any more while the gate ran. A new one takes "
    "its place; what was queued in the old one is not delivered.",
    cause="The file was damaged or removed.",
    remedy="Look at the disk. Nothing else may touch `state_dir`.",
)

STORE_SET_ASIDE = Notice(
    code="SG-4004",
    name="store's file broken",
    level="error",
    text="The store's file was broken. It lies in {aside} now; queued messages in it are lost to "
    "the gate, and return paths that version 0.1 has left there.",
    meaning="The gate goes on with a new file.",
    cause="A disk that failed, or another program that wrote to the file.",
    remedy="Look at the disk. What is in the old file may be read with `sqlite3 FILE .recover`.",
)

STORE_LATE = Notice(
    code="SG-4005",
    name="store not closed in time",
    level="error",
    text="the store was not closed in time: what it had not written is lost",
    meaning="The gate has stopped with return paths or queued messages in memory.",
    cause="The disk was slow or failed, and `stop_timeout` was over.",
    remedy="Look at the disk. A longer `stop_timeout` gives it more time, as does "
    "`TimeoutStopSec=` of systemd, which must be longer.",
)

PATHS_UNWRITTEN = Notice(
    code="SG-4101",
    name="return paths not written",
    level="error",
    text="{count} return paths could not be written",
    meaning="The gate has stopped; receipts of these messages will go by their numbers.",
    cause="The disk is full or fails: SG-4002 has come before.",
    remedy="Make room, or mend the disk, before the gate starts again.",
)

WRITING_SLOW = Notice(
    code="SG-4102",
    name="disk is slow",
    level="warn",
    text="Writing return paths to disk takes long, {ms} ms the latest time: it moves to a thread, "
    "and answers wait for it",
    meaning="No session is stopped by the disk, but each answer to an ESME takes as long as the "
    "disk does. Another line says when it is quick again.",
    cause="Another program keeps the disk busy, or a virtual machine has few operations a second.",
    remedy="Give `state_dir` a disk of its own, or a faster one.",
)

FILE_DAMAGED = Notice(
    code="SG-4103",
    name="end of a file damaged",
    level="error",
    text="The last {count} octets of {file} are no return paths: the end of a write was lost, or "
    "the file is damaged",
    meaning="What is in front of them is used. Receipts of the messages in them go by their "
    "numbers.",
    cause="The machine lost power, or the process was killed in a write.",
    remedy="None after a loss of power. Else look at the disk.",
)

FILE_GONE = Notice(
    code="SG-4104",
    name="file of return paths is gone",
    level="error",
    text="The file {file} of return paths is gone",
    meaning="Its return paths are lost, but for those in memory, which are written again.",
    cause="It was removed while the gate ran.",
    remedy="Find out by what. Nothing else may touch `state_dir`; `return_paths_disk` bounds it.",
)

INDEX_ANEW = Notice(
    code="SG-4105",
    name="index made anew",
    level="error",
    text="The index {file} of return paths is made anew",
    meaning="An index is gone or damaged. It is made again; look-ups take longer meanwhile.",
    cause="It was removed while the gate ran, or the disk fails.",
    remedy="Look at the disk. Nothing else may touch `state_dir`.",
)

PATHS_DAMAGED = Notice(
    code="SG-4106",
    name="return paths damaged",
    level="error",
    text="Return paths on disk are damaged: {what}",
    meaning="A record has another checksum than was written. Receipts that it is about go by "
    "their numbers. `state().store` counts them.",
    cause="The disk fails, or another program wrote to the file.",
    remedy="Look at the disk.",
)

PATHS_FORGOTTEN = Notice(
    code="SG-4107",
    name="return paths forgotten",
    level="warn",
    text="{count} return paths were forgotten before they expired, those included that had ended: "
    "more arrive than `return_paths_disk` or `return_paths` allows. Receipts for their messages "
    "will have no return path",
    meaning="The room is full, so the oldest go. Their receipts go by their numbers.",
    cause="More messages than the room was made for, or a long `return_path_ttl`.",
    remedy="Raise `return_paths_disk`, or shorten `return_path_ttl` or `receipted_ttl`. "
    "`smppgate check --rate N` tells how long the room lasts.",
)

ENDS_FULL = Notice(
    code="SG-4108",
    name="too many return paths are to end",
    level="warn",
    text="{count} return paths are to end after their receipts, which is all that there is room "
    "for: the others are kept until return_path_ttl is over; a shorter receipted_ttl would make "
    "room",
    meaning="Return paths of further messages stay longer than they need to, and take room.",
    cause="Many receipts within `receipted_ttl`.",
    remedy="Shorten `receipted_ttl`.",
)

NO_ALIASES = Notice(
    code="SG-4109",
    name="no numbers for aliases",
    level="warn",
    text="no numbers for aliases: {reason}",
    meaning="An id that is too long for an ESME's version of SMPP is replaced by a number that "
    "the store has given out. Without them it is one that chance picks, of so many that none "
    "comes twice.",
    cause="The store fails: SG-4002 has come before.",
    remedy="As for SG-4002.",
)

PATHS_NOT_KEPT = Notice(
    code="SG-4110",
    name="return paths were not kept",
    level="critical",
    text="return paths were not kept",
    meaning="Messages were taken and answered, and their receipts will go by their numbers.",
    cause="The store fails (SG-4002), or a mistake in the program.",
    remedy="As for SG-4002; without that line, report it.",
)

PATHS_NOT_FOUND = Notice(
    code="SG-4111",
    name="return paths could not be looked up",
    level="critical",
    text="return paths could not be looked up",
    meaning="Receipts whose message the store may know are answered `undelivered_status`, so that "
    "their SMSC sends them again.",
    cause="The store cannot be read (SG-4002), or a mistake in the program.",
    remedy="As for SG-4002; without that line, report it.",
)

NOT_QUEUED = Notice(
    code="SG-4201",
    name="messages could not be queued",
    level="critical",
    text="messages could not be put into their queues",
    meaning="Their SMSC is answered an error, and sends them again.",
    cause="The store fails (SG-4002), or a mistake in the program.",
    remedy="As for SG-4002; without that line, report it.",
)

LINES_LOST = Notice(
    code="SG-4301",
    name="lines of the message log lost",
    level="error",
    text="lines of the {name} are lost, messages go on: {reason} ({count} so far)",
    meaning="What became of some messages is not written down. No message waits for it.",
    cause="The disk is full, too slow, or the file cannot be opened.",
    remedy="Make room. See the path in `[log] messages` or `[cdr] path`, and who may write there.",
)

STORE_MISTAKE = Notice(
    code="SG-9201",
    name="mistake in the store",
    level="critical",
    text="A mistake in the store",
    meaning="Something failed in the store that is neither the disk nor its file. It is tried "
    "again.",
    cause=FAULT,
    remedy=REPORT_IT,
)

STORE_NOT_CLOSED = Notice(
    code="SG-9202",
    name="store's file not closed",
    level="critical",
    text="The store's file was not closed",
    meaning="The gate was stopping, and has ended all the same.",
    cause=FAULT,
    remedy=REPORT_IT,
)

STORE_IDLE = Notice(
    code="SG-9203",
    name="store has stopped its upkeep",
    level="critical",
    text="The store has stopped retrying writes and removing what has expired",
    meaning="It keeps what comes, and grows.",
    cause=FAULT,
    remedy=f"{REPORT_IT} Start the gate again meanwhile.",
)
