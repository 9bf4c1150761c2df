"""Times of SMPP: schedule_delivery_time, validity_period, final_date. SMPP v3.4 §7.1.1.

16 octets, ``YYMMDDhhmmsstnnp``: absolute with the difference from UTC in quarters of an hour, or
relative to when the SMSC gets the message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LONGEST_RELATIVE = timedelta(days=31, hours=23, minutes=59, seconds=59)
"""What is written without months and years, which are not equally long."""


def absolute_time(at: datetime) -> bytes:
    """``at`` in UTC to a tenth of a second, 16 octets; one without a time zone is local time.

    :raises ValueError: outside the years 2000 to 2099, which two digits stand for.
    """
    utc = at.astimezone(UTC)
    if not 2000 <= utc.year <= 2099:
        raise ValueError(f"the year {utc.year} has no two digits in SMPP")
    return utc.strftime(f"%y%m%d%H%M%S{utc.microsecond // 100_000}00+").encode()


def relative_time(after: timedelta) -> bytes:
    """``after`` in whole seconds, 16 octets.

    :raises ValueError: when it is negative or longer than `LONGEST_RELATIVE`.
    """
    if not timedelta(0) <= after <= LONGEST_RELATIVE:
        raise ValueError("a relative time is 0 seconds to 31 days, 23:59:59")
    minutes, seconds = divmod(after.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return b"0000%02d%02d%02d%02d000R" % (after.days, hours, minutes, seconds)
