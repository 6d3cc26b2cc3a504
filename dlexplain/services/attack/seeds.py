"""Seeds of attacks."""

from dlexplain.errors import BadInput

MOST_SEED = 2**31 - 1


def check_seed(seed: object) -> None:
    """Raises BadInput for what is none."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MOST_SEED:
        raise BadInput(f"seed is {seed!r}; a whole number from 0 to {MOST_SEED} is accepted")
