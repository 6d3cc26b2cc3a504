"""Pictures for pages: uploads, shots of the camera, and the samples that pip packages carry."""

from dlexplain.data.imagenet import imagenet_classes
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.data.samples import SAMPLES, read_sample, sample, sample_names

ENDINGS = ("png", "jpg", "jpeg", "webp", "bmp", "gif")

__all__ = [
    "ENDINGS",
    "SAMPLES",
    "Picture",
    "class_definition",
    "class_titles",
    "read_picture",
    "read_sample",
    "sample",
    "sample_names",
]


def class_titles() -> tuple[str, ...]:
    """A unique text for each class, such as "tabby (281, n02123045)"; position = index."""
    return tuple(c.title for c in imagenet_classes())


def class_definition(index: int) -> str:
    """WordNet's definition of a class."""
    return imagenet_classes()[index].definition
