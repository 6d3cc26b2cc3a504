"""The role matrix: each role and each action, on nobody's, one's own and another person's."""

import ast
from pathlib import Path

import pytest

from dlexplain.errors import NotAllowed
from dlexplain.people import LOCAL, ROLES, Person, Role, acting_as
from dlexplain.rights import RULES, check, may, sees, why_not

ROOT = Path(__file__).parents[1]
MATRIX = {
    #               nobody's and one's own     another person's
    "look":        (("viewer", "member", "admin"), ("admin",)),
    "explain":     (("viewer", "member", "admin"), ("viewer", "member", "admin")),
    "upload":      (("viewer", "member", "admin"), ("viewer", "member", "admin")),
    "report":      (("viewer", "member", "admin"), ("admin",)),
    "own model":   (("member", "admin"), ("member", "admin")),
    "train":       (("member", "admin"), ("member", "admin")),
    "sweep":       (("member", "admin"), ("admin",)),
    "compress":    (("member", "admin"), ("member", "admin")),
    "export":      (("member", "admin"), ("member", "admin")),
    "cancel":      (("member", "admin"), ("admin",)),
    "resume":      (("member", "admin"), ("admin",)),
    "describe":    (("member", "admin"), ("admin",)),
    "delete":      (("member", "admin"), ("admin",)),
    "register":    (("member", "admin"), ("admin",)),
    "share":       (("member", "admin"), ("admin",)),
    "settings":    (("admin",), ("admin",)),
    "audit":       (("admin",), ("admin",)),
}  # fmt: skip


def person(role: Role) -> Person:
    return Person(f"{role}@example.org", "", role)


def test_the_matrix_has_every_action() -> None:
    assert set(MATRIX) == set(RULES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", MATRIX)
def test_each_role_and_each_action(role: Role, action: str) -> None:
    who, (own, others) = person(role), MATRIX[action]
    for owner, allowed in ((None, own), (who.email, own), ("x@y.example", others), ("", others)):
        assert may(who, action, owner) is (role in allowed), owner
        with acting_as(who):
            said = why_not(action, owner)
            assert bool(said) is (role not in allowed)
            if said:
                assert RULES[action].words in said and said[0].islower()
                with pytest.raises(NotAllowed, match="it takes a"):
                    check(action, owner)
            else:
                assert check(action, owner) == who


@pytest.mark.parametrize("action", MATRIX)
def test_without_sign_in_everything_may_be_done(action: str) -> None:
    assert all(may(LOCAL, action, owner) for owner in (None, "", "x@y.example"))


@pytest.mark.parametrize(
    ("shared", "by"),
    [
        ("", ("admin",)),
        ("viewer", ("viewer", "member", "admin")),
        ("member", ("member", "admin")),
        ("everybody", ("admin",)),
    ],
)
def test_who_sees_what_is_shared(shared: str, by: tuple[str, ...]) -> None:
    assert tuple(role for role in ROLES if sees(person(role), "x@y.example", shared)) == by
    assert all(sees(person(role), f"{role}@example.org", shared) for role in ROLES)


def asked_in(tree: ast.AST) -> set[str]:
    """Actions that something checks, by name."""
    found = set()
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if called and node.func.id in ("check", "_asked", "may", "sees"):  # type: ignore[attr-defined]
            texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]  # type: ignore[arg-type]
            found |= {text for text in texts if isinstance(text, str)}
    return found


def test_every_action_of_the_table_is_asked_for_somewhere() -> None:
    files = [*ROOT.glob("dlexplain/services/**/*.py"), *ROOT.glob("dlexplain/trained/*.py"),
             *ROOT.glob("dlexplain/ui/serving/*.py"), ROOT / "dlexplain/rights.py"]  # fmt: skip
    asked = set().union(*(asked_in(ast.parse(file.read_text())) for file in files))
    # By their names from a run's spec, see services.training.runs._action.
    assert set(RULES) - asked == {"compress"}
