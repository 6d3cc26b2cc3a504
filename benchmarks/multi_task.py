"""Several labels by one network against each by a network of its own: accuracy over seeds.

python benchmarks/multi_task.py shapes|mnist [--home FOLDER] [--seeds 3] [--epochs N]
    [--weightings fixed,uncertainty,gradnorm]

The presets shapes-multitask and mnist-multitask and their controls, the same pictures, network,
batches and epochs. What is finished in the home folder is not trained again, so a run that is
stopped goes on. Prints a Markdown table: the mean accuracy over the seeds, and the difference with
its 95% interval from a bootstrap over the test pictures, each counted with the mean of its seeds.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=("shapes", "mnist"))
    parser.add_argument("--home", default="/tmp/dlexplain-multi-task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--weightings", default="fixed,uncertainty,gradnorm")
    return parser.parse_args()


def main() -> None:
    args = asked()
    os.environ["DLEXPLAIN_HOME"] = args.home
    import numpy as np

    from dlexplain.evaluation.intervals import bootstrap_mean
    from dlexplain.services.training.presets import PRESETS
    from dlexplain.services.training.runs import run

    mark = f"{args.data}-"
    alone = [n for n in PRESETS if n.startswith(mark) and n.endswith("-alone")]
    heads = [name.removeprefix(mark).removesuffix("-alone") for name in alone]
    weightings, seeds = args.weightings.split(","), range(args.seeds)
    right: dict[tuple[str, str], Any] = {}
    cosines: dict[str, list[float]] = {}
    for seed in seeds:
        for head, name in zip(heads, alone, strict=True):
            found = trained(name, seed, args.epochs)
            right.setdefault(("alone", head), []).append(hits(found))
        for weighting in weightings:
            found = trained(f"{args.data}-multitask", seed, args.epochs, weighting)
            for head in heads:
                right.setdefault((weighting, head), []).append(hits(f"{found}:{head}"))
            if weighting == "fixed":
                for key, values in agreement(run(found)).items():
                    cosines.setdefault(key, []).append(values)
    means = {key: np.mean(values, axis=0) for key, values in right.items()}
    for weighting in weightings:
        means[weighting, "mean"] = np.mean([means[weighting, head] for head in heads], axis=0)
    means["alone", "mean"] = np.mean([means["alone", head] for head in heads], axis=0)
    n = len(means["alone", "mean"])
    print(f"{args.data}: {args.seeds} seeds, n = {n:,} test pictures\n")
    print("| label | alone | " + " | ".join(f"{w} | difference" for w in weightings) + " |")
    print("| --- " * (2 + 2 * len(weightings)) + "|")
    for head in [*heads, "mean"]:
        cells = [f"{means['alone', head].mean():.1%}"]
        for weighting in weightings:
            off, low, high = bootstrap_mean(means[weighting, head] - means["alone", head])
            cells.append(f"{means[weighting, head].mean():.1%}")
            told = f"{100 * off:+.1f} [{100 * low:+.1f} to {100 * high:+.1f}]"
            cells.append(told.replace("-", "−"))
        print(f"| {head} | " + " | ".join(cells) + " |")
    print("\ncosine of the gradients, mean over all steps measured, then of each seed:")
    for key, values in cosines.items():
        each = ", ".join(f"{value:.2f}" for value in values)
        print(f"  {key.removeprefix('train/gradient_cosine_')}: {np.mean(values):.2f} ({each})")


def trained(name: str, seed: int, epochs: int, weighting: str = "") -> str:
    """The id of the finished run, trained now unless it was before."""
    from dlexplain.services.training.inline import inline_queue
    from dlexplain.services.training.presets import preset
    from dlexplain.settings import settings
    from dlexplain.trained.runs import finished_runs

    spec = preset(name)
    if epochs:
        spec = replace(spec, training={**spec.training, "epochs": epochs})
    if weighting:
        spec = replace(spec, task_params={**spec.task_params, "weighting": weighting})
    spec = replace(spec, seed=seed, name=f"{name} {weighting} {epochs or ''} {seed}")
    for row in finished_runs():
        if row.name == spec.name:
            return row.id
    row = inline_queue(settings().home).submit(spec)
    print(f"{spec.name}: {row.state} {row.why}", file=sys.stderr, flush=True)
    if row.state != "finished":
        sys.exit(1)
    return row.id


def hits(model: str) -> Any:
    """(test pictures,) 1.0 where the model is right."""
    import numpy as np
    import torch

    from dlexplain.services.pictures.cards import picture_card
    from dlexplain.services.pictures.data import load_pictures
    from dlexplain.trained.catalogue import trained as known
    from dlexplain.trained.networks import load_network

    found = known(model)
    card = picture_card(found)
    test = load_pictures(found.spec.data, found.spec.data_params).test
    x = (torch.from_numpy(test.pixels).permute(0, 3, 1, 2).float() - card.mean) / card.scale
    with torch.no_grad():
        said = torch.cat([part.argmax(1) for part in map(load_network(found), x.split(250))])
    return (said.numpy() == test.labels).astype(np.float64)


def agreement(record: Any) -> dict[str, float]:
    """Of each pair of heads the mean cosine of the gradients over the steps measured."""
    from dlexplain.services.training.runs import curves

    keys = [key for key in record.metrics if "gradient_cosine" in key]
    return {key: float(curves([record], key)[0].values.mean()) for key in keys}


if __name__ == "__main__":
    main()
