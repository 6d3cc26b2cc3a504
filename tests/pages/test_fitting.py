"""Crop, pad and squash on the picture page: chosen, said, and in the address."""

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dlexplain.figures.overlay import with_left_out
from tests.bad_pictures import encoded
from tests.pages.test_pages import finished, image_page


def said(page: AppTest) -> str:
    return " ".join(element.value for element in [*page.caption, *page.warning])


def seen(page: AppTest) -> str:
    """The caption of the picture."""
    return str(page.get("image")[0].captions[0])


def test_the_address_says_how_the_picture_is_fitted() -> None:
    page = finished(image_page(sample="coffee", methods="saliency", fit="pad"))
    assert page.segmented_control(key="fit").value == "pad"
    assert "the model sees all of it, bars filling the square, at 224 × 224" in seen(page)
    (job,) = page.session_state["answers"].jobs
    assert job.result.fit == "pad"
    assert page.query_params["fit"] == "pad"


def test_a_moved_crop_is_another_question_and_shared() -> None:
    page = finished(image_page(sample="coffee", methods="saliency", fit="crop:0.1,0.5"))
    assert (page.slider(key="fit-x").value, page.slider(key="fit-y").value) == (10, 50)
    assert "the bright part is what the model sees" in seen(page)
    assert page.session_state["answers"].jobs[0].result.fit == "crop:0.1,0.5"
    page.slider(key="fit-x").set_value(90).run()
    page = finished(page)
    assert page.session_state["answers"].jobs[0].result.fit == "crop:0.9,0.5"
    assert page.query_params["fit"] == "crop:0.9,0.5"
    page.slider(key="fit-x").set_value(50).run()
    assert "fit" not in page.query_params
    assert finished(page).session_state["answers"].jobs[0].result.fit == "crop"


@pytest.mark.parametrize("fit", ["middle", "crop:2,0", "crop:<b>,1"])
def test_another_fit_in_the_address_is_told(fit: str) -> None:
    page = image_page(sample="coffee", methods="saliency", fit=fit)
    assert "crop, crop:X,Y with X and Y from 0 to 1" in said(page)
    assert finished(page).session_state["answers"].jobs[0].result.fit == "crop"


def test_a_small_transparent_upload_is_told_to_be_enlarged_and_laid_on_white() -> None:
    page = image_page()
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 100))
    page.file_uploader(key="uploads").upload("small.png", encoded(image, "PNG"), "image/png")
    page.run()
    assert "What is transparent is laid on white; enlarged 13 times from 20 × 20 pixels." in said(
        page
    )


def test_what_is_left_out_is_dark_and_framed() -> None:
    pixels = np.full((10, 20, 3), 100, np.uint8)
    drawn = with_left_out(pixels, (5, 0, 15, 10))
    assert (drawn[:, :5] == 30).all() and (drawn[:, 15:] == 30).all()
    assert (drawn[1:9, 6:14] == 100).all()
    assert (drawn[:, 5] == 255).all() and (drawn[0, 5:15] == 255).all()
    large = with_left_out(np.full((1000, 2000, 3), 100, np.uint8), (0, 0, 1000, 1000))
    assert large.shape == (320, 640, 3)
    assert (large[5:-5, 5:315] == 100).all() and (large[:, 321:] == 30).all()
