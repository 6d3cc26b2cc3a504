"""How unusual a picture is beside a data set's test pictures: what was measured, and what follows
from it; no torch."""

from typing import NamedTuple

from dlexplain.results import EncodedPictures, Reconstruction

ODD, RARE = 0.99, 0.95
"""Parts of the test pictures with smaller values, from which on a picture is unusual."""
EMPTY = 0.04
"""Standard deviation of pixels, 0 to 1, below which a picture is nearly empty; handwritten digits
have 0.15 and more."""
UNSEEN = (
    "This alone cannot tell whether it is one of them: a model also copies what it never saw, such "
    "as other simple strokes."
)


class Finding(NamedTuple):
    """Two halves of a sentence: what was measured, and what follows from it."""

    measured: str
    follows: str


class Unusual(NamedTuple):
    """What was found; `beware`, a sentence that its reader should know, or ""."""

    findings: tuple[Finding, ...]
    beware: str


def how_unusual(found: Reconstruction, encoded: EncodedPictures) -> Unusual:
    """The picture's error, and of a variational model its KL, among those of the test pictures.

    A nearly empty picture that is copied well gets no verdict.
    """
    share, tests = encoded.anomaly(found.error), int(encoded.tested.sum())
    measured = f"Its error is larger than that of {share:.1%} of the {tests:,} test pictures"
    if found.contrast < EMPTY and share < RARE:
        return Unusual(
            (Finding(measured, "nothing follows from that"),),
            f"What the model sees hardly varies (standard deviation {found.contrast:.3f}, of "
            "pixels 0 to 1), and a nearly empty picture is always easy to copy.",
        )
    findings = [Finding(measured, _copied(share))]
    usual = share < RARE
    nats = float(found.kl.sum())
    said = encoded.kl_share(nats)
    if said is not None:
        measured = f"Its KL to the prior, {nats:.1f} nats, is larger than that of {said:.1%}"
        findings.append(Finding(f"{measured} of them", _says(said)))
        usual = usual and 1 - RARE < said < RARE
    return Unusual(tuple(findings), UNSEEN if usual else "")


def _copied(share: float) -> str:
    if share < RARE:
        return "it can be copied as well as they are"
    few = "most of them" if share < ODD else "nearly all of them: an anomaly"
    return f"it is copied worse than {few}"


def _says(share: float) -> str:
    """Of a KL, of which a very small part is as unusual as a very large one."""
    if 1 - RARE < share < RARE:
        return "its code says as much as theirs"
    few = "most of theirs" if 1 - ODD < share < ODD else "nearly all of theirs: an anomaly"
    return f"its code says more than {few}" if share >= RARE else f"its code says less than {few}"
