"""How often one map may ask its model."""

import pytest

from dlexplain.errors import ParamError
from dlexplain.explainers import base
from dlexplain.explainers.progress import Progress
from dlexplain.server_files import serve_pages
from dlexplain.settings import settings
from tests.tiny import conv_net, explain, prepared


@pytest.mark.parametrize(
    ("here", "told", "expected"),
    [(True, None, 0), (False, None, 10_000), (False, "50", 50), (False, "0", 0), (True, "9", 9)],
)
def test_it_is_limited_where_others_use_the_server_or_where_it_is_set(
    here: bool, told: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told:
        monkeypatch.setenv("DLEXPLAIN_MAX_EVALUATIONS", told)
    settings.cache_clear()
    serve_pages(here)
    assert base.most_evaluations() == expected
    monkeypatch.undo()
    settings.cache_clear()


def test_outside_of_pages_there_is_no_limit() -> None:
    assert base.most_evaluations() == 0


def test_20_000_masks_are_refused_before_the_model_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "most_evaluations", lambda: 10_000)
    progress = Progress()
    with pytest.raises(
        ParamError,
        match="RISE would ask the model 20,000 times with these parameters; "
        "on this server up to 10,000 times are accepted",
    ):
        explain(conv_net(), "rise", progress=progress, samples=20_000)
    assert progress.done == 0


def test_each_map_has_the_whole_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job may make many maps; what it has done before is not counted."""
    monkeypatch.setattr(base, "most_evaluations", lambda: 30)
    model, progress = prepared(conv_net()), Progress()
    for _ in range(3):
        assert explain(model, "rise", progress=progress, samples=30).values.any()
    assert progress.done == 90
    with pytest.raises(ParamError, match="31 times"):
        explain(model, "rise", progress=progress, samples=31)


def test_what_was_not_announced_counts_too() -> None:
    progress = Progress()
    with pytest.raises(ParamError, match="It would ask the model 6"), progress.at_most(5, "It"):
        for _ in range(10):
            progress.advance(3)
    assert progress.done == 6
    progress.plan(100)  # outside of it nothing is limited
