"""What is imported on the way to a class and a map, read from sys.modules of a fresh process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {
    "lightning", "transformers", "torchmetrics", "matplotlib", "mlflow", "captum", "shap",
    "sqlalchemy", "alembic",
}  # fmt: skip
PICTURE = """
model = dx.load({name!r})
picture = str(sample_path("coffee"))
dx.predict(model, picture)
for method in ("grad-cam", "integrated-gradients", "superpixel-ablation"):
    dx.explain(model, picture, method)
"""
TEXT = """
model = dx.load("sst2-cnn")
dx.predict(model, "a good film")
dx.explain(model, "a good film", "integrated-gradients")
"""
PAGE = """
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({page!r}, default_timeout=120)
page.query_params["sample"] = "coffee"
page.query_params["methods"] = "grad-cam"
page.run()
assert not page.exception and page.subheader[0].value.startswith("espresso")
"""


def heavy_after(code: str, home: Path) -> set[str]:
    """Of HEAVY, what a process has imported that ran the code."""
    script = (
        "import json, sys\nimport dlexplain as dx\nfrom dlexplain.data.samples import sample_path\n"
        f"{code}\nprint(json.dumps([m for m in sys.modules if '.' not in m]))"
    )
    environment = os.environ | {"DLEXPLAIN_HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1])) & HEAVY


@pytest.mark.parametrize(
    "code",
    [
        PICTURE.format(name="efficientnet-lite0") + PICTURE.format(name="cifar10-cnn") + TEXT,
        PAGE.format(page=str(ROOT / "pages/explain/1_image.py")),
    ],
    ids=["python", "page"],
)
def test_a_class_and_a_map_import_nothing_heavy(code: str, tmp_path: Path) -> None:
    assert heavy_after(code, tmp_path) == set()


def test_runs_are_read_without_migrations(tmp_path: Path) -> None:
    """A new store is made, and one of this version read, without alembic."""
    code = (
        "from dlexplain.execution.paths import states_file\n"
        "from dlexplain.execution.states import States\n"
        "from dlexplain.settings import settings\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "States(states_file(settings().home)).all()"
    )
    assert heavy_after(code, tmp_path) == {"sqlalchemy"}


def test_what_is_imported_is_seen(tmp_path: Path) -> None:
    assert heavy_after("import dlexplain.tasks.modules.base", tmp_path) >= {"lightning"}
