"""How large a forecaster's errors are on the whole, and by how much another's are larger."""

from dataclasses import dataclass
from typing import Any

from dlexplain.results.quality import Measurement


@dataclass(frozen=True)
class MeanError:
    """A forecaster's MASE of a series, the mean over all periods ahead and origins.

    mase   with the interval over blocks of neighbouring origins, whose forecasts overlap; its n
           is that of the origins
    more   the model's MASE less this one's, paired by origin, likewise: below 0 the model is
           better; None of the model itself
    block  origins that were drawn together
    """

    series: str
    forecaster: str
    mase: Measurement
    more: Measurement | None
    block: int

    @property
    def verdict(self) -> str:
        """Of the model beside this one: "better", "worse", "not told apart" where the interval
        holds 0, or "not known" without an interval; "" of the model itself."""
        if self.more is None:
            return ""
        if self.more.low is None or self.more.high is None:
            return "not known"
        if self.more.low <= 0 <= self.more.high:
            return "not told apart"
        return "better" if self.more.high < 0 else "worse"

    def to_dict(self) -> dict[str, Any]:
        """A row of the JSON and of the table."""
        row = {"series": self.series, "forecaster": self.forecaster, **_of("mase", self.mase)}
        row |= _of("model_less_this", self.more) if self.more is not None else {}
        return {**row, "n": self.mase.n, "block": self.block}


def _of(name: str, found: Measurement) -> dict[str, Any]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def measured(found: Measurement, sign: str = "") -> str:
    """Such as "1.23 [1.01, 1.45]"; sign "+" puts one before what is above 0."""
    told = f"{found.value:{sign}.3g}"
    if found.low is None or found.high is None:
        return told.replace("-", "−")
    return f"{told} [{found.low:{sign}.3g}, {found.high:{sign}.3g}]".replace("-", "−")
