"""Randomised smoothing over a data set: certificates, going on, and what cannot be certified."""

import json
from pathlib import Path
from typing import Any

import pytest

import dlexplain as dx
from dlexplain.errors import BadInput, Cancelled, Incompatible
from dlexplain.explainers.progress import Progress
from dlexplain.results import Certificate, CertifiedAccuracy
from dlexplain.results.words import wilson
from dlexplain.services.reliability import shipped
from dlexplain.services.reliability import smoothing as service

FEW: dict[str, Any] = {"count": 6, "samples": 60, "first": 20, "sigma": 0.1}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "_folder", lambda model: tmp_path / "here" / model)
    monkeypatch.setattr(service, "smoothing_folder", lambda home: tmp_path / "smoothing")


def test_certificates_of_a_zoo_model() -> None:
    progress = Progress()
    found = dx.smoothing("digits-cnn", progress=progress, **FEW)
    assert found.n == found.found == 6
    assert progress.done == progress.planned == 6 * 81
    for one in found.certificates:
        assert (one.said is None) == (one.radius == 0)
        assert 0 <= one.hits <= 60
    assert found.plain_accuracy > 0.8
    share, low, high = found.accuracy(0.0)
    assert share == sum(one.said == one.label for one in found.certificates) / 6
    assert (low, high) == wilson(share, 6)
    assert found.accuracy(10.0)[0] == 0
    assert [found.accuracy(r)[0] for r in found.radii] == sorted(
        (found.accuracy(r)[0] for r in found.radii), reverse=True
    )
    again = CertifiedAccuracy.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert shipped.known(CertifiedAccuracy, "digits-cnn") == found
    assert len(found.to_csv().splitlines()) == 7
    assert found.plot().data
    assert "--sigma 0.1 --samples 60 --first 20 --alpha 0.001" in found.command


def test_the_seed_and_nothing_else_decides() -> None:
    first = dx.smoothing("digits-cnn", **FEW)
    assert dx.smoothing("digits-cnn", **FEW).certificates == first.certificates
    assert dx.smoothing("digits-cnn", seed=1, **FEW).certificates != first.certificates
    fewer = dx.smoothing("digits-cnn", **{**FEW, "count": 3})
    assert fewer.certificates == first.certificates[:3]


def test_what_was_stopped_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = dx.smoothing("digits-cnn", out=tmp_path / "whole", **FEW)
    done = Progress()
    done.cancelled = lambda: done.done > 200
    with pytest.raises(Cancelled):
        dx.smoothing("digits-cnn", out=tmp_path / "part", progress=done, **FEW)
    lines = (tmp_path / "part" / "answers.jsonl").read_bytes().splitlines()
    assert 0 < len(lines) < 6
    with pytest.raises(BadInput, match="has answers of an earlier job"):
        dx.smoothing("digits-cnn", out=tmp_path / "part", **FEW)
    with pytest.raises(BadInput, match=r"its sigma is 0\.1, not 0\.2"):
        dx.smoothing("digits-cnn", out=tmp_path / "part", resume=True, **{**FEW, "sigma": 0.2})
    rest = dx.smoothing("digits-cnn", out=tmp_path / "part", resume=True, **FEW)
    assert rest.certificates == whole.certificates


def test_damaged_lines_are_done_again() -> None:
    assert Certificate.read(b'{"place": 1') is None
    assert Certificate.read(b'{"place": 1, "label": 0}') is None
    line = json.dumps(vars(Certificate(1, 2, 2, None, 30, 0.0))).encode()
    assert Certificate.read(line) == Certificate(1, 2, 2, None, 30, 0.0)


def test_the_curve_by_hand() -> None:
    known = (
        Certificate(0, 1, 1, 1, 60, 0.3),
        Certificate(1, 1, 1, 2, 60, 0.9),
        Certificate(2, 0, 1, 0, 50, 0.1),
        Certificate(3, 0, 0, None, 30, 0.0),
    )
    found = CertifiedAccuracy("m", "", "", 0.1, 20, 60, 0.001, 4, 4, known, 0, "", "", "")
    assert [found.accuracy(r)[0] for r in (0.0, 0.1, 0.2, 0.3, 0.31)] == [0.5, 0.5, 0.25, 0.25, 0]
    assert found.plain_accuracy == 0.75
    assert found.abstained == 0.25
    assert found.radii == (0.0, 0.1, 0.3)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"sigma": -1.0}, BadInput, "sigma is -1"),
        ({"samples": 0}, BadInput, "samples is 0"),
        ({"count": 0}, BadInput, "count is 0"),
        ({"seed": -1}, BadInput, "seed is -1"),
        ({"model": "sst2-cnn"}, Incompatible, "reads texts, to which no noise can be added"),
    ],
)
def test_what_cannot_be_certified_is_one_sentence(
    given: dict[str, Any], kind: type[Exception], words: str
) -> None:
    asked = {"model": "digits-cnn", **FEW, **given}
    with pytest.raises(kind, match=words):
        dx.smoothing(**asked)
