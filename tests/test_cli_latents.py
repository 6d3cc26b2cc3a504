"""`sample` and `reconstruct` on the command line, and in Python."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.samples import sample_path

SAMPLE = str(sample_path("coffee"))


def test_samples_are_written_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "samples.png"
    call = ["sample", "--model", "mnist-gan", "--count", "5", "--seed", "3", "--class", "7"]
    assert main([*call, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"5 pictures of mnist-gan, seed 3 to {out}\n"
    with Image.open(out) as image:
        assert image.size[0] > image.size[1]
    assert main([*call, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["classes"] == ["7"] * 5
    same = dx.sample("mnist-gan", "7", count=5, seed=3)
    assert np.allclose(told["noise"], same.noise)
    assert same.plot().data[0].type == "image"


def test_a_picture_is_reconstructed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "seven.png", tmp_path / "both.png"
    drawn = np.full((100, 80), 255, np.uint8)
    drawn[20:28, 20:60] = drawn[20:80, 52:60] = 0
    Image.fromarray(drawn).save(file)
    call = ["reconstruct", "--model", "mnist-autoencoder", str(file)]
    assert main([*call, "--out", str(out), "--compare"]) == 0
    first, compared, *_, changes = capsys.readouterr().out.splitlines()
    found = dx.reconstruct("mnist-autoencoder", file)
    assert first == f"seven.png by mnist-autoencoder: mean squared error {found.error:.5f}"
    assert compared.startswith("Its error is larger than that of ")
    assert " of the 1,000 test pictures: it " in compared
    assert changes.startswith("what was done to it: inverted")
    assert main([*call, "--json", "--as-is"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["code"]), told["anomaly"], told["kl"]) == (32, None, [])
    assert "middle square" in told["changes"][-1]
    assert len(found.plot().data) == 3
    model = dx.load("mnist-vae")
    assert dx.reconstruct(model, drawn).kl.shape == (16,)


@pytest.mark.parametrize(
    ("call", "status", "why"),
    [
        (
            ["sample", "--model", "gpt"],
            2,
            'dlexplain: unknown autoencoder, variational autoencoder or GAN "gpt"',
        ),
        (["sample", "--count", "0"], 2, 'count is "0"; it takes a whole number from 1 to 256'),
        (["sample", "--model", "mnist-gan", "--class", "x"], 2, 'there is no class "x"'),
        (["sample", "--model", "mnist-autoencoder"], 2, "is a plain autoencoder"),
        (["reconstruct", "--model", "mnist-gan", SAMPLE], 2, "is a GAN: it has no encoder"),
        (["reconstruct", "--model", "mnist-gan", SAMPLE, "--compare"], 2, "is a GAN: it has no en"),
        (["sample", "--count", "1", "--out", "/nowhere/a.png"], 2, "/nowhere/a.png cannot be"),
        (["reconstruct", "/nowhere.png"], 1, "nowhere.png was not found"),
        (["reconstruct", "--model", "mnist-gan", __file__], 1, "is text, not a picture"),
    ],
)
def test_what_is_wrong_is_one_line(
    call: list[str], status: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == status
    told = capsys.readouterr()
    assert why in told.err
    assert len(told.err.splitlines()) == 1
    assert told.out == ""
