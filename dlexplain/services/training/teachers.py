"""The trained model from whose answers a run learns: which it is, and whether it can teach."""

from itertools import islice

from dlexplain.data.base import DATA
from dlexplain.errors import BadInput, UnknownName, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import as_dict, parse, problems, specs
from dlexplain.settings import local_path
from dlexplain.tasks.base import TASKS
from dlexplain.trained.catalogue import trained
from dlexplain.trained.zoo import readable_zoo


def teacher_of(spec: RunSpec) -> tuple[str, list[str]]:
    """The model that the spec wants to learn from, by a name that holds anywhere, or ""; and why it
    cannot teach, as far as is known before the data are read: the classes of those that the zoo
    was trained on are."""
    name = str(spec.task_params.get("teacher", ""))
    check = TASKS[spec.task].check_teacher if spec.task in TASKS else None
    if not name or check is None:
        return "", []
    try:
        teacher = trained(name)
        theirs, facts = teacher.spec.task, teacher.facts
    except (UnknownName, WeightsError) as error:
        return "", [f"task: teacher: {error}"]
    if theirs != spec.task:
        told = f'task: teacher is "{name}", a model for {theirs}; it takes one for {spec.task}'
        return "", [told]
    like = (m.facts for m in readable_zoo(spec.task) if _same_data(m.spec, spec))
    try:
        for of_data in islice(like, 1):
            check(facts, of_data)
    except BadInput as error:
        return "", [f"task: {error}"]
    return str(local_path(name).resolve()) if teacher.source == "path" else name, []


def _same_data(one: RunSpec, other: RunSpec) -> bool:
    """Whether two specs are of one data set, and of the same label where it has several; of a
    language model also cut into the same tokens."""
    if one.data != other.data or one.data not in DATA:
        return False
    params = DATA[one.data].Params
    head = specs(params).get("head")
    if head and len({spec.data_params.get("head", head.default) for spec in (one, other)}) > 1:
        return False
    if one.task != "language-model":
        return True
    if problems(params, other.data_params):
        return False
    cut = [as_dict(parse(params, spec.data_params)) for spec in (one, other)]
    return all(cut[0][key] == cut[1][key] for key in cut[0] if key != "path")
