"""The command shortcuts."""

import json
from pathlib import Path

import pytest

from dlexplain.__main__ import main
from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.results.shortcuts import ShortcutTest
from dlexplain.services.quality.lab_shipped import shipped
from tests.shortcut_runs import marked_shapes
from tests.trained import digits_run


def test_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    run = marked_shapes()
    call = ["shortcuts", run[:7], "--examples", "3", "--method", "occlusion", "--method", "lrp"]
    assert main([*call, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == run
    assert found["kind"] == "mark"
    assert {one["method"] for one in found["methods"]} == {"occlusion", "lrp"}
    assert all(len(one["values"]) == 3 for one in found["methods"])
    assert found["chance"] == pytest.approx(9 / 256)
    assert main(call) == 0
    told = capsys.readouterr().out
    assert "a magenta square in the bottom right corner" in told
    assert "relevance mass in the mark, mean of 3 examples that it turned; chance 3.5%" in told
    first = max(found["methods"], key=lambda one: one["mean"])
    assert f"{first['method']:9}  {first['mean']:6.1%} [" in told
    again = ShortcutTest.from_dict(found)
    assert again.to_dict() == found
    assert again.told.startswith(f"{first['title']} points at the mark best: {first['mean']:.0%} [")


@pytest.mark.parametrize(
    "change",
    [{"methods": 3}, {"examples": ["one"]}, {"scores": [{}]}, {"chance": "x"}, {"planted": None}],
    ids=str,
)
def test_a_damaged_result_is_told(change: dict[str, object]) -> None:
    along = shipped("picture")
    assert along is not None
    told = {key: one for key, one in (along.to_dict() | change).items() if one is not None}
    with pytest.raises(BadInput, match="no result of a planted shortcut"):
        ShortcutTest.from_dict(told)


def test_it_ships(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "zoo_folder", lambda: tmp_path)
    assert shipped("picture") is None
    call = ["shortcuts", marked_shapes()[:7], "--examples", "3", "--method", "saliency", "--ship"]
    assert main(call) == 0
    assert str(tmp_path) in capsys.readouterr().out
    found = shipped("picture")
    assert found is not None
    assert [one.method for one in found.methods] == ["saliency"]


def test_what_cannot_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shortcuts", digits_run()]) == 2
    assert "no shortcut is planted in run" in capsys.readouterr().err
    assert main(["shortcuts", "nothing"]) == 2
    assert 'unknown model "nothing"' in capsys.readouterr().err
    assert main(["shortcuts", marked_shapes(), "--examples", "1"]) == 2
    assert "it takes a whole number from 3 to 200" in capsys.readouterr().err
