"""Finished runs of tiny translators of random weights, with real files; no training."""

import json

import torch
from safetensors.torch import save_file

import dlexplain.networks
import dlexplain.tasks  # noqa: F401, these two register what a card names
from dlexplain.data.pair_codec import train_codec
from dlexplain.data.pairs import Pairs
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.networks.modules.base import kept_state
from dlexplain.settings import settings
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import build_network

ENGLISH = ("A young dog is playing in the snowy park.", "Two children swim, and one waits.") * 3
GERMAN = ("Ein junger Hund spielt im verschneiten Park.", "Zwei Kinder schwimmen.") * 3
SIZES = {
    "transformer-translator": {"width": 16, "layers": 3, "heads": 2, "feed_forward": 32},
    "gru-attention": {"embedding": 12, "hidden": 16, "layers": 1},
}
LONGEST = 30


_KNOWN: dict[tuple[str, float], str] = {}


def translator_run(architecture: str = "transformer-translator", bleu: float = 31.4) -> str:
    """The id of a run that finished in the session's home folder: English to German, byte
    pairs, one vocabulary. A test that has deleted every run gets a new one."""
    known = _KNOWN.get((architecture, bleu))
    there = {row.id for row in States(paths.states_file(settings().home)).all()}
    if known not in there:
        known = _KNOWN[architecture, bleu] = _new_run(architecture, bleu)
    return known


def _new_run(architecture: str, bleu: float) -> str:
    task = {"tokens": "bpe", "vocabulary": 290, "joint": True, "longest": LONGEST, "beam": 5}
    spec = RunSpec(
        task="translate", model=architecture, data="multi30k", name="tiny",
        task_params=task, model_params=SIZES[architecture],
    )  # fmt: skip
    home, states = settings().home, States(paths.states_file(settings().home))
    run = states.add(spec).id
    states.move(run, "running", "a test")
    states.attach(run)
    states.heartbeat(run, {"metrics": {"test/bleu": bleu}})
    states.move(run, "finished", "a test")
    folder = paths.run_folder(home, run)
    folder.mkdir(parents=True)
    codec = train_codec(Pairs(ENGLISH, GERMAN), "bpe", 290, True, LONGEST)
    for name, text in codec.files.items():
        paths.kept_file(home, run, name).write_text(text)
    size = codec.source.get_vocab_size()
    facts = {
        "languages": ["English", "German"], "source_vocabulary": size, "target_vocabulary": size,
        "joint": True, "longest": LONGEST, "longest_target": 12,
        "sizes": {"train": 6, "validation": 2, "test": 1000},
    }  # fmt: skip
    card = {
        "run": run, "spec": spec.to_dict(), "facts": facts, "files": list(codec.files),
        "parameters": 1234, "metrics": {"test/bleu": bleu, "test/exact": 0.125, "test/loss": 2.5},
    }  # fmt: skip
    paths.card_file(home, run).write_text(json.dumps(card))
    torch.manual_seed(0)
    network = build_network(Trained(run, "tiny", "run", folder, paths.weights_in(folder)))
    with torch.no_grad():  # as drawn, all tokens would be nearly as likely
        network.source_embedding.weight.mul_(2)
        network.bias.normal_()
        network.bias[3] += 2.0  # the end
    save_file(kept_state(network), paths.weights_in(folder))
    return run
