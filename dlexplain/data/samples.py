"""Sample pictures, read from the packages scikit-image and scikit-learn that carry them, and those
that `dx.show` was given.

The files are found beside the packages without importing them.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.pictures import Picture, read_picture
from dlexplain.errors import PictureError, UnknownName


@dataclass(frozen=True)
class Sample:
    """A picture that an installed package carries.

    key      the name to ask for it by
    title    what it shows, for pickers
    credit   who made it and on what terms, as its package states it
    package  the import name of the package
    file     the path inside the package
    """

    key: str
    title: str
    credit: str
    package: str
    file: str


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "chelsea",
        "A cat",
        "Stefan van der Walt, CC0, from scikit-image",
        "skimage",
        "data/chelsea.png",
    ),
    Sample(
        "coffee",
        "A cup of coffee",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0, from scikit-image",
        "skimage",
        "data/coffee.png",
    ),
    Sample(
        "astronaut",
        "An astronaut (Eileen Collins)",
        "NASA, public domain, from scikit-image",
        "skimage",
        "data/astronaut.png",
    ),
    Sample(
        "rocket",
        "A rocket launch",
        "SpaceX, public domain, from scikit-image",
        "skimage",
        "data/rocket.jpg",
    ),
    Sample(
        "motorcycle",
        "A motorcycle",
        "Middlebury 2014 stereo benchmark (Nesic, Westling, Wang, Kitajima, Krathwohl,"
        " Scharstein), from scikit-image",
        "skimage",
        "data/motorcycle_left.png",
    ),
    Sample(
        "china",
        "A Chinese temple",
        "danielbuechele on Flickr, CC BY 2.0, from scikit-learn",
        "sklearn",
        "datasets/images/china.jpg",
    ),
    Sample(
        "flower",
        "A flower",
        # scikit-learn's README names danielbuechele here too, but links to this photographer.
        "vultilion on Flickr, CC BY 2.0, from scikit-learn",
        "sklearn",
        "datasets/images/flower.jpg",
    ),
)


_given: dict[str, Picture] = {}


def give_samples(pictures: Sequence[Picture]) -> tuple[str, ...]:
    """Let these be samples of this process, before the others; returns their keys."""
    _given.clear()
    _given.update({f"given-{place}": picture for place, picture in enumerate(pictures, start=1)})
    return tuple(_given)


def sample_names() -> tuple[str, ...]:
    """The keys of all samples, in the order in which to show them."""
    return (*_given, *(s.key for s in SAMPLES))


def sample(name: str) -> Sample:
    """The sample of that key; raises UnknownName, which lists the known ones."""
    for s in SAMPLES:
        if s.key == name:
            return s
    if name in _given:
        return Sample(name, _given[name].name, "given to dx.show", "", "")
    raise UnknownName(f'there is no sample "{name}"; known are {", ".join(sample_names())}')


def sample_title(name: str) -> str:
    """What the sample shows, for pickers; raises UnknownName."""
    return sample(name).title


def sample_path(name: str) -> Path:
    """Where the sample's file lies; raises UnknownName, or PictureError if it is not there."""
    s = sample(name)
    spec = importlib.util.find_spec(s.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / s.file
        if path.is_file():
            return path
    project = {"skimage": "scikit-image", "sklearn": "scikit-learn"}[s.package]
    raise PictureError(
        f'the sample "{name}" is a file of the package {project}, which is not installed or'
        f" does not carry {s.file}; install {project} to use it"
    )


def read_sample(name: str) -> Picture:
    """The sample's picture, named by its key; raises as `sample_path` does."""
    if name in _given:
        return _given[name]
    return read_picture(sample_path(name), name)
