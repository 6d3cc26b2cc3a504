"""Every page under Streamlit's AppTest: it draws, answers, and says what is wrong."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.data.samples import sample_path
from dlexplain.settings import settings
from tests.bad_pictures import BAD_PICTURES
from tests.pages.english_left import english_left

ROOT = Path(__file__).parents[2]
PAGES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("pages/*/*.py"))
ALIVE = [
    "pages/explain/1_image.py",
    "pages/train/1_launch.py",
    "pages/explain/2_text.py",
    "pages/explain/3_attention.py",
    "pages/generate/2_writing.py",
    "pages/explain/5_translation.py",
    "pages/inside/1_layers.py",
    "pages/explain/6_forecast.py",
    "pages/explain/7_many_pictures.py",
    "pages/generate/1_latent.py",
    "pages/secure/1_attack.py",
    "pages/secure/4_privacy.py",
]
"""They begin with an answer, or with forms of models, and import those under the title."""
IMAGE = str(ROOT / "pages/explain/1_image.py")
HEAVY = ("torch", "captum", "shap", "matplotlib")


def image_page(**query: str) -> AppTest:
    page = AppTest.from_file(IMAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def finished(page: AppTest, seconds: float = 60) -> AppTest:
    """Run again until no job is active, as the page's fragment does by itself."""
    stop = time.monotonic() + seconds
    while page.session_state["answers"].active:
        assert time.monotonic() < stop, "the jobs did not end"
        time.sleep(0.2)
    return page.run()


FROM_OUTSIDE = re.compile(
    r"option: .*, n\d{8}\)|option: (\d: )?[A-Z].*\.( \(.*\))?|subheader body: Zwei .*"
    r"|caption body: Strong black coffee .*|markdown body: The plot is .*"
    r"|download_button help: `python .*`|number_input label: Top [kp]|axis: logits"
    r"|markdown body: \*\*[A-Z][^*]*\*\*(  )?|markdown body: :small\[又称： .*\]"
    r"|plotly_chart alt: espresso, .*|markdown body: 判断为 (espresso|positive).*"
    r"|plotly_chart alt: Integrated Gradients: positive .*"
    r"|markdown body: [a-z ]+ [\d.]+%(  )?|(warning|plotly_chart|imgs) \w+: .*espresso .*"
)
"""Classes of ImageNet and their definitions, texts that are read and written, code, names that no
translation is used of or that stand beside theirs, and the glossary's English names."""


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def nothing_trained(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home folder without the runs of other tests, whose titles are of no language."""
    monkeypatch.setenv("DLEXPLAIN_HOME", str(new_home))
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("nothing_trained")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_draws_and_nothing_of_ours_is_left_in_english(path: str) -> None:
    # Pages link to each other, so app.py is around them.
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.query_params["lang"] = "zh"
    page.switch_page(path).run()
    assert not page.exception
    assert page.title
    assert [line for line in english_left(page) if not FROM_OUTSIDE.fullmatch(line)] == []


def test_app_draws_the_home_page() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Why did the model say that?"


def test_first_paint_of_a_page_imports_nothing_heavy() -> None:
    """One process draws them one after another, and says after which of them what is there."""
    paths = [path for path in PAGES if path not in ALIVE]
    code = (
        "import sys, logging; logging.disable(logging.CRITICAL)\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from dlexplain.ui import start\n"
        "start._after = lambda *_: start.threading.Thread()  # the paint, not what follows it\n"
        f"for path in {paths!r}:\n"
        f"    page = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60)\n"
        "    page.switch_page(path).run()\n"
        "    assert not page.exception, page.exception\n"
        f"    print(path, [name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [f"{path} []" for path in paths]


def test_the_page_of_pictures_shows_a_kept_answer_before_it_imports_torch() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "import dlexplain.ui.gallery as gallery\n"
        "def show(html, key): print('drawn', key, 'torch' in sys.modules)\n"
        "gallery._draw = show\n"
        f"page = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60)\n"
        "page.switch_page('pages/explain/1_image.py').run()\n"
        "print(page.subheader[0].value, 'torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    drawn, answered = run.stdout.strip().splitlines()
    assert drawn == "drawn first-explain/1_image False"
    assert answered.startswith("espresso, 9")
    assert answered.endswith("True")


def test_a_sample_is_classified_and_explained() -> None:
    page = finished(image_page(sample="coffee"))
    assert not page.exception
    assert page.subheader[0].value.startswith("espresso, 9")
    titles = " ".join(m.value for m in page.markdown)
    for title in ("Grad-CAM", "Integrated Gradients", "Superpixel ablation"):
        assert f"**{title}**" in titles
    assert any("completeness error" in c.value for c in page.caption)
    assert all(job.state == "done" for job in page.session_state["answers"].jobs)


def test_the_address_reproduces_sample_target_and_methods() -> None:
    page = image_page(
        sample="chelsea",
        target="tabby",
        contrast="287",
        methods="saliency",
    )
    page = finished(page)
    request = page.session_state["answers"].question
    assert (request.target, request.contrast) == (281, 287)
    assert [ask.method for ask in request.asks] == ["saliency"]
    assert "tabby rather than lynx" in " ".join(m.value for m in page.markdown)


def test_a_changed_question_waits_for_the_button() -> None:
    page = finished(image_page(sample="coffee", methods="grad-cam"))
    page.multiselect(key="methods").set_value(["saliency"]).run()
    assert [ask.method for ask in page.session_state["answers"].question.asks] == ["grad-cam"]
    assert any("Press Explain" in c.value for c in page.caption)
    next(b for b in page.button if b.label == "Explain").click().run()
    assert [ask.method for ask in page.session_state["answers"].question.asks] == ["saliency"]


def test_the_same_class_twice_is_one_sentence() -> None:
    page = image_page(sample="coffee", target="287", contrast="n02127052")
    assert [e.value for e in page.error] == [
        "The two classes are the same; choose another one to compare with."
    ]


def test_bad_uploads_are_told_and_good_ones_kept() -> None:
    page = image_page()
    names = [key for key in BAD_PICTURES if "60" not in key and "mb" not in key.lower()]
    files = [(name, data, "image/png") for name, data in (BAD_PICTURES[k]() for k in names)]
    # The widget itself refuses other endings, so what arrives has one of a picture.
    files = [(f"{i}.png", data, kind) for i, (_, data, kind) in enumerate(files)]
    good = sample_path("coffee")
    files.append((good.name, good.read_bytes(), "image/png"))
    page.file_uploader(key="uploads").set_value(files)
    page.run()
    assert not page.exception
    assert len(page.error) == len(files) - 1
    assert all("\n" not in e.value and "Traceback" not in e.value for e in page.error)
    assert page.subheader[0].value.startswith("espresso")
    finished(page)


def test_a_picture_that_comes_later_is_opened_and_what_is_picked_stays() -> None:
    page = image_page()
    paths = [sample_path(name) for name in ("coffee", "chelsea", "rocket")]
    files = [(path.name, path.read_bytes(), "image/png") for path in paths]
    page.file_uploader(key="uploads").set_value(files[:2]).run()
    assert page.subheader[0].value.startswith("espresso")
    uploader = page.file_uploader(key="uploads")
    # As Streamlit does, which AppTest does not: what is there already stays the same file.
    uploader._files = [*uploader._get_files_to_register(), ("new", *files[2])]
    page.run()
    assert page.session_state["which"] == 2
    page.session_state["which"] = 1  # as a click does
    page.run()
    assert page.session_state["which"] == 1
    page.file_uploader(key="uploads").set_value(files[:1]).run()
    assert page.subheader[0].value.startswith("espresso")
    assert not page.exception
