"""What can be varied, checked against what a run's Params declare."""

import pytest

from dlexplain.errors import SpecError
from dlexplain.execution.spec import RunSpec
from dlexplain.services.sweeps.space import Dimension, Given, grid, read_space, suggestion
from dlexplain.services.sweeps.spec import SweepSpec, sweep_spec
from dlexplain.services.training.catalogue import accepted_fields
from tests.sweeping import BASE


def test_ranges_steps_and_choices_are_read() -> None:
    found = read_space(
        BASE,
        [
            "learning_rate=1e-4..1e-1 log",
            "training.batch_size = 32..250 step 32",
            "model.width=16,32,64",
            "optimiser=sgd,adamw",
            "keep_best=true,false",
            "seed=0..3",
        ],
    )
    assert found == (
        Dimension("training.learning_rate", low=1e-4, high=0.1, log=True),
        Dimension("training.batch_size", low=32, high=224, step=32, whole=True),
        Dimension("model.width", (16, 32, 64)),
        Dimension("training.optimiser", ("sgd", "adamw")),
        Dimension("training.keep_best", (True, False)),
        Dimension("seed", low=0, high=3, whole=True),
    )
    assert [d.values for d in found[1:]] == [
        (32, 64, 96, 128, 160, 192, 224),
        (16, 32, 64),
        ("sgd", "adamw"),
        (True, False),
        (0, 1, 2, 3),
    ]
    assert found[0].values is None
    as_text = [d.text for d in found]
    assert read_space(BASE, as_text) == found
    assert tuple(Dimension.from_dict(d.to_dict()) for d in found) == found
    same = {"learning_rate": "1e-4..1e-1 log", "model.width": [16, 32, 64]}
    assert read_space(BASE, same) == (found[0], found[2])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["learning_rat=1..2"], 'unknown field "learning_rat".*did you mean'),
        (["learning_rate=0.1..100"], 'learning_rate is "100"; it takes a number from 1e-06 to 10'),
        (["learning_rate=fast,slow"], 'is "fast"; it takes a number.*is "slow"; it takes'),
        (["learning_rate=0.1..0.1"], "the range ends at 0.1, which is not above 0.1"),
        (["weight_decay=0..0.1 log"], "a logarithmic range begins above 0, not at 0"),
        (["learning_rate=0.1..0.2 step 5"], "the step is 5; a number above 0 to 0.1"),
        (["batch_size=2..64 step 1.5"], "the step is 1.5; a whole number from 1 to 62"),
        (["batch_size=2..64 log step 2"], "logarithmic or has steps, not both"),
        (["batch_size=2..64 logg"], '"logg" is not known there'),
        (["batch_size=2.5..64"], 'batch_size is "2.5"; it takes a whole number'),
        (["optimiser=a..b"], "is no range; it takes choices of one of sgd, adam, adamw"),
        (["optimiser=sgd,adamm"], 'optimiser is "adamm"; .*did you mean "adam"'),
        (["width=16"], "model.width has 1 value; 2 to 1000 are accepted"),
        (["width=16,16"], "model.width has a value twice"),
        (["width=16,32", "model.width=4,8"], "model.width is varied twice"),
        (["model=cnn,resnet9", "model.width=8,16"], "model is varied, and model.width too"),
        (["model=cnn,lstm-forecaster"], 'model is "lstm-forecaster"; it takes one of'),
        (["width"], '"width" varies nothing; NAME='),
        ([], "nothing is varied; name at least one field"),
        (["epochs=0,3"], "epochs is"),
        ({"seed": [1, -1]}, 'seed is "-1"; it takes a whole number from 0'),
    ],
)
def test_each_impossible_value_is_one_sentence(given: Given, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        read_space(BASE, given)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SpecError) as error:
        read_space(BASE, ["learning_rate=0..20", "width=0,8", "nothing=1,2"])
    assert len(error.value.problems) == 4


def test_a_grid_has_every_combination_once() -> None:
    space = read_space(BASE, ["width=4,8", "blocks=1..3", "optimiser=sgd,adam"])
    found = grid(space)
    assert len(found) == 2 * 3 * 2
    assert len({tuple(each.items()) for each in found}) == 12
    assert found[0] == {"model.width": 4, "model.blocks": 1, "training.optimiser": "sgd"}
    with pytest.raises(SpecError, match=r"learning_rate=0\.001\.\.0\.1 log has no end of values"):
        grid(read_space(BASE, ["learning_rate=1e-3..1e-1 log"]))
    with pytest.raises(SpecError, match="the grid has 1,000,000 combinations"):
        grid(read_space(BASE, ["seed=0..999", "batch_size=2..1001"]))


def test_values_come_into_the_runs_spec() -> None:
    spec = BASE.with_flat({"training.learning_rate": 0.5, "seed": 7, "model.width": 4})
    flat = spec.flat()
    assert (flat["training.learning_rate"], flat["seed"], flat["model.width"]) == (0.5, 7, 4)
    unchanged = {k: v for k, v in BASE.flat().items() if flat[k] == v}
    assert len(unchanged) == len(flat) - 3
    other = BASE.with_flat({"model": "resnet9"})
    assert (other.model, other.model_params) == ("resnet9", {})
    with pytest.raises(SpecError, match='unknown field "nothing.width"'):
        BASE.with_flat({"nothing.width": 1})


VARY = ["learning_rate=1e-4..1e-1 log", "width=4,8"]


def test_a_sweep_is_told_completely_and_read_again() -> None:
    spec = sweep_spec(BASE, VARY, pruner="asha", trials=7, seed=3)
    assert (spec.rung, spec.trials, spec.epochs) == (1, 7, 9)
    assert [(aim.metric, aim.mode) for aim in spec.aims] == [("validation/accuracy", "max")]
    assert SweepSpec.from_dict(spec.to_dict()) == spec
    trial = spec.run_spec(4, {"training.learning_rate": 0.01, "model.width": 4})
    assert trial.name == "Sweep of digits, trial 4"
    assert trial.training["learning_rate"] == 0.01
    long = RunSpec(**{**vars(BASE), "training": {**BASE.training, "epochs": 30}})
    assert sweep_spec(long, VARY, pruner="asha").rung == 1
    assert sweep_spec(long, VARY, pruner="median").rung == 3
    longer = BASE.with_flat({"training.epochs": 100})
    assert [sweep_spec(longer, VARY, pruner=p).rung for p in ("asha", "hyperband")] == [3, 3]
    assert sweep_spec(BASE, ["width=4,8"], sampler="grid").trials == 2
    assert sweep_spec(BASE, VARY, minutes=5).trials == 0
    two = sweep_spec(BASE, VARY, aims=("test/loss", "latency"))
    assert [(aim.metric, aim.mode) for aim in two.aims] == [
        ("test/loss", "min"),
        ("latency", "min"),
    ]
    assert sweep_spec(BASE, VARY, aims=["validation/x max"]).aims[0].mode == "max"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"sampler": "tpa"}, 'unknown sampler "tpa"; known: tpe.*did you mean "tpe"'),
        ({"pruner": "ash"}, 'unknown pruner "ash".*did you mean "asha"'),
        ({"sampler": "grid"}, "has no end of values; for a grid"),
        ({"sampler": "cma-es"}, "the sampler is cma-es, but 1 range of numbers vary; 2 are"),
        ({"trials": -1}, 'trials is "-1"; a whole number from 0 to 1,000'),
        ({"trials": 0}, "the budget is 0 trials and 0 minutes"),
        ({"minutes": -1.0}, 'minutes is "-1.0"'),
        ({"parallel": 0}, 'parallel is "0"; a whole number from 1'),
        ({"seed": -1}, 'seed is "-1"'),
        ({"aims": ["accuracy"]}, 'the aim is "accuracy"; a metric such as'),
        ({"aims": ["size", "size"]}, "one or two different ones"),
        ({"aims": ["test/accuracy"], "pruner": "asha"}, "test/accuracy is not known after each"),
        ({"aims": ["validation/loss", "size"], "pruner": "median"}, "with two aims no trial is"),
        ({"pruner": "asha", "rung": 9}, "the first rung is 9 epochs; 1 to 8 are accepted"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_one_sentence(how: dict[str, object], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        sweep_spec(BASE, VARY, **how)  # type: ignore[arg-type]


def test_epochs_are_fixed_where_a_pruner_decides_by_them() -> None:
    assert sweep_spec(BASE, ["epochs=2,4"]).space[0].key == "training.epochs"
    with pytest.raises(SpecError, match="training.epochs is varied, but the pruner asha"):
        sweep_spec(BASE, ["epochs=2,4"], pruner="asha")
    one = RunSpec(**{**vars(BASE), "training": {**BASE.training, "epochs": 1}})
    with pytest.raises(SpecError, match="a trial has 1 epoch; 2 are needed"):
        sweep_spec(one, VARY, pruner="median")


def test_what_is_suggested_for_each_field_is_accepted() -> None:
    accepted, flat = accepted_fields(BASE), BASE.flat()
    told = {k: suggestion(s, flat.get(k, s.default)) for k, s in accepted.items()}
    assert told["training.learning_rate"] == "0.0001..0.01 log"
    assert told["training.batch_size"] == "64..256"
    assert told["training.keep_best"] == "true,false"
    numbers = {k: t for k, t in told.items() if accepted[k].kind in ("integer", "real")}
    assert len(numbers) > 10
    for key, text in numbers.items():
        low, high = (float(end) for end in text.split()[0].split(".."))
        assert accepted[key].low <= low < high <= accepted[key].high, key
