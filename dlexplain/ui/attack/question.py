"""Which attack, with which budget, on which class."""

from dataclasses import dataclass

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.params import Value
from dlexplain.results import ClassName
from dlexplain.results.attacks import NORM_TITLES
from dlexplain.services.attack.pictures import known_attacks, usual_budget
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.ui.address import from_address, number_between, one_of, whole_number
from dlexplain.ui.forms import params_form

METHOD, NORM, TARGET, SMALLEST = "attack-method", "attack-norm", "attack-target", "attack-smallest"
ANY = -1


@dataclass(frozen=True)
class Question:
    """As `dlexplain.services.attack.pictures.attack` takes it."""

    method: str
    norm: str
    epsilon: float
    label: int | None
    target: int | None
    smallest: bool
    params: tuple[tuple[str, Value], ...]

    @property
    def address(self) -> dict[str, str | None]:
        """epsilon as its field has it: levels of 255, a length, or a number of pixels"""
        epsilon = 255 * self.epsilon if self.norm == "linf" else self.epsilon
        return {
            "method": self.method,
            "norm": self.norm,
            "epsilon": f"{epsilon:.6g}",
            "target": None if self.target is None else str(self.target),
            "smallest": "yes" if self.smallest else None,
        }


def choose_attack(model: LoadedModel, truth: ClassName | None, arrived: bool) -> Question:
    """The settings, at the answer's side."""
    state = st.session_state
    known = known_attacks()
    from_address("method", one_of("attack", list(known)), arrived, METHOD)
    state.setdefault(METHOD, "pgd")
    st.subheader(tr("The attack"))
    method = st.selectbox(
        tr("Attack"),
        list(known),
        format_func=lambda name: tr(known[name].title),
        key=METHOD,
        help=tr("What each does stands below."),
    )
    chosen = known[method]
    from_address("norm", one_of("norm", list(NORM_TITLES)), arrived, NORM)
    if state.get(NORM) not in chosen.norms:
        state[NORM] = chosen.norms[0]
    left, right = st.columns(2)
    norm = left.selectbox(
        tr("Measured in"),
        chosen.norms,
        format_func=shown_by(NORM_TITLES.__getitem__),
        key=NORM,
        help=tr(
            "L∞: the largest change of any value. L2: the length of the whole change, where black "
            "to white is 1. L0: the number of pixels."
        ),
    )
    with right:
        most = int(chosen.largest(norm, model.prepared.input_shape)) if norm == "l0" else 0
        epsilon = _epsilon(norm, usual_budget(model, method, norm), most, arrived)
    target: int | None = None
    from_address("smallest", lambda text: text == "yes", arrived, SMALLEST)
    if chosen.targeted:
        classes = len(model.class_titles)
        from_address("target", whole_number("target", 0, classes - 1), arrived, TARGET)
        target = _target(model)
    smallest = st.toggle(
        tr("Find the smallest budget"),
        key=SMALLEST,
        help=tr("By bisection: the attack is run some eight times more."),
    )
    with st.expander(tr("Parameters, and what it does")):
        params = params_form(f"attack-{method}", chosen.specs(), {})
        st.markdown(tr(chosen.description()))
        st.caption(tr(chosen.paper))
    label = truth.index if truth is not None else None
    return Question(method, norm, epsilon, label, target, smallest, tuple(sorted(params.items())))


def _epsilon(norm: str, usual: float, most: int, arrived: bool) -> float:
    """most  pixels that the attack takes"""
    if norm == "l0":
        # The usual number of pixels is the attack's own and the picture's.
        key = f"attack-l0-{usual:g}-{most}"
        from_address("epsilon", whole_number("epsilon", 1, most), arrived, key)
        return float(
            st.number_input(
                tr("Budget, pixels"), 1, most, int(usual), 1, key=key, help=tr("At most.")
            )
        )
    if norm == "linf":
        from_address("epsilon", number_between("epsilon", 0.1, 255.0), arrived, "attack-linf")
        steps = st.number_input(
            tr("Budget, of 255"), 0.1, 255.0, 255 * usual, 1.0, key="attack-linf",
            help=tr("Levels of 256 by which each value may change; 8 is usual on small pictures."),
        )  # fmt: skip
        return float(steps) / 255
    key = f"attack-l2-{usual:g}"  # what is usual depends on the model's size
    from_address("epsilon", number_between("epsilon", 0.01, 100.0), arrived, key)
    return float(
        st.number_input(
            tr("Budget"),
            0.01,
            100.0,
            usual,
            0.1,
            key=key,
            help=tr(
                "Length of the change; 0.5 is usual on pictures of 32 pixels, 3 on those of 224."
            ),
        )
    )


def _target(model: LoadedModel) -> int | None:
    titles = model.class_titles
    if st.session_state.get(TARGET, ANY) >= len(titles):
        st.session_state[TARGET] = ANY
    found = st.selectbox(
        tr("Into which class"),
        [ANY, *range(len(titles))],
        format_func=lambda index: tr("any other") if index == ANY else tr(titles[index]),
        key=TARGET,
    )
    return None if found == ANY else int(found)
