"""Attacks on models, asked as users ask."""
