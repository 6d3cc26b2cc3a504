"""Whether the pictures of a trained model can be learned from; the check of a spec, no torch."""

from itertools import islice

from dlexplain.data.augmentations import LabelledAugmentation, augmentation_class
from dlexplain.errors import BadInput, UnknownName, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value
from dlexplain.settings import local_path
from dlexplain.tasks.classify_image import check_teacher
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.zoo import readable_zoo

MAKERS = ("vae", "gan")
"""Tasks whose models make pictures of random numbers."""
JUDGES = ("classify-image",)


def learned_from(spec: RunSpec) -> tuple[str, ...]:
    """Names of the trained models without which the run could not be repeated."""
    given = spec.augmentation
    names = (
        spec.task_params.get("teacher", ""),
        given.get("generated_by", ""),
        given.get("generated_judge", "") if given.get("generated_by") else "",
    )
    return tuple(str(name) for name in names if name)


def makers_of(spec: RunSpec) -> tuple[dict[str, Value], list[str]]:
    """What of the spec's augmentation names models, by names that hold anywhere; and why a model
    cannot make pictures for it, or judge them, as far as is known before the data are read."""
    if augmentation_class(spec.task) is not LabelledAugmentation:
        return {}, []
    maker_name = str(spec.augmentation.get("generated_by", ""))
    judge_name = str(spec.augmentation.get("generated_judge", ""))
    if not maker_name:
        alone = 'augmentation: generated_judge is "{}", but generated_by names no model'
        return {}, [alone.format(judge_name)] if judge_name else []
    names: dict[str, Value] = {}
    wrong: list[str] = []
    maker = _found("generated_by", maker_name, MAKERS, spec, wrong)
    if maker is not None:
        names["generated_by"] = _anywhere(maker, maker_name)
        if not judge_name and not can_be_asked(maker):
            wrong.append(
                f'augmentation: generated_by is "{maker_name}", which cannot be asked for a class, '
                "so its pictures have no labels; generated_judge takes a picture classifier that "
                "gives them"
            )
    if judge_name:
        judge = _found("generated_judge", judge_name, JUDGES, spec, wrong)
        if judge is not None:
            names["generated_judge"] = _anywhere(judge, judge_name)
    return names, wrong


def can_be_asked(maker: Trained) -> bool:
    """Whether it makes a picture of the class that is asked for."""
    return maker.spec.task == "gan" and bool(maker.spec.model_params.get("conditional"))


def _found(
    key: str, name: str, tasks: tuple[str, ...], spec: RunSpec, wrong: list[str]
) -> Trained | None:
    """The model; what is wrong with it is added to `wrong`."""
    try:
        found = trained(name)
        task = found.spec.task
        facts = found.facts
    except (UnknownName, WeightsError) as error:
        wrong.append(f"augmentation: {key}: {error}")
        return None
    if task not in tasks:
        wrong.append(
            f'augmentation: {key} is "{name}", a model for {task}; it takes one for '
            f"{' or '.join(tasks)}"
        )
        return None
    like = (m.facts for m in readable_zoo(spec.task) if m.spec.data == spec.data)
    for of_data in islice(like, 1):
        try:
            check_teacher(facts, of_data["classes"], of_data["channels"], name)
        except BadInput as error:
            wrong.append(f"augmentation: {key}: {error}")
    return found


def _anywhere(found: Trained, name: str) -> str:
    return str(local_path(name).resolve()) if found.source == "path" else name
