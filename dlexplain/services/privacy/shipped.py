"""Accuracy against epsilon, as it comes along with dlexplain; no torch here."""

import json
from functools import lru_cache
from pathlib import Path

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.execution.files import write_whole
from dlexplain.execution.paths import privacy_trade
from dlexplain.results.privacy_cost import PrivacyTrade

SHIPPED = "digits"
"""The data set of the one that comes along."""


@lru_cache(maxsize=4)
def shipped_trade(data: str = SHIPPED) -> PrivacyTrade | None:
    """None where there is none of the data set, or where it is damaged."""
    return read_trade(privacy_trade(data))


def read_trade(file: Path) -> PrivacyTrade | None:
    """None where there is none, or where it is damaged."""
    try:
        return PrivacyTrade.from_dict(json.loads(file.read_text("utf-8")))
    except (OSError, *BAD_JSON):
        return None


def ship(trade: PrivacyTrade) -> str:
    """Put it where `shipped_trade` finds it; returns the file. Raises BadInput of another data set
    than the one that comes along."""
    if trade.data != SHIPPED:
        raise BadInput(f'the data set is "{trade.data}"; only that of {SHIPPED} comes along')
    file = privacy_trade(trade.data)
    file.parent.mkdir(exist_ok=True)
    write_whole(file, (json.dumps(trade.to_dict()) + "\n").encode())
    shipped_trade.cache_clear()
    return str(file)
