"""EfficientNet-Lite0, pretrained on ImageNet, fine-tuned on other pictures.

Transfer as in Kornblith et al., "Do Better ImageNet Models Transfer Better?", 2019,
https://arxiv.org/abs/1805.08974: all layers learn on, the last one anew, and small pictures are
enlarged first, since the network halves them five times.
"""

from typing import cast

from torch import Tensor, nn

from dlexplain.errors import BadInput
from dlexplain.networks.base import PictureShape
from dlexplain.networks.efficientnet import Params
from dlexplain.networks.modules.efficientnet_lite0 import EfficientNetLite0, pretrained_state

CHANNELS = 3


class EfficientNet(nn.Module):
    """(batch, 3, side, side) -> (batch, classes) logits.

    Inputs may have any mean and scale: the first batch norm learns them. Pictures smaller than the
    resolution are enlarged to it; those of a data set of larger ones stay as they are.
    """

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        if shape.channels != CHANNELS:
            raise BadInput(
                f"efficientnet was trained on colour pictures, {CHANNELS} channels; "
                f"the data have {shape.channels}"
            )
        side = max(params.resolution, shape.side)
        self.resize = nn.Upsample(size=(side, side), mode="bilinear", align_corners=False)
        self.network = EfficientNetLite0(shape.classes)
        self.dropout = nn.Dropout(params.dropout)
        fresh = self.network.classifier.state_dict(prefix="classifier.")
        self.network.load_state_dict(pretrained_state() | fresh)

    def forward(self, x: Tensor) -> Tensor:
        features = self.network.features(self.resize(x))  # (batch, 1280)
        features = self.dropout(features)
        return cast(Tensor, self.network.classifier(features))
