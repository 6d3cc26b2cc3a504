"""Who may import whom, read from the imports."""

import ast
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outside_texts import HtmlModule, Module

ROOT = Path(__file__).parents[1]
EVERYWHERE = {
    "errors", "integrity", "language", "memory", "params", "people", "registry", "results",
    "rights", "server_files", "settings", "turns", "typed",
}  # fmt: skip
ALLOWED = {
    "pages": {"ui", "figures", "services", "trained"},
    "app": {"ui"},
    "ui": {"services", "trained", "figures"},
    "cli": {"services", "trained", "figures"},
    "figures": set(),
    "services": {
        "attacks",
        "trained",
        "compression",
        "execution",
        "evaluation",
        "explainers",
        "corruptions",
        "tasks",
        "networks",
        "data",
    },
    "trained": {"compression", "execution", "tasks", "networks"},
    "compression": {"explainers", "networks"},
    "tasks": {"networks"},
    "networks": set(),
    "data": set(),
    "explainers": set(),
    "evaluation": {"explainers"},
    "attacks": {"corruptions", "explainers"},
    "corruptions": set(),
    "execution": set(),
    "zoo": set(),
    "__main__": {"cli"},
    "": set(),  # dlexplain/__init__.py names modules only as texts
}
HEAVY = {"torch", "captum", "shap", "lightning", "transformers"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> str:
    """dlexplain.explainers.base -> explainers; pages.home.x -> pages; app -> app"""
    head, _, rest = module.partition(".")
    return rest.partition(".")[0] if head == "dlexplain" else head


def sources() -> list[Path]:
    return [*ROOT.glob("dlexplain/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"]


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_allowed(importer: str, imported_layer: str) -> bool:
    own = layer(importer)
    if imported_layer in EVERYWHERE or imported_layer in (own, ""):
        return True
    return own not in EVERYWHERE and imported_layer in ALLOWED[own]


def test_no_arrow_that_is_not_allowed() -> None:
    wrong = []
    for path in sources():
        importer = module_name(path)
        for name in imported(ast.parse(path.read_text())):
            if name.split(".")[0] == "dlexplain" and not is_allowed(importer, layer(name)):
                wrong.append(f"{importer} -> {name}")
    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "name"),
    [
        ("figures.x", "explainers"),
        ("explainers.x", "services"),
        ("networks.x", "tasks"),
        ("errors", "ui"),
    ],
)
def test_forbidden_arrows_are_seen(importer: str, name: str) -> None:
    assert not is_allowed(f"dlexplain.{importer}", name)


def folder(module: str) -> str:
    """The folder that a module of dlexplain counts to: its layer; in services and ui, where each
    kind of input has one, that of the kind."""
    parts = module.split(".")
    return ".".join(parts[: 3 if layer(module) in ("services", "ui") else 2])


def arrows(of: Callable[[str], str]) -> dict[str, set[str]]:
    """Who imports whom inside dlexplain, by module or by folder."""
    modules = {module_name(path): path for path in ROOT.glob("dlexplain/**/*.py")}
    found: dict[str, set[str]] = defaultdict(set)
    for module, path in modules.items():
        names = imported(ast.parse(path.read_text())) & set(modules)
        found[of(module)] |= {of(name) for name in names} - {of(module)}
    return found


def without_packages(module: str) -> str:
    """An `__init__` stands for its modules, so arrows by module leave it out."""
    path = ROOT / (module.replace(".", "/") + ".py")
    return module if path.exists() else ""


def test_every_layer_is_there() -> None:
    folders = {layer(module_name(path)) for path in sources()}
    assert set(ALLOWED) | EVERYWHERE == folders


def test_no_circle() -> None:
    by_module = arrows(without_packages)
    by_module.pop("", None)
    assert circle(by_module) == []
    assert circle(arrows(folder)) == []
    assert circle({"a": {"b"}, "b": {"a"}}) != []


def circle(arrows: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for name in arrows.get(module, ()):
            found = visit(name, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    for module in list(arrows):
        found = visit(module, [])
        if found:
            return found
    return []


def test_no_page_directly_inside_pages() -> None:
    # Streamlit would serve it without app.py.
    assert list(ROOT.glob("pages/*.py")) == []


def test_pages_figures_and_app_import_nothing_heavy() -> None:
    files = [*ROOT.glob("pages/**/*.py"), *ROOT.glob("dlexplain/figures/*.py"), ROOT / "app.py"]
    for path in files:
        heads = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
        assert not heads & HEAVY, path


def test_no_text_stands_by_itself_in_what_streamlit_runs() -> None:
    # Streamlit's magic would show it on every page.
    for path in [*ROOT.glob("pages/**/*.py"), ROOT / "app.py"]:
        _, *rest = ast.parse(path.read_text()).body  # the docstring
        assert not [node for node in rest if is_text(node)], path
    assert is_text(ast.parse("'shown'").body[0])


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_only_ui_pages_and_app_import_streamlit() -> None:
    for path in ROOT.glob("dlexplain/**/*.py"):
        if "streamlit" in {n.split(".")[0] for n in imported(ast.parse(path.read_text()))}:
            assert layer(module_name(path)) == "ui", path


def test_the_fixed_top_level_is_there() -> None:
    for name in ("app.py", "pages", "dlexplain", "requirements.txt", "Dockerfile", "README.md"):
        assert (ROOT / name).exists(), name
    assert len((ROOT / "app.py").read_text().splitlines()) < 40


def test_outside_texts_are_shown_literally() -> None:
    """Streamlit reads them as Markdown: see dlexplain/ui/markdown.py."""
    wrong = []
    for path in [*ROOT.glob("pages/**/*.py"), *ROOT.glob("dlexplain/ui/**/*.py")]:
        wrong += [
            f"{path.relative_to(ROOT)}:{found}" for found in Module(path.read_text()).unsafe()
        ]
    assert wrong == [], "give these texts to literal()"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("st.error(str(error))", True),
        ("st.error(literal(error))", False),
        ("st.error(message)", True),
        ("st.caption(f'{run.name} is here')", True),
        ("st.caption(f'{literal(run.name)} is {share:.1%}')", False),
        ("st.pills('Words', words, format_func=lambda i: words[i].text)", True),
        ("def f(name):\n    title = f'**{name}**'\n    st.markdown(title)", True),
        ("def f():\n    for tag in TAGS:\n        st.badge(tag)", False),
    ],
)
def test_what_bypasses_literal_is_seen(code: str, seen: bool) -> None:
    assert bool(list(Module(code).unsafe())) is seen


def test_outside_texts_are_escaped_in_html() -> None:
    wrong = []
    for path in sources():
        wrong += [
            f"{path.relative_to(ROOT)}:{found}" for found in HtmlModule(path.read_text()).unsafe()
        ]
    assert wrong == [], "give these texts to html.escape"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("def f(name):\n    return f'<b>{name}</b>'", True),
        ("def f(name):\n    return f'<b>{escape(name)}</b>'", False),
        ("def f(run):\n    told = run.name\n    return f'<p title=\"{told}\">'", True),
        ("def f(run):\n    told = escape(run.name)\n    return f'<p title=\"{told}\">'", False),
        ("def f(value):\n    return f'<i>{value:.3f}</i>'", False),
        ("def f(name):\n    return f'{name} < 3'", False),
    ],
)
def test_what_is_not_escaped_is_seen(code: str, seen: bool) -> None:
    assert bool(list(HtmlModule(code).unsafe())) is seen


def test_html_is_drawn_in_few_places() -> None:
    """Markdown with mark-up in it: only what is written here, or escaped before."""
    known = {"dlexplain/ui/gallery.py", "dlexplain/ui/look.py", "dlexplain/ui/glossary.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html"
    }
    assert found == known
