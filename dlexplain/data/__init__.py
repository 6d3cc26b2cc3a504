"""Pictures, sample pictures and the ImageNet classes; NumPy and Pillow only."""
