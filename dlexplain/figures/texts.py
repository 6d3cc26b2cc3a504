"""The confusion matrix of a text classifier."""

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.tested import plot_confusion
from dlexplain.results import ClassificationTest, TextTest, plot


@plot.register
def plot_text_confusion(tested: TextTest, share: bool = True) -> go.Figure:
    """As plot_confusion's of pictures, counting texts."""
    none = np.empty(0, np.int64)
    no_pixels = np.empty((0, 1, 1, 1), np.uint8)
    figure = plot_confusion(
        ClassificationTest(
            tested.classes, tested.confusion, no_pixels, none, none, none.astype(np.float32)
        ),
        share,
    )
    (matrix,) = figure.data
    matrix.hovertemplate = matrix.hovertemplate.replace("pictures", "texts")
    title = matrix.colorbar.title
    title.text = title.text.replace("pictures", "texts")
    return figure
