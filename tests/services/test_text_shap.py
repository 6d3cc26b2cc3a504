"""SHAP Partition against shap as it comes, reading strings through the model's tokeniser."""

from typing import Any

import numpy as np
import shap
import torch
import transformers

from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import Target
from dlexplain.networks.minilm import WEIGHTS
from dlexplain.services.loading import load
from dlexplain.services.texts.explain import input_of
from dlexplain.services.texts.models import TextModel
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network

TEXT = "the film begins slowly , but the unforgettable acting is a joy to watch , above all at home"
EVALUATIONS = 40
"""Too few for the tree: what shap does where its budget ends counts too."""


def test_values_are_those_of_shap_also_where_the_evaluations_end() -> None:
    model = load(TextModel, "sst2-minilm")
    network = load_network(trained("sst2-minilm"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(WEIGHTS.place)

    def score(strings: np.ndarray) -> np.ndarray:
        ids: Any = tokenizer(list(strings), return_tensors="pt", padding=True)["input_ids"]
        with torch.no_grad():
            return network(ids)[:, 1].numpy()

    explainer = shap.Explainer(score, shap.maskers.Text(tokenizer), algorithm="partition")
    theirs = explainer([TEXT], max_evals=EVALUATIONS, silent=True).values[0]
    method = METHODS["shap-partition"]
    run = input_of(model, model.reader.read(TEXT), Target(1))
    ours = method.explain(run, method.request("text", {"evaluations": EVALUATIONS}))
    np.testing.assert_allclose(ours.values, theirs, atol=1e-4)
    assert ours.completeness_error is not None
    assert ours.completeness_error < 1e-4
