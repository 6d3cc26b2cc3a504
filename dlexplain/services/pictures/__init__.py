"""The picture classifiers: which there are, what they say of a picture, and why."""
