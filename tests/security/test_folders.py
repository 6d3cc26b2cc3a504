"""Pages read below the allowed folders only, and say the same of what is outside and what is
absent; whatever reads a file that somebody names takes regular ones alone, at once."""

import ast
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.data.sets
import dlexplain.networks
import dlexplain.tasks  # noqa: F401
from dlexplain import server_files
from dlexplain.data import corpora, pairs, texts
from dlexplain.data.base import DATA, silent
from dlexplain.data.given_table import one_csv, read_given
from dlexplain.data.picture_files import find_pictures
from dlexplain.data.pictures import read_picture
from dlexplain.data.tables import read_table
from dlexplain.data.text_column import read_text_column
from dlexplain.errors import BadInput, DlexplainError
from dlexplain.params import parse, specs
from dlexplain.server_files import (
    allow,
    allowed_folders,
    check_regular,
    fetches_models,
    not_here,
    read_regular,
    serve_no_pages,
    serve_pages,
)
from dlexplain.services.pictures.sets import missing_data
from dlexplain.services.training.balance import class_balance
from dlexplain.services.training.catalogue import complete, data_status
from dlexplain.services.training.presets import PRESETS
from dlexplain.settings import Settings, local_path, settings
from dlexplain.trained.catalogue import find
from dlexplain.trained.folder import at_path
from dlexplain.trained.hub import model_folder
from dlexplain.trained.hugging_face import check_folder
from dlexplain.trained.own_file_card import own_file_card
from dlexplain.trained.own_files import check_file
from dlexplain.ui.own_models import Own
from tests.bad_pictures import encoded, noise
from tests.pages.apps import said

ROOT = Path(__file__).parents[2]
SECONDS = 5
PASSWD = "/etc/passwd"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """What blocks on a FIFO or reads a device fails instead of hanging."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"it took more than {SECONDS} s")

    signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)


class Place:
    """A folder that pages may read, and one beside it that they may not."""

    def __init__(self, root: Path) -> None:
        self.inside, self.outside = root / "inside", root / "outside"
        for folder in (self.inside, self.outside):
            (folder / "digits/one").mkdir(parents=True)
            (folder / "digits/one/a.png").write_bytes(encoded(noise(4, 4), "PNG"))
            (folder / "a.csv").write_text("date,text,label\n2000-01-01,good,1\n")
            (folder / "model.onnx").write_bytes(b"no model")
            (folder / "model.json").write_text("{}")
            (folder / "hf").mkdir()
            (folder / "hf/config.json").write_text("{}")
        for name in ("digits", "a.csv", "model.onnx", "hf"):
            (self.inside / f"link-{name}").symlink_to(self.outside / name)
        # A link keeps its ending, which says what it is.
        (self.inside / "link.onnx").symlink_to(self.outside / "model.onnx")
        (self.inside / "link.csv").symlink_to(self.outside / "a.csv")

    def hidden(self) -> dict[str, str]:
        """Paths that all are answered as the first one is."""
        inside, outside = self.inside, self.outside
        return {
            "absent": f"{inside}/none",
            "absent outside": f"{outside}/none",
            "folder outside": f"{outside}/digits",
            "model outside": f"{outside}/hf",
            "CSV outside": f"{outside}/a.csv",
            "file outside": f"{outside}/model.onnx",
            "linked folder": f"{inside}/link-digits",
            "linked model": f"{inside}/link-hf",
            "linked CSV": f"{inside}/link.csv",
            "linked file": f"{inside}/link.onnx",
            "up and out": f"{inside}/../outside/digits",
            "through what is outside": f"{outside}/digits/../../outside/digits",
            "the system's": PASSWD,
            "a folder of the system": "/usr",
            "a device": "/dev/zero",
        }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """As a dashboard that others reach, with one folder of data."""
    found = Place(tmp_path)
    monkeypatch.setenv("DLEXPLAIN_DATA", str(found.inside))
    settings.cache_clear()
    serve_pages(here=False)
    yield found
    serve_no_pages()
    monkeypatch.undo()
    settings.cache_clear()


def own(task: str) -> Callable[[str], object]:
    """The field "Your own model", and an address with one."""
    return Own(task, read=lambda name: check_folder(local_path(name), task))._check


def loads(name: str) -> Callable[[str], object]:
    def way(path: str) -> object:
        params = parse(DATA[name].Params, {"path": path})
        return DATA[name].load(params, settings().home / "data", silent)

    return way


def said_by_status(name: str) -> Callable[[str], object]:
    def way(path: str) -> object:
        found = data_status(name, {"path": path})
        if not found.there:
            raise BadInput(found.how)
        return found

    return way


def lies(path: str) -> object:
    """Where a model's own data lie, as several pages ask."""
    if found := missing_data(find("cifar10-cnn", "classify-image"), path):
        raise BadInput(found[1])
    return path


def launched(path: str) -> object:
    spec = PRESETS["cifar10-cnn"].spec
    return complete(replace(spec, data_params={**spec.data_params, "path": path}))


def balanced(path: str) -> object:
    spec = PRESETS["cifar10-cnn"].spec
    return class_balance(replace(spec, data_params={**spec.data_params, "path": path}))


READ_BY_PATH = [name for name in DATA if "path" in specs(DATA[name].Params)]
WAYS: dict[str, Callable[[str], object]] = {
    "any": local_path,
    "Many pictures": find_pictures,
    "own picture classifier": own("classify-image"),
    "own text classifier": own("classify-text"),
    "own language model": own("language-model"),
    "own detector": own("detect-objects"),
    "own translator": own("translate"),
    "where data lie": lies,
    "Launch": launched,
    **{f"data {name}": loads(name) for name in READ_BY_PATH},
    **{f"status {name}": said_by_status(name) for name in READ_BY_PATH},
}


def test_every_data_set_with_a_path_is_a_way_in() -> None:
    assert len(READ_BY_PATH) >= 10


@pytest.mark.parametrize("way", list(WAYS))
def test_outside_and_absent_are_one_sentence(way: str, place: Place) -> None:
    signal.alarm(4 * SECONDS)
    for kind, path in place.hidden().items():
        with pytest.raises(DlexplainError) as told:
            WAYS[way](path)
        assert not_here(path) in str(told.value), kind
        assert str(told.value).count("there is no") == 1, kind


@pytest.mark.parametrize("task", ["classify-image", "classify-text", "translate", "forecast"])
def test_names_of_models_are_answered_alike_too(task: str, place: Place) -> None:
    """Where no own model is taken: what is not of the list is unknown, whatever lies there."""
    answers = set()
    for path in place.hidden().values():
        assert at_path(path) is None
        with pytest.raises(DlexplainError) as told:
            find(path, task)
        answers.add(re.sub(r"; did you mean .*", "", str(told.value).replace(path, "PATH")))
    assert len(answers) == 1


def test_a_parent_or_teacher_outside_is_unknown(place: Place) -> None:
    spec = PRESETS["cifar10-cnn"].spec
    answers = set()
    for path in place.hidden().values():
        with pytest.raises(DlexplainError) as told:
            complete(replace(spec, parent=path))
        answers.add(re.sub(r"; did you mean .*", "", str(told.value).replace(path, "PATH")))
    assert len(answers) == 1


def test_the_balance_of_classes_is_none(place: Place) -> None:
    assert [balanced(path) for path in place.hidden().values()] == [None] * len(place.hidden())


def test_what_is_allowed_is_read(place: Place) -> None:
    assert local_path(f"{place.inside}/digits") == place.inside / "digits"
    assert local_path(place.inside / "digits/../a.csv").read_text().startswith("date")
    assert len(find_pictures(f"{place.inside}/digits").files) == 1
    assert read_text_column(local_path(f"{place.inside}/a.csv"))[1] == ["good"]
    assert check_file(f"{place.inside}/model.onnx") == place.inside / "model.onnx"


def test_the_command_line_and_python_read_what_their_user_may(place: Place) -> None:
    serve_no_pages()
    assert len(find_pictures(f"{place.outside}/digits").files) == 1
    assert len(find_pictures(f"{place.inside}/link-digits").files) == 1
    with pytest.raises(DlexplainError, match="is not there"):
        find_pictures(f"{place.outside}/none")


def test_a_linked_picture_of_an_allowed_folder_is_not_read(place: Place) -> None:
    folder = place.inside / "digits/one"
    (folder / "b.png").symlink_to(place.outside / "digits/one/a.png")
    (folder / "c.png").symlink_to(place.outside / "no-such.png")
    found = find_pictures(str(place.inside / "digits"))
    told = []
    with found.opened() as reader:
        assert reader.read(found.files[0]).pixels.shape == (4, 4, 3)
        for file in found.files[1:]:
            with pytest.raises(DlexplainError) as error:
                reader.read(file)
            told.append(str(error.value).replace(file.name, "NAME"))
    assert len(told) == 2


def test_a_linked_file_of_an_allowed_model_is_not_read(place: Place) -> None:
    model = place.inside / "hf"
    (model / "config.json").write_text(json.dumps({"architectures": ["BertForCausalLM"]}))
    (model / "tokenizer.json").write_text("{}")
    secret = place.outside / "model.safetensors"
    secret.write_bytes(b"weights")
    (model / "model.safetensors").symlink_to(secret)
    with pytest.raises(DlexplainError, match=r"model\.safetensors in .* cannot be read: No such"):
        check_folder(model, "language-model")
    (model / "model.safetensors").unlink()
    shutil.copy(secret, model)
    check_folder(model, "language-model")


def test_what_is_outside_cannot_be_told_by_a_way_through_it(place: Place) -> None:
    for way in ("digits", "none"):
        assert local_path(f"{place.outside}/{way}/../../inside/a.csv") == place.inside / "a.csv"
    assert local_path(f"{place.inside}/link-digits/../a.csv") == place.inside / "a.csv"


def test_nothing_outside_is_looked_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the words nor the work tell whether something lies there."""
    asked: list[str] = []

    def noting(known: Callable[..., Any]) -> Callable[..., Any]:
        def note(path: Any = ".", *args: Any, **named: Any) -> Any:
            asked.append(str(path))
            return known(path, *args, **named)

        return note

    for name in ("stat", "lstat", "listdir", "scandir", "open", "readlink"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    for path in (PASSWD, f"{place.outside}/digits", f"{place.outside}/none"):
        with pytest.raises(BadInput):
            local_path(path)
    assert [one for one in asked if "/outside/" in one or one.startswith("/etc")] == []


HOSTILE = {
    "somebody": "~nobody/x",
    "root": "~root",
    "nobody of that name": "~no-such-user-here/x",
    "zero": "/tmp/a\0b",
    "zero alone": "\0",
    "long": "x" * 5000,
    "long folders": "a/" * 3000,
    "surrogate": "/tmp/\ud800",
    "a byte that is no letter": "/tmp/\udcff",
    "up": "../" * 60 + "etc/passwd",
    "process": "/proc/self/environ",
    "descriptor": "/dev/stdin",
    "Windows": "C:\\Windows\\system.ini",
    "address": "file:///etc/passwd",
    "Markdown": "![b](http://host/q.png)",
    "lines": "a\nb\r\u2028c\u202e",
    "letters": "\u200b$x_{1}$ **b** <img src=x>",
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_a_hostile_path_is_a_sentence_everywhere(kind: str, place: Place) -> None:
    path = HOSTILE[kind]
    signal.alarm(6 * SECONDS)
    with pytest.raises(BadInput) as told:
        local_path(path)
    assert str(told.value) == not_here(path)
    told.value.args[0].encode("utf-8")  # which a page can show
    assert all(letter.isprintable() for letter in str(told.value)) and len(str(told.value)) < 300
    for way in WAYS.values():
        with pytest.raises(DlexplainError):
            way(path)


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind != "root"])
def test_it_is_one_for_the_command_line_too(kind: str) -> None:
    for way in (find_pictures, own("classify-text"), own("classify-image"), loads("csv-texts")):
        with pytest.raises(DlexplainError):
            way(HOSTILE[kind])


# Which folders


def found(monkeypatch: pytest.MonkeyPatch, here: bool, **variables: str) -> set[Path]:
    for name, value in {"DATA": "", "SHARED": "", "HUB": "", **variables}.items():
        monkeypatch.setenv(f"DLEXPLAIN_{name}", value)
    settings.cache_clear()
    serve_pages(here)
    return {*allowed_folders()}


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    serve_no_pages()
    monkeypatch.undo()
    settings.cache_clear()


def test_one_s_own_dashboard_reads_one_s_own_folders(
    started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, hub = settings().home, settings().home / "hub"
    mine = found(monkeypatch, here=True)
    assert mine == {home, hub, Path.home(), started, started / "../shared/data"}
    assert fetches_models()
    assert found(monkeypatch, here=True, DATA="/a:/b") == {home, hub, Path("/a"), Path("/b")}
    monkeypatch.chdir("/")
    assert found(monkeypatch, here=True) == {home, hub, Path.home()}


@pytest.mark.parametrize("here", [True, False])
def test_a_shared_one_reads_none_unless_told(
    here: bool, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, shared = settings().home / "hub", "1" if here else ""
    assert found(monkeypatch, here, SHARED=shared) == {hub}
    assert not fetches_models()
    with pytest.raises(DlexplainError, match="not fetched from the Hugging Face hub: pages of a"):
        model_folder("somebody/model")
    assert found(monkeypatch, here, SHARED=shared, DATA="/a") == {hub, Path("/a")}
    found(monkeypatch, here, SHARED=shared, HUB="1")
    assert fetches_models()


def test_what_its_own_user_shows_is_allowed(place: Place) -> None:
    allow([f"{place.outside}/hf"])
    assert local_path(f"{place.outside}/hf").is_dir()
    with pytest.raises(BadInput):
        local_path(f"{place.outside}/digits")


def test_a_folder_that_is_a_link_itself_is_allowed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = place.outside.parent / "named"
    link.symlink_to(place.inside)
    monkeypatch.setenv("DLEXPLAIN_DATA", str(link))
    settings.cache_clear()
    for folder in (link, place.inside):
        assert local_path(f"{folder}/digits").is_dir()
    with pytest.raises(BadInput):
        local_path(f"{link}/link-digits")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATA", "data:/a", '"data" depends on where the dashboard is started'),
        ("DATA", "~no-such-user-here", "is no path that can be read"),
        ("SHARED", "yes", '"yes" is neither 1 nor 0'),
        ("HUB", "2", '"2" is neither 1 nor 0'),
    ],
)
def test_a_bad_setting_is_told(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DLEXPLAIN_{name}", value)
    with pytest.raises(BadInput, match=re.escape(told)):
        Settings.from_environment()


# Regular files only


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)  # an address has a hundred letters at most
        made.bind(path.name)


def _folder(path: Path) -> None:
    path.mkdir()


KINDS = {"FIFO": _fifo, "device": _device, "socket": _socket, "folder": _folder}
FACTS = {"series": ["a"], "targets": ["a"], "period": 12}


def _onnx(file: Path) -> object:
    return own_file_card(check_file(str(file)))


def _beside(file: Path) -> object:
    (file.parent / "model.onnx").write_bytes(b"")
    return own_file_card(file.parent / "model.onnx")


def _weights(file: Path) -> object:
    (file.parent / "model.json").write_text("{}")
    return check_file(str(file))


def _in_model(file: Path) -> object:
    beside = {"config.json": '{"architectures": ["BertForCausalLM"]}', "tokenizer.json": "{}"}
    for name, content in {**beside, "model.safetensors": ""}.items():
        if name != file.name:
            (file.parent / name).write_text(content)
    return check_folder(file.parent, "language-model")


def _in_set(name: str) -> Callable[[Path], object]:
    def way(file: Path) -> object:
        return loads(name)(str(file.parent))

    return way


def _set(name: str) -> Callable[[Path], object]:
    return lambda file: loads(name)(str(file))


def _card(file: Path) -> object:
    (file.parent / "weights.safetensors").write_bytes(b"")
    model = at_path(str(file.parent))
    assert model is not None
    return model.card


def _checkpoint(file: Path) -> object:
    from dlexplain.execution.checkpoints import read_checkpoint

    return read_checkpoint(file)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "picture": ("a.png", read_picture),
    "pictures": ("a.zip", find_pictures),
    "text": ("a.txt", corpora.read_text),
    "labelled texts": ("a.tsv", texts.read_lines),
    "pairs": ("a.en", pairs.read_lines),
    "packed pairs": ("a.en.gz", pairs.read_lines),
    "column of texts": ("a.csv", read_text_column),
    "table": ("a.csv", read_table),
    "given table": ("a.csv", lambda file: read_given(one_csv(file), FACTS, 1)),
    "csv-texts": ("a.csv", _set("csv-texts")),
    "csv-series": ("a.csv", _set("csv-series")),
    "text-file": ("a.txt", _set("text-file")),
    "tsv-pairs": ("a.tsv", _set("tsv-pairs")),
    "fred-md": ("a.csv", _set("fred-md")),
    "cifar10": ("cifar.tar.gz", _set("cifar10")),
    "cifar10's file": ("test_batch.bin", _in_set("cifar10")),
    "mnist": ("train-images-idx3-ubyte", _in_set("mnist")),
    "sst2": ("train.tsv", _in_set("sst2")),
    "ptb": ("ptb.train.txt", _in_set("ptb")),
    "multi30k": ("train.en", _in_set("multi30k")),
    "picture-folder": ("train.zip", _in_set("picture-folder")),
    "picture-folder's ZIP": ("a.zip", _set("picture-folder")),
    "ONNX": ("model.onnx", _onnx),
    "program": ("model.pt2", _onnx),
    "weights": ("model.safetensors", _weights),
    "JSON beside": ("model.json", _beside),
    "config": ("config.json", _in_model),
    "tokenizer": ("tokenizer.json", _in_model),
    "safetensors": ("model.safetensors", _in_model),
    "vocabulary": ("vocab.txt", _in_model),
    "card": ("card.json", _card),
    "checkpoint": ("last.ckpt", _checkpoint),
}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("reader", list(READERS))
def test_only_regular_files_are_read(
    reader: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "given"
    folder.mkdir()
    name, read = READERS[reader]
    KINDS[kind](folder / name)
    signal.alarm(SECONDS)
    with pytest.raises(DlexplainError) as told:
        read(folder / name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_one_opener_takes_regular_files_alone(kind: str, tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(b"whole")
    assert read_regular(tmp_path / "whole") == b"whole"
    (tmp_path / "link").symlink_to(tmp_path / "whole")
    assert read_regular(tmp_path / "link") == b"whole"
    KINDS[kind](tmp_path / "odd")
    signal.alarm(SECONDS)
    for read in (check_regular, read_regular):
        with pytest.raises(OSError, match="regular file|directory"):
            read(tmp_path / "odd")


def test_what_becomes_a_fifo_meanwhile_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fifo(tmp_path / "odd")
    monkeypatch.setattr(server_files, "check_regular", lambda path: None)
    signal.alarm(SECONDS)
    with pytest.raises(OSError, match="no regular file"):
        read_regular(tmp_path / "odd")


# The pages


def test_paths_are_made_in_one_place() -> None:
    """A page that reads a path otherwise, and a reader that expands one by itself, are found."""
    wrong = []
    for file in sorted((ROOT / "dlexplain").rglob("*.py")):
        text = file.read_text("utf-8")
        if "expanduser(" in text and file.name not in ("settings.py", "server_files.py"):
            wrong.append(f"{file.name}: expanduser")
    for file in [*sorted((ROOT / "dlexplain/ui").rglob("*.py")), *ROOT.glob("pages/*/*.py")]:
        # dx.show: its user's own; Streamlit's secrets, which the operator names.
        if file.name in ("showing.py", "sign_in.py"):
            continue
        wrong += [f"{file.name}: {what}" for what in makes_paths(file.read_text("utf-8"))]
    assert wrong == []


FILES = {"open", "listdir", "scandir", "walk", "exists", "isfile", "isdir", "stat", "realpath"}
OWN = {"__file__", "path"}
"""Paths that a page may make: of the program's own files, and of an export that was written."""


def makes_paths(source: str) -> list[str]:
    """Calls of a page's source by which it would read a file of its own accord."""
    tree = ast.parse(source)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("Path", "pathlib.Path"):
            last = ast.unparse(node.args[0]).rpartition(".")[2] if node.args else ""
            user = above[node]
            shown = isinstance(user, ast.Attribute) and user.attr == "name"
            if not (last in OWN or shown):
                found.append(ast.unparse(node))
        elif called == "open" or called in {f"os.{n}" for n in FILES} | {
            f"os.path.{n}" for n in FILES
        }:
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import os\nif os.path.exists(st.text_input('Folder')): pass",
        "Path(st.text_input('Folder')).iterdir()",
        "files = open(st.query_params['file'])",
        "p = Path(text)",
    ],
)
def test_a_page_that_reads_by_itself_is_found(source: str) -> None:
    assert makes_paths(source)
    assert not makes_paths("HERE = Path(__file__).parent\nname = Path(model.name).name")


def test_the_dashboard_serves_pages_before_it_draws_one() -> None:
    called = [
        ast.unparse(node.value.func)
        for node in ast.parse((ROOT / "app.py").read_text()).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    # Whether anybody signs in decides which folders those are.
    assert called[:2] == ["have_people_sign_in", "read_allowed_only"]


ADDRESSES = {
    "explain/2_text.py": ("classifier", 2),
    "explain/3_attention.py": ("attending", 15),
    "generate/2_writing.py": ("model", 99),
    "explain/7_many_pictures.py": ("model", 2),
    "secure/2_robustness.py": ("data", 12),
}
"""The parameter with a path, and how many are tried: a page that explains at once takes seconds."""


@pytest.mark.parametrize("page", list(ADDRESSES))
def test_a_hostile_address_is_a_sentence(page: str, place: Place) -> None:
    parameter, most = ADDRESSES[page]
    values = [*HOSTILE.values(), PASSWD, f"{place.inside}/link-hf", "/dev/zero"]
    for value in values[:most]:
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            continue  # no address can have it: a browser sends UTF-8
        app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=60)
        app.query_params[parameter] = value
        app.run()
        assert not app.exception, value
        assert len([one for one in app.warning if "asks for something" in one.value]) <= 1, value


def test_many_pictures_says_the_one_sentence(place: Place) -> None:
    app = AppTest.from_file(str(ROOT / "pages/explain/7_many_pictures.py"), default_timeout=60)
    app.query_params["model"] = "digits-cnn"
    app.session_state["many-source-kept"] = "folder"
    app.run()
    for path in place.hidden().values():
        app.text_input(key="many-path").set_value(path).run()
        assert not app.exception
        assert not_here(path) in said(app).replace("\\", "")
