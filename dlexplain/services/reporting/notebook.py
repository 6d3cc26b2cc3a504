"""A report as a notebook that repeats it."""

import hashlib
import json
from typing import Any

from dlexplain.results.reports import FORMATS, KINDS, Report

WARNING = (
    "It runs here as it stands; another machine may differ in the last digits. A path in capitals "
    "stands for a file of yours."
)


def report_notebook(report: Report) -> bytes:
    """Question and answer, then a cell of code each of `report.about.python`; not run yet.

    A notebook of format 4.5 (nbformat); the same report gives the same bytes.
    """
    import nbformat

    about = report.about
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    head = [
        f"# {plain(report.question)}",
        plain(report.answer),
        f"{KINDS[report.kind]}, {about.date[:10]}. {WARNING}",
        f"Made with {plain(versions)}." if versions else "",
    ]
    cells = [_cell("markdown", "\n\n".join(filter(None, head)))]
    cells += [_cell("code", code) for code in about.python]
    if papers := [one for one in about.methods if one.paper]:
        told = [f"- {plain(one.title)}: {plain(one.paper)}" for one in papers]
        cells.append(_cell("markdown", "\n".join(["## Papers", "", *told])))
    if about.commands:
        fenced = "\n".join(f"    {' '.join(line.split())}" for line in about.commands)
        cells.append(_cell("markdown", f"## In a terminal\n\n{fenced}"))
    for place, cell in enumerate(cells):
        cell["id"] = hashlib.sha256(f"{place}{cell['source']}".encode()).hexdigest()[:8]
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": cells,
    }
    nbformat.validate(made)
    return (json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _cell(kind: str, source: str) -> dict[str, Any]:
    of_code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **of_code}


FORMATS.add("ipynb", report_notebook)


def plain(text: str) -> str:
    """Any text so that Markdown shows it as it is: on one line, no mark-up of its own."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|$~!" else letter for letter in line)
