"""Compressed models: measured beside their original, swept over ways and strengths, exported."""
