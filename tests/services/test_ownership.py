"""Runs, reports, sweeps and their models have owners: what each person sees and may change."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dlexplain.errors import BadInput, NotAllowed, StatesError, UnknownName
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import Change, States
from dlexplain.explainers.progress import Progress
from dlexplain.people import Person, acting_as
from dlexplain.results.reports import Report
from dlexplain.services import auditing, cluster
from dlexplain.services.reporting import store
from dlexplain.services.sweeps import sweeping
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.services.training import parents, quotas, registering, runs
from dlexplain.services.training.estimating import estimate_apart
from dlexplain.services.training.presets import preset
from dlexplain.services.training.rate_finding import find_rate_apart
from dlexplain.settings import settings
from dlexplain.trained import catalogue
from dlexplain.trained.runs import finished_runs, state_of

ANN = Person("ann@example.org", "Ann", "member")
BEN = Person("ben@example.org", "Ben", "member")
VIC = Person("vic@example.org", "Vic", "viewer")
EVE = Person("eve@example.org", "Eve", "admin")
SPEC = RunSpec("forecast", "lstm-forecaster", "macrodata")
REPORT = Report("run", "a title", "Is it?", "It is.", ())


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[States]:
    """Of a home folder in which this process is at work on a run, so that no other begins."""
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    found = States(paths.states_file(tmp_path))
    busy = found.add(SPEC, owner=EVE.email)
    found.take(lambda *_: "cpu")
    found.attach(busy.id)
    yield found
    monkeypatch.undo()
    settings.cache_clear()


def ended(states: States, owner: str, state: str = "finished") -> str:
    run = states.add(SPEC, owner=owner).id
    states.take(lambda *_: "cpu", run)
    states.attach(run)
    states.move(run, state, "a test")  # type: ignore[arg-type]
    return run


def test_a_person_sees_their_own_runs_and_an_admin_all(states: States) -> None:
    own, other = ended(states, ANN.email), ended(states, BEN.email)
    with acting_as(ANN):
        assert [record.id for record in runs.runs()] == [own]
        assert [record.id for record in runs.latest_runs(4)] == [own]
        assert runs.run(own).owner == ANN.email
        with pytest.raises(UnknownName, match="unknown run") as absent:
            runs.run("00000000")
        with pytest.raises(UnknownName) as hidden:
            runs.run(other)
        # The same sentence, which names none but one's own.
        assert str(hidden.value).replace(other, "00000000") == str(absent.value)
        assert other[:4] not in str(absent.value)
        assert runs.damaged_runs() == []
    with acting_as(EVE):
        assert {own, other} <= {record.id for record in runs.runs()}


def test_the_model_of_a_private_run_is_no_model_of_others(states: States) -> None:
    run = ended(states, ANN.email)
    with acting_as(BEN):
        assert finished_runs() == [] and state_of(run) is None
        assert run not in [entry.name for entry in catalogue.entries("forecast")]
        for look in (catalogue.find, catalogue.trained):
            with pytest.raises(UnknownName) as hidden:
                look(run)
            assert "finished" not in str(hidden.value).partition("known")[0]
    with acting_as(ANN):
        assert catalogue.find(run, "forecast").name == run
        runs.share(run, "member")
    with acting_as(BEN):
        assert catalogue.find(run, "forecast").name == run
    with acting_as(VIC):
        assert finished_runs() == []


@pytest.mark.parametrize(
    ("role", "seen_by"), [("", ()), ("viewer", (BEN, VIC)), ("member", (BEN,))]
)
def test_a_run_is_shared_with_a_role(
    states: States, role: str, seen_by: tuple[Person, ...]
) -> None:
    run = ended(states, ANN.email)
    with acting_as(ANN):
        assert runs.share(run, role).shared == role
    for one in (BEN, VIC):
        with acting_as(one):
            assert [r.id for r in runs.runs()] == ([run] if one in seen_by else [])


def test_nobody_shares_with_what_is_no_role(states: States) -> None:
    with acting_as(ANN), pytest.raises(BadInput, match='"admin" is no role to share with'):
        runs.share(ended(states, ANN.email), "admin")


CHANGES: dict[str, Callable[[str], object]] = {
    "cancel": runs.cancel,
    "resume": runs.resume,
    "rename": lambda run: runs.rename(run, "mine"),
    "tag": lambda run: runs.tag(run, ["mine"]),
    "annotate": lambda run: runs.annotate(run, note="mine"),
    "share": lambda run: runs.share(run, "viewer"),
    "delete": runs.delete,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("who", [BEN, VIC, EVE, ANN], ids=lambda person: person.name)
def test_who_changes_a_shared_run_of_another(states: States, change: str, who: Person) -> None:
    """That they may look at it changes nothing of what they may do."""
    run = states.add(SPEC, owner=ANN.email).id
    if change in ("resume", "delete"):
        states.move(run, "cancelled", "a test")
    states.share(run, "viewer")
    before = states.get(run)
    with acting_as(who):
        if who in (ANN, EVE):
            CHANGES[change](run)
            assert [line.what for line in states.audited(5, who.email)] == [change]
            return
        with pytest.raises(NotAllowed, match="it takes a"):
            CHANGES[change](run)
    assert states.get(run) == before and states.audited(5) == []


def test_what_a_viewer_may_not_begin(states: States) -> None:
    spec = preset("digits-cnn")
    sweep = sweep_spec(spec, ["learning_rate=0.1,0.2"])
    begins: tuple[Callable[[], Any], ...] = (
        lambda: runs.launch(spec),
        lambda: runs.launch_seeds(spec, 2),
        lambda: sweeping.start(sweep),
        lambda: cluster.choose_cluster("127.0.0.1:6379"),
        lambda: catalogue.find("/usr/share/model"),
        lambda: parents.own_spec("somebody/model"),
        lambda: estimate_apart(spec, Progress()),
        lambda: find_rate_apart(spec, Progress()),
        auditing.audited,
    )
    with acting_as(VIC):
        for begin in begins:
            with pytest.raises((NotAllowed, UnknownName)):
                begin()
    assert len(states.all()) == 1


def test_what_a_member_begins_is_theirs(states: States) -> None:
    with acting_as(ANN):
        record = runs.launch(preset("digits-cnn"))
    assert states.get(record.id).owner == ANN.email and record.owner == ANN.email
    (line,) = states.audited(5)
    assert (line.who, line.what, line.target) == (ANN.email, "train", f"run {record.id}")


def test_a_folder_that_is_there_begins_no_run_of_a_viewer(states: States) -> None:
    with acting_as(VIC), pytest.raises(NotAllowed, match="load models"):
        catalogue.trained(str(paths.zoo_folder() / "digits-cnn"))
    with acting_as(ANN):
        assert catalogue.trained(str(paths.zoo_folder() / "digits-cnn")).spec.model == "cnn"


def test_runs_that_begin_at_once_keep_to_the_quota(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tab's is queued while this one's data are being read."""
    monkeypatch.setenv("DLEXPLAIN_PERSON_RUNS", "1")
    settings.cache_clear()
    real, others = runs._checked, []

    def slow(spec: RunSpec) -> RunSpec:
        if not others:
            others.append(None)
            runs.launch(spec)
        return real(spec)

    monkeypatch.setattr(runs, "_checked", slow)
    with acting_as(ANN), pytest.raises(BadInput, match="go beyond 1"):
        runs.launch(preset("digits-cnn"))
    assert [row.owner for row in states.all()] == [ANN.email, EVE.email]
    settings.cache_clear()


def test_an_audit_line_that_the_store_does_not_take_fails_nothing(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: States, line: object) -> None:
        raise StatesError("it is locked")

    monkeypatch.setattr(States, "_note_audit", locked)
    with acting_as(ANN):
        record = runs.launch(preset("digits-cnn"))
    assert record.id in [row.id for row in states.all()]
    assert f"run {record.id}" in paths.audit_file(settings().home).read_text()


def test_many_reports_of_others_hide_none(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_LISTED", 2)
    monkeypatch.setattr(store, "MOST_EACH", 3)
    with acting_as(ANN):
        mine = store.keep(REPORT)
    with acting_as(VIC):
        theirs = [store.keep(REPORT) for _ in range(3)]
        with pytest.raises(BadInput, match="3 reports, the most"):
            store.keep(REPORT)
    with acting_as(ANN):
        assert [one.id for one in store.kept_reports()] == [mine.id]
        assert store.open_report(mine.id).title == REPORT.title
        with pytest.raises(UnknownName):
            store.open_report(theirs[0].id)
    with acting_as(EVE):
        assert len(store.kept_reports()) == 2
        assert store.entry_of(theirs[0].id) == theirs[0]


def test_a_sweep_is_its_owners(states: States) -> None:
    spec = sweep_spec(preset("digits-cnn"), ["learning_rate=0.1,0.2"])
    made = SweepFiles.make(settings().home, "5eed5eed", spec, ANN)
    with acting_as(BEN):
        assert sweeping.sweeps() == []
        for act in (sweeping.sweep_now, sweeping.stop, sweeping.resume):
            with pytest.raises(UnknownName, match="none yet"):
                act(made.id)
    with acting_as(ANN):
        assert [found.id for found in sweeping.sweeps()] == [made.id]


def test_registering_asks_too(states: States) -> None:
    run = ended(states, ANN.email)
    states.share(run, "viewer")
    with acting_as(BEN), pytest.raises(NotAllowed, match="register models of others"):
        registering.register(run, "mine")


def test_the_audit_log_is_for_admins(states: States) -> None:
    with acting_as(ANN):
        runs.rename(ended(states, ANN.email), "new name")
        with pytest.raises(NotAllowed, match="it takes an admin"):
            auditing.audited()
    with acting_as(EVE):
        (line,) = auditing.audited(ANN.email)
        assert (line.who, line.what, line.detail) == (ANN.email, "rename", "new name")


def test_the_machines_own_user_leaves_no_line(states: States) -> None:
    runs.rename(ended(states, ""), "new name")
    assert states.audited(5) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PERSON_RUNS", "2", "you have 2 runs queued or at work, and 1 more would go beyond 2"),
        ("PERSON_MB", "1", "your runs take 2 MB; one person's may take 1 MB"),
        ("PERSON_MINUTES", "3", "at work for 5 minutes in the last 24 hours; one person's may be"),
    ],
)
def test_a_person_has_quotas(
    states: States, name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ended(states, ANN.email)
    folder = paths.run_folder(settings().home, run)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_bytes(bytes(2_000_000))
    _backdate(states, run, minutes=5)
    for _ in range(2):
        states.add(SPEC, owner=ANN.email)
    monkeypatch.setenv(f"DLEXPLAIN_{name}", value)
    settings.cache_clear()
    with acting_as(ANN), pytest.raises(BadInput, match=said):
        runs.launch(preset("digits-cnn"))
    for free in (BEN, EVE):  # who has none yet, and who has no quota
        with acting_as(free):
            assert runs.launch(preset("digits-cnn")).owner == free.email


def _backdate(states: States, run: str, minutes: float) -> None:
    with states._change() as db:
        db.change(
            "UPDATE changes SET at = at - :by WHERE run = :run AND state = 'running'",
            by=60 * minutes, run=run,
        )  # fmt: skip


def test_minutes_of_a_day_are_those_within_it() -> None:
    changes = [
        Change(0.0, "queued", "", ""),
        Change(100.0, "running", "", ""),
        Change(200.0, "interrupted", "", ""),
        Change(300.0, "running", "", ""),
    ]
    assert quotas.at_work(changes, 0.0, 360.0) == 160.0
    assert quotas.at_work(changes, 150.0, 360.0) == 110.0
    assert quotas.at_work(changes, 350.0, 360.0) == 10.0
    assert quotas.at_work(changes[:3], 250.0, 360.0) == 0.0
