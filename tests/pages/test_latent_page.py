"""The page on latent space: it answers at once, in every view, and says what is wrong."""

import base64
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dlexplain.figures.latent_sheets import path_sheet, sheet
from dlexplain.results import LatentPath, Reconstruction, SeenPicture
from dlexplain.ui.latent.between import told as told_steps
from dlexplain.ui.latent.closer import logit_text
from dlexplain.ui.latent.dimensions import table
from dlexplain.ui.latent.pad import decoded
from tests.bad_pictures import BAD_PICTURES, encoded
from tests.latents import encoded as encoded_codes
from tests.latents import finished

ROOT = Path(__file__).parents[2]
PAGE = str(ROOT / "pages/generate/1_latent.py")
SLOTS = ("latent-encoded", "latent-nearest", "latent-real")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key.rstrip("_")] = value
    return ended(page.run())


def ended(page: AppTest, seconds: float = 60) -> AppTest:
    """Run again until no job is active, as the page's fragments do by themselves."""
    stop = time.monotonic() + seconds
    while any(slot in page.session_state and page.session_state[slot].job.active for slot in SLOTS):
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def asked(page: AppTest) -> dict[str, Any]:
    """What the page's address has."""
    given = page.query_params.items()
    return {key: value[0] if isinstance(value, list) else value for key, value in given}


def said(page: AppTest) -> str:
    return " ".join(e.value for e in [*page.caption, *page.markdown, *page.info, *page.subheader])


def uploaded(data: bytes, name: str = "mine.png", **query: str) -> AppTest:
    page = opened(**query)
    page.segmented_control(key=source_key(page)).set_value("Upload").run()
    page.file_uploader(key="latent-upload").set_value([(name, data, "image/png")]).run()
    return ended(page)


def source_key(page: AppTest) -> str:
    return next(str(c.key) for c in page.segmented_control if "latent-source" in str(c.key))


def test_it_begins_with_a_reconstruction_and_how_unusual_it_is() -> None:
    page = opened()
    assert page.session_state["latent-model"] == "mnist-vae"
    assert [metric.label for metric in page.metric] == ["Mean squared error", "KL to the prior"]
    assert "of the 1,000 test pictures: **it can be copied as well as they are**" in said(page)
    assert "of them: **its code says as much as theirs**" in said(page)
    assert "This alone cannot tell whether it is one of them" in said(page)
    assert asked(page) == {"model": "mnist-vae", "view": "reconstruct", "test": "0"}


def test_the_address_has_model_view_and_picture() -> None:
    page = opened(model="mnist-autoencoder", test="77")
    assert page.session_state["latent-test"] == 77
    assert [metric.label for metric in page.metric] == ["Mean squared error"]
    assert asked(page)["test"] == "77"


def test_a_photo_of_another_size_and_colour_is_told_what_became_of_it() -> None:
    photo = np.full((90, 120, 3), (240, 230, 220), np.uint8)
    photo[30:70, 55:62] = (20, 30, 120)
    page = uploaded(encoded(Image.fromarray(photo), "PNG"))
    assert (
        "What was done to it: made grey; inverted, since its background is light and the model's "
        "is dark; its ink cut out, made white and centred in 28 × 28." in said(page)
    )
    noise = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    page = uploaded(encoded(Image.fromarray(noise), "PNG"))
    assert (
        "100.0% of the 1,000 test pictures: **it is copied worse than nearly all of them: an "
        "anomaly**" in said(page)
    )
    assert "alone cannot tell" not in said(page)
    page = uploaded(encoded(Image.new("L", (1, 1)), "PNG"))
    assert "**nothing follows from that**" in said(page)
    assert "a nearly empty picture is always easy to copy" in said(page)
    assert "its code says" not in said(page)
    assert "test" not in page.query_params


def test_what_is_no_picture_is_refused_in_one_sentence() -> None:
    page = opened()
    page.segmented_control(key=source_key(page)).set_value("Upload").run()
    assert "Upload, photograph or draw a picture above" in said(page)
    for name in sorted(set(BAD_PICTURES) - {"huge_file", "huge_png"}):
        # The widget itself refuses other endings, so what arrives has one of a picture.
        file = (f"{name}.png", BAD_PICTURES[name]()[1], "image/png")
        page.file_uploader(key="latent-upload").set_value([file]).run()
        assert not page.exception
        assert len(page.error) == 1, name
        assert "\n" not in page.error[0].value


def test_a_drawing_is_read_from_what_the_browser_sends() -> None:
    data = encoded(Image.new("L", (9, 9)), "PNG")
    address = "data:image/png;base64," + base64.b64encode(data).decode()
    assert decoded(address) == data
    for wrong in ("", "hello", "data:image/png;base64,%%%", "data:text/html;base64,AAAA"):
        assert decoded(wrong) == b""
    page = opened()
    page.segmented_control(key=source_key(page)).set_value("Draw").run()
    assert not page.exception
    assert "each stroke is read at once" in said(page)


def test_the_map_and_the_dimensions_are_there() -> None:
    page = opened(view="map")
    assert "The star is the picture above" in said(page)
    page.segmented_control(key="latent-how").set_value("dimensions").run()
    assert not page.exception
    assert page.selectbox(key="latent-across").value == 11  # that which carries most
    page = opened(view="dimensions")
    assert "16 of 16 dimensions are used" in said(page)
    assert "Dimensions count from 0, as code[0] does in Python." in said(page)
    assert len(page.slider) == 6
    assert page.slider[0].label == "Dimension 11"  # as code[11] in Python
    before = page.slider[0].value
    page.slider[0].set_value(2.0).run()
    assert not page.exception
    assert (page.slider[0].value, before != 2.0) == (2.0, True)
    next(b for b in page.button if "own numbers" in b.label).click().run()
    assert page.slider[0].value == before


def test_the_map_shows_a_picture_once_one_is_chosen() -> None:
    page = opened(view="map")
    assert page.toggle(key="latent-thumbnails").value is False
    assert "of the training part" not in said(page)
    # a click cannot be made here, but what it leaves in the session can
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params["view"] = "map"
    key = "latent-map-mnist-vae-pca-0-1"
    page.session_state[key] = {"selection": {"points": [{"customdata": 7}]}}
    assert "of the training part, error" in said(ended(page.run()))


def test_numbers_of_dimensions_are_written_as_a_table() -> None:
    given = np.array([0.5, -1], np.float32)
    picture = np.zeros((2, 2, 1), np.uint8)
    seen, none = SeenPicture("p", picture), np.zeros(0, np.float32)
    found = Reconstruction("m", seen, picture, 0.1, given, given**2, given * 0 + 0.25)
    known = encoded_codes([[1, 0], [3, 0]], [0, 1], [0, 1], kl=given + 2)
    lines = table(found, known, given * 10).decode().splitlines()
    assert lines[0] == "dimension,code,deviation,kl,mean kl,gradient"
    assert lines[2] == "1,-1,0.25,1,1,-10"
    plain = Reconstruction("m", seen, picture, 0.1, given, none, none)
    lines = table(plain, encoded_codes([[1, 0], [3, 0]], [0, 1], [0, 1]), given).decode()
    assert lines.splitlines()[:2] == ["dimension,code,variance,gradient", "0,0.5,1,0.5"]
    assert table(plain, None, given).startswith(b"dimension,code,gradient\n")


def test_a_leap_is_told_only_where_one_step_stands_out() -> None:
    def path(*greys: int) -> LatentPath:
        pixels = np.repeat(np.array(greys, np.uint8), 4).reshape(-1, 2, 2, 1)
        numbers = np.zeros((len(greys), 1), np.float32)
        return LatentPath("m", pixels, numbers, numbers[:, 0], "linear")

    even, one = path(0, 60, 102, 153), path(0, 10, 20, 30, 234, 255)
    assert told_steps(even) == (
        "A step changes a pixel by 0.200 of its range on average (root mean square), the largest, "
        "from picture 1 to 2, by 0.235."
    )
    assert "from picture 4 to 5, by 0.800: there, at the orange line, two kinds" in told_steps(one)
    assert path(7, 7, 7).leap is None
    np.testing.assert_array_equal(path_sheet(even), sheet(even.pixels, 4))
    marked = (path_sheet(one) != sheet(one.pixels, 6)).any(axis=(0, 2))
    assert np.flatnonzero(marked).tolist() == [12]  # between the fourth and the fifth


def test_two_pictures_and_two_classes() -> None:
    page = opened(view="between", test="3", other="9")
    assert asked(page)["other"] == "9"
    assert "the largest, from picture " in said(page)
    page.segmented_control(key="latent-way-linear").set_value("spherical").run()
    assert not page.exception
    page = opened(view="classes")
    assert "Means over 3,600 training pictures." in said(page)
    assert page.selectbox(key="latent-minus-0").value == "0"


def test_a_gan_samples_and_is_asked_whether_it_copies() -> None:
    page = opened(model="mnist-gan", class_="7", seed="5", picture="3", truncation="0.5")
    assert "**Picture 3**, asked for: 7" in said(page)
    assert page.session_state["latent-nearest"].job.result.usual.shape == (200,)
    assert "**It is no copy**" in said(page)
    assert "of real test pictures" in said(page)
    assert [m.value[-7:] for m in page.metric] == [" logits"]
    assert logit_text(-0.104) == "−0.10 logits"
    assert "Completeness error" in said(page)
    assert asked(page)["class"] == "7"
    assert asked(page)["truncation"] == "0.5"
    page.segmented_control(key="latent-why").set_value("input-x-gradient").run()
    assert ended(page).session_state["latent-real"].job.result.method == "input-x-gradient"
    page.segmented_control(key="latent-view-gan").set_value("between").run()
    assert not page.exception
    assert asked(page)["from"] == "0"


def test_a_data_set_that_is_not_here_is_told_how_to_get() -> None:
    page = opened(model="cifar10-gan")
    assert "CIFAR-10 is not here: a run fetches it once from" in said(page)
    assert "Its nearest training pictures would show it" in said(page)
    page.text_input(key="data-path-cifar10").set_value("/nowhere").run()
    assert not page.exception
    assert "/nowhere is not there; give the path of CIFAR-10's folder or archive" in str(
        page.error[0].value
    )


@pytest.mark.parametrize("kind", ["conv-autoencoder", "vae", "dcgan"])
def test_a_finished_run_is_looked_into(kind: str) -> None:
    run = finished(kind)
    for view in ("samples",) if kind == "dcgan" else ("reconstruct", "map", "dimensions"):
        page = opened(model=run, view=view)
        assert not page.error
        assert asked(page)["model"] == run
    coloured = finished(kind, channels=3)  # digits are grey
    page = opened(model=coloured)
    told: Any = [error.value for error in page.error]
    assert any("the model takes" in text or "is what" in text for text in told), told
    assert all("\n" not in text for text in told)


def test_who_comes_again_by_another_address_gets_what_it_asks_for() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/generate/1_latent.py").run()
    ended(app)
    app.segmented_control(key=source_key(app)).set_value("Draw").run()
    app.switch_page("pages/home/0_home.py").run()
    app.query_params.update({"model": "mnist-autoencoder", "view": "dimensions", "test": "5"})
    app.switch_page("pages/generate/1_latent.py").run()
    ended(app)
    assert asked(app) == {"model": "mnist-autoencoder", "view": "dimensions", "test": "5"}


def test_an_address_that_asks_for_what_is_not_there_is_told() -> None:
    said_so = told(model="mnist-cnn", view="dream", test="5000")
    parts = (
        '"mnist-cnn" is a picture classifier, no autoencoder',
        'no view "dream" here; there are Reconstruct,',
        'test picture "5000"',
    )
    for part in parts:
        assert part in said_so
    assert asked(opened(view="Class-arithmetic"))["view"] == "classes"
    said_so = told(model="mnist-gan", count="0", class_="dog", picture="99")
    for part in ('count is "0"; it takes', 'no class "dog"', 'no picture "99"; 1 to 24 are there'):
        assert part in said_so
    said_so = told(model="mnist-gan", view="between", from_="-1", to="x")
    for part in ('seed is "-1"; it takes a whole number', 'seed is "x"; it takes a whole number'):
        assert part in said_so


def told(**query: str) -> str:
    """What is said of an address when it is opened."""
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key.rstrip("_")] = value
    page.run()
    assert not page.exception
    return " ".join(warning.value for warning in page.warning)
