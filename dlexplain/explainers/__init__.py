"""Explanations of a model's predictions."""
