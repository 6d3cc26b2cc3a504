"""Numbers and states as people say them."""

from datetime import datetime

STATE_COLOURS = {
    "queued": "gray",
    "running": "blue",
    "finished": "green",
    "failed": "red",
    "cancelled": "orange",
    "interrupted": "orange",
}
STATE_ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_arrow:",
    "finished": ":material/check:",
    "failed": ":material/error:",
    "cancelled": ":material/stop:",
    "interrupted": ":material/power_off:",
}


def duration(seconds: float) -> str:
    """8 s; 3 min 20 s; 2 h 5 min"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clock(seconds: float) -> str:
    """The same, short: 8 s; 3:20 min; 2:05 h"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def count(number: float) -> str:
    """950; 12.3 thousand; 1.97 million"""
    if number < 1e3:
        return f"{number:.0f}"
    return f"{number / 1e3:.3g} thousand" if number < 1e6 else f"{number / 1e6:.3g} million"


def size(bytes_: float) -> str:
    """640 KB; 12 MB; 1.4 GB"""
    if bytes_ < 1e6:
        return f"{bytes_ / 1e3:.0f} KB"
    return f"{bytes_ / 1e6:.0f} MB" if bytes_ < 1e9 else f"{bytes_ / 1e9:.2g} GB"


def moment(seconds: float) -> str:
    """2026-11-24 09:15, in the server's time zone"""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def metric(key: str, value: float) -> str:
    """Parts of one as percent, large numbers whole, others with three digits."""
    if key.rpartition("/")[2].startswith(("accuracy", "coverage")):
        return f"{value:.1%}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
