"""How pictures are drawn; no torch, since the command line declares its options from it."""

from dataclasses import dataclass

from dlexplain.params import number, parse


@dataclass(frozen=True)
class SamplingParams:
    """Of the random numbers."""

    count: int = number(24, "Pictures", low=1, high=256, help="How many are made.")
    seed: int = number(
        0, "Seed", low=0, high=2**31 - 1, help="The same seed makes the same pictures."
    )
    truncation: float = number(
        0.0,
        "Truncation",
        low=0.0,
        high=5.0,
        step=0.1,
        help="Largest random number, either way: small ones give typical, less various pictures "
        "(Brock et al. 2019). 0 sets no limit.",
    )


def read_seed(text: str) -> int:
    """A seed from an address; raises ParamError."""
    return parse(SamplingParams, {"seed": text}).seed
