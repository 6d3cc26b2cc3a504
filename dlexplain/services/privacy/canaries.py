"""What a language model remembers of a secret that stood in its text: a planted canary's exposure.

Carlini et al., "The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural
Networks", 2019, https://arxiv.org/abs/1802.08232. A canary is a sentence with a secret drawn at
random. After the training all secrets that could have been drawn are ranked by how likely the model
finds them there:

    exposure = log2 |candidates| - log2 rank(canary)

which is about 1.4 bits on average for a secret that was never seen, and log2 |candidates| for one
that comes out first.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.data.corpora import CorpusData
from dlexplain.data.tokenisers import load_tokeniser
from dlexplain.errors import BadInput
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results.canaries import CanaryExposure, CanaryTest
from dlexplain.services.own_data import load_data
from dlexplain.services.privacy.fitting import fit
from dlexplain.services.training.catalogue import complete

__all__ = ["canaries", "exposure"]
LETTERS, LENGTH = "abcdefghij", 4
"""Secrets are all words of so many of these letters."""
SENTENCE = "\nMy secret word is {}.\n"
PREFIX = "\nMy secret word is "
CHARACTERS, VALIDATED = 60_000, 10_000
"""Characters of the text that are used, by default, and of the one for validation."""
TIMES = (0, 1, 10, 100)
MOST_TIMES, MOST_SEEDS = 1000, 20
SPEC = RunSpec(
    task="language-model",
    model="rnn-lm",
    data="shakespeare",
    data_params={"plays": "comedies", "tokeniser": "character", "size": 300},
    model_params={"cell": "lstm", "layers": 1, "embedding": 64, "units": 128, "tied": False,
                  "dropout": 0.0},
    task_params={"time": 50, "written": 0},
    training={"epochs": 10, "batch_size": 16, "learning_rate": 5e-3, "clip": 1.0,
              "precision": "float32"},
    name="Canaries",
)  # fmt: skip


def exposure(rank: int, candidates: int) -> float:
    """log2 of candidates - log2 of rank, in bits."""
    if not 1 <= rank <= candidates:
        raise BadInput(f"the rank is {rank} of {candidates}; 1 to {candidates} is accepted")
    return float(np.log2(candidates) - np.log2(rank))


def rank_of(place: int, losses: NDArray[np.float64]) -> int:
    """1 for the candidate with the least log-perplexity; a tie counts half of the tied, so that a
    model that tells nothing apart gives the middle. Raises BadInput for losses of NaN."""
    if not np.isfinite(losses).all():
        raise BadInput("a training has diverged: the model says NaN of the candidates")
    below, same = (losses < losses[place]).sum(), (losses == losses[place]).sum()
    return int(1 + below + (same - 1) // 2)


@random_state_kept()
def canaries(
    times: Sequence[int] = TIMES,
    seeds: int = 3,
    seed: int = 0,
    epochs: int = 10,
    characters: int = CHARACTERS,
    progress: Progress | None = None,
) -> CanaryTest:
    """Train tiny character models on a text with a secret in it, and measure its exposure.

    times   how often the secret stands in the text, one training each
    seeds   trainings of each, with other secrets and other first weights
    epochs  of each training;  characters  of its text
    progress counts epochs

    Raises BadInput for what is out of range, DataError where the text is not here, or Cancelled.
    """
    _check(times, seeds, seed, epochs, characters)
    progress = progress or Progress()
    spec = complete(replace(SPEC, training={**SPEC.training, "epochs": epochs}))
    whole = load_data(spec.data, spec.data_params)
    assert isinstance(whole, CorpusData)
    whole = replace(whole, train=whole.train[:characters], validation=whole.validation[:VALIDATED])
    tokeniser = load_tokeniser(whole.tokeniser)
    progress.plan(epochs * len(times) * seeds)
    found = []
    for one in range(seed, seed + seeds):
        secret = drawn_secret(one)
        for count in times:
            data = planted(whole, tokeniser, SENTENCE.format(secret), count, one)
            built = fit(replace(spec, seed=one), data, lambda: progress.advance(1))
            network = built.module.network
            losses = candidate_losses(network, tokeniser, int(built.data.facts["start"]))
            rank = rank_of(secrets().index(secret), losses)
            told = exposure(rank, len(losses))
            perplexity = _perplexity(network, built.data.val_dataloader())
            found.append(CanaryExposure(count, one, secret, rank, len(losses), told, perplexity))
    return CanaryTest(
        spec.data, spec.to_dict(), tuple(found), len(LETTERS) ** LENGTH, progress.seconds
    )


def secrets() -> list[str]:
    """All that could have been drawn."""
    return ["".join(letters) for letters in product(LETTERS, repeat=LENGTH)]


def drawn_secret(seed: int) -> str:
    known = secrets()
    return known[int(np.random.default_rng([seed, 3]).integers(len(known)))]


def planted(
    data: CorpusData, tokeniser: Tokenizer, sentence: str, times: int, seed: int
) -> CorpusData:
    """The text with the sentence at so many ends of lines of its training part, drawn by seed."""
    text = data.train
    canary = np.array(tokeniser.encode(sentence).ids, np.int32)
    (newline,) = tokeniser.encode("\n").ids
    ends = np.flatnonzero(text == newline)
    if times > len(ends):
        raise BadInput(f"the text has {len(ends)} lines; the secret cannot stand {times} times")
    places = np.sort(np.random.default_rng([seed, 4]).permutation(ends)[:times])
    pieces = np.split(text, places)
    joined = [pieces[0], *(part for piece in pieces[1:] for part in (canary, piece))]
    return replace(data, train=np.concatenate(joined))


def candidate_losses(network: nn.Module, tokeniser: Tokenizer, start: int) -> NDArray[np.float64]:
    """(candidates,) log-perplexity in nats of each secret behind the canary's beginning."""
    prefix = torch.tensor([[start, *tokeniser.encode(PREFIX).ids]])
    ids = torch.tensor([tokeniser.encode(secret).ids for secret in secrets()])  # (candidates, 4)
    with torch.inference_mode():
        logits, state = network(prefix)
        first = logits[:, -1:].expand(len(ids), -1, -1)
        spread = tuple(part.expand(len(ids), *part.shape[1:]).contiguous() for part in state)
        rest, _ = network(ids[:, :-1], spread)
        every: Tensor = torch.cat([first, rest], 1)  # (candidates, 4, vocabulary)
        lost = F.cross_entropy(every.flatten(0, 1).double(), ids.flatten(), reduction="none")
    return np.asarray(lost.view(len(ids), -1).sum(1).numpy())


def _perplexity(network: nn.Module, loader: object) -> float:
    """Of the validation text, read in one go."""
    lost, count, state = 0.0, 0, None
    with torch.inference_mode():
        for batch in loader:  # type: ignore[attr-defined]
            logits, state = network(batch["x"], state)
            truth = batch["y"].flatten()
            lost += float(F.cross_entropy(logits.flatten(0, 1), truth, reduction="sum"))
            count += len(truth)
    return float(np.exp(lost / max(1, count)))


def _check(times: Sequence[int], seeds: int, seed: int, epochs: int, characters: int) -> None:
    wrong = [t for t in times if not isinstance(t, int) or not 0 <= t <= MOST_TIMES]
    if not times or wrong:
        given = wrong[0] if wrong else "empty"
        raise BadInput(
            f"times is {given}; whole numbers from 0 to {MOST_TIMES:,}, one or more, are accepted"
        )
    for name, value, low, high in (
        ("seeds", seeds, 1, MOST_SEEDS),
        ("seed", seed, 0, 2**31 - 1 - MOST_SEEDS),
        ("epochs", epochs, 1, 100),
        ("characters", characters, 2000, 1_000_000),
    ):
        if not isinstance(value, int) or not low <= value <= high:
            raise BadInput(
                f"{name} is {value!r}; a whole number from {low} to {high:,} is accepted"
            )
