"""What is explained, one modality a file: how methods see an input of a model."""
