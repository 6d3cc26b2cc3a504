"""A user's own language models write as transformers' generate does: begun and ended alike."""

import json
from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import ParamError, TextError
from dlexplain.services.loading import load
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import read
from tests.own_writers import PROMPT, ends_early, save_writer, theirs

FAMILIES = ["GPT2", "Llama"]


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_writes_what_transformers_writes(family: str, bos: bool, tmp_path: Path) -> None:
    folder = save_writer(tmp_path / "own", family, bos=bos)
    expected, whole = theirs(folder, PROMPT, True, 20)
    written = dx.generate(folder, PROMPT, count=20, temperature=0)
    codec = load(LoadedLanguageModel, folder).codec
    assert [t.alternatives[0][0] for t in written.tokens] == [codec.name(i) for i in expected]
    assert written.start == (("<s>",) if bos else ())
    if family == "Llama":
        assert PROMPT + written.text == whole
    other, _ = theirs(folder, PROMPT, False, 20)
    without = dx.generate(folder, PROMPT, count=20, temperature=0, start="no")
    assert [t.alternatives[0][0] for t in without.tokens] == [codec.name(i) for i in other]
    assert without.start == ()
    assert dx.generate(folder, PROMPT, count=1, start="yes").start == ("<s>",)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_ends_it_and_is_no_word(
    family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_writer(tmp_path / "own", family)
    ends_early(folder, 1)
    expected, _ = theirs(folder, PROMPT, True, 40)
    assert expected[-1] == 1
    assert len(expected) < 40
    written = dx.generate(folder, PROMPT, count=40, temperature=0)
    last = written.tokens[-1]
    assert (len(written.tokens), written.ended) == (len(expected), True)
    assert (last.piece, last.special, last.special_alternatives[0]) == ("</s>", True, "</s>")
    assert "</s>" not in written.text
    assert written.to_dict()["tokens"][-1]["special"] is True
    capsys.readouterr()
    words = ["generate", "--model", folder, "--prompt", PROMPT, "--count", "40"]
    assert main([*words, "--temperature", "0", "--start", "yes", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["start"], found["params"]["start"]) == (["<s>"], "yes")
    assert main([*words, "--temperature", "0"]) == 0
    told = capsys.readouterr()
    assert "</s>" not in told.out
    assert "The text ended by itself, with </s>." in told.err
    assert "Before the prompt stood nothing." in told.err


@pytest.mark.parametrize("family", FAMILIES)
def test_without_bos_and_eos_nothing_is_put_in_front(family: str, tmp_path: Path) -> None:
    folder = save_writer(tmp_path / "own", family, marks=False)
    expected, _ = theirs(folder, PROMPT, True, 12)
    model = load(LoadedLanguageModel, folder)
    written = dx.generate(model, PROMPT, count=12, temperature=0)
    assert [t.alternatives[0][0] for t in written.tokens] == [model.codec.name(i) for i in expected]
    assert (written.start, written.ended, len(written.tokens)) == ((), False, 12)
    with pytest.raises(ParamError, match='start is "yes".* auto and no are accepted'):
        dx.generate(model, PROMPT, start="yes")
    with pytest.raises(TextError, match="the prompt is empty"):
        dx.generate(model, "")
    with pytest.raises(TextError, match="no token that begins a text"):
        read(model, PROMPT)
