from datetime import datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))


def shanghai(at: float) -> str:
    """RFC 3339 to the second, as 2015-05-20T13:29:35+08:00."""
    return datetime.fromtimestamp(at, SHANGHAI).isoformat(timespec="seconds")
