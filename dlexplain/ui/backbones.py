"""The user's own models that a run may begin with, on the page Launch; no torch here."""

from functools import partial

from dlexplain.errors import DlexplainError
from dlexplain.services.training.parents import OWN_TASKS, is_backbone, own_spec
from dlexplain.trained.hugging_face import task_of_own
from dlexplain.ui.own_models import Own


def _load(name: str) -> None:
    """Read it as a run would; raises DlexplainError where none can begin with it."""
    from dlexplain.services.training.backbones import read_backbone  # torch from here on

    read_backbone(own_spec(name))


def _fits(task: str, name: str) -> bool:
    """Whether a run of the task can begin with what another page has loaded."""
    try:
        return is_backbone(name) and task_of_own(name, (task,)) == task
    except DlexplainError:
        return False


BACKBONES = {task: Own(task, _load, partial(_fits, task), files=False) for task in OWN_TASKS}
"""By task."""
