"""Numbers and states as people say them."""

import math
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


def count(number: float) -> str:
    """950; 12.3 thousand; 1.97 million"""
    if number < 1e3:
        return f"{number:.0f}"
    return f"{number / 1e3:.3g} thousand" if number < 1e6 else f"{number / 1e6:.3g} million"


def large(number: float) -> str:
    """12.3; from 1,000 on three significant digits: 882,000"""
    if not 1e3 <= abs(number) < math.inf:
        return f"{number:.1f}"
    return f"{float(f'{number:.3g}'):,.0f}"


def tokens_told(count: int, special: int = 0) -> str:
    """1 token; 24 tokens and 2 special tokens"""
    told = f"{count:,} token{'s' * (count != 1)}"
    return f"{told} and {special} special token{'s' * (special != 1)}" if special else told


def moment(seconds: float) -> str:
    """2026-11-24 09:15, in the server's time zone"""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
