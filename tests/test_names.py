"""A name that is nearly right is answered with the right one; names keep their capitals."""

import re
from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.__main__ import main
from dlexplain.errors import BadInput, known_names, nearest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("gradcm", "grad-cam"), ("GRAD_CAM", "grad-cam"), ("grad cam", "grad-cam"),
        ("ocluson", "occlusion"), ("xyz", None), ("", None),
    ],
)  # fmt: skip
def test_the_nearest_known_name_is_offered(given: str, offered: str | None) -> None:
    known = ["grad-cam", "occlusion", "lime"]
    expected = f'; did you mean "{offered}"?' if offered else ""
    assert nearest(given, known) == expected
    assert known_names(given, known) == f"known: grad-cam, occlusion, lime{expected}"
    assert known_names(given, []) == "known: none"


@pytest.mark.parametrize(
    ("call", "offered"),
    [
        ("explain x.png --method gradcam", "grad-cam"),
        ("explain x.png --model efficientnet-lite", "efficientnet-lite0"),
        ("explain x.png --model digits-cnn --method integrated-gradients --set step=4", "steps"),
        ("explain x.png --model digits-cnn --method integrated-gradients --set baseline=blak",
         "black"),
        ("explain --text film --model sst2-cn", "sst2-cnn"),
        ("explain --text film --model sst2-cnn --method leave-one-ot", "leave-one-out"),
        ("explain --series own --model macrodata-lstn", "macrodata-lstm"),
        ("generate --model shakespear-lstm", "shakespeare-lstm"),
        ("translate --model multi30k-transformr --text a", "multi30k-transformer"),
        ("sample --model mnist-gam", "mnist-gan"),
        ("attention --text a --model sst2-transfomer", "sst2-transformer"),
        ("zoo show digits-cn", "digits-cnn"),
        ("train --preset digit-cnn", "digits-cnn"),
        ("train --task classify-images --data digits --model cnn", "classify-image"),
        ("train --task classify-image --data digit --model cnn", "digits"),
        ("train --preset digits-cnn --set epoch=3", "epochs"),
    ],
)  # fmt: skip
def test_the_command_line_says_what_may_be_meant(
    capsys: pytest.CaptureFixture[str], call: str, offered: str
) -> None:
    assert main(call.split()) == 2
    assert f'did you mean "{offered}"?' in capsys.readouterr().err


def test_python_says_what_may_be_meant() -> None:
    with pytest.raises(BadInput, match=re.escape('did you mean "sst2-minilm"?')):
        dx.load("sst2_minlm")


def test_outside_text_is_never_put_into_small_letters() -> None:
    """str.capitalize does; words.capital changes the first letter only."""
    sources = [*ROOT.glob("dlexplain/**/*.py"), *ROOT.glob("pages/**/*.py")]
    assert [path.name for path in sources if ".capitalize()" in path.read_text("utf-8")] == []
