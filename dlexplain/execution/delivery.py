"""Tells MLflow of runs, in a process of its own: python -m dlexplain.execution.delivery.

Nothing else waits for MLflow. A worker writes its metrics into the run's folder, whoever changes a
run leaves a mark (execution.telling), and `start_delivery` starts this process, one for each home
folder. It ends when MLflow has everything; where MLflow does not answer, it is started again later.
"""

import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from dlexplain.errors import BAD_JSON, DlexplainError
from dlexplain.execution import paths, process
from dlexplain.execution.files import write_whole
from dlexplain.execution.process import lower_priority
from dlexplain.execution.rows import is_at_work
from dlexplain.execution.states import States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import forget_told, tell, untold
from dlexplain.settings import settings

NICE = 19
ROUND_SECONDS = 1.25
"""Between two looks at what active runs have recorded since."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 120.0
"""Seconds before MLflow is asked again: doubled each time that it does not answer."""
RUN_SECONDS = 900.0
"""For telling of one run, its files among it: a server may send a byte a minute for ever."""
LONGEST_REASON = 200
REFUSALS = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "BAD_REQUEST")
"""MLflow's words for what would be refused again."""
NO_MLFLOW = "API request to endpoint"
"""How MLflow's client begins where the answer was no JSON."""
LOST = "RESOURCE_DOES_NOT_EXIST"
_log = logging.getLogger("dlexplain.delivery")


@dataclass(frozen=True)
class Answer:
    """How MLflow answered last.

    uri      which MLflow
    problem  why it took nothing, "" where it took everything
    since    of the problem, seconds since 1970
    pause    seconds from one try to the next; again: the time of the next
    """

    uri: str
    problem: str = ""
    since: float = 0.0
    pause: float = 0.0
    again: float = 0.0


def start_delivery(home: Path) -> None:
    """Start the process that tells MLflow, where there is something to tell and none is at it."""
    uri = Tracking(home, settings().tracking_uri).uri
    answer = last_answer(home, uri)
    ahead = answer.again - time.time()  # more than a pause where the clock was set back since
    if not untold(home) or 0 < ahead <= max(LONGEST_PAUSE, answer.pause):
        return
    try:
        with FileLock(paths.delivery_lock(home), timeout=0):
            pass  # nobody holds it
        _write(home, replace(answer, again=time.time() + FIRST_PAUSE))  # until it holds it
        process.start(home, "dlexplain.execution.delivery", log=paths.delivery_log(home))
    except Timeout:
        return
    except OSError as error:  # such as a full disk: whoever looks next tries again
        _log.warning("MLflow is not told: %s", error)


def last_answer(home: Path, uri: str) -> Answer:
    """Of that MLflow; no problem, where none is known."""
    with suppress(OSError, *BAD_JSON):
        told = json.loads(paths.tracker_file(home).read_text())
        if told["uri"] == uri:
            times = (float(told.get(key, 0.0)) for key in ("since", "pause", "again"))
            return Answer(uri, str(told.get("problem", "")), *times)
    return Answer(uri)


def deliver(home: Path, tracking: Tracking) -> str:
    """Tell MLflow all that is marked, once; returns why it did not take it, "" where it did."""
    states, problem = States(paths.states_file(home)), ""
    for run in untold(home):
        try:
            with at_most(RUN_SECONDS):
                tell(home, states, tracking, run)
        except Exception as error:  # a server that is away raises many kinds
            _log.warning("of run %s: %s", run, error)
            if not tracking.answers():
                return reason(error)
            problem = problem or _of_one_run(home, run, error)
    return problem


def _of_one_run(home: Path, run: str, error: Exception) -> str:
    """What is wrong, where it is worth another try; the others are told all the same."""
    code = getattr(error, "error_code", "")
    if code in REFUSALS:  # such as a run that was deleted on MLflow's own page
        (paths.untold_folder(home) / run).unlink(missing_ok=True)
        return ""
    if code == LOST:
        forget_told(home, run)
    return reason(error)


def reason(error: Exception) -> str:
    """Why MLflow took nothing, in a few words; else an error's first line, shortened."""
    for cause in _causes(error):
        if isinstance(cause, TimeoutError):
            return "it does not answer"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if lines[0].startswith(NO_MLFLOW):
        return "what answers there is no MLflow"
    text = lines[0].strip().rstrip(".")
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _causes(error: BaseException) -> list[BaseException]:
    """What led to it, the first first: the libraries between wrap a plain OSError three times."""
    found = [error]
    while (cause := found[-1].__cause__ or found[-1].__context__) and cause not in found:
        found.append(cause)
    return found[::-1]


def keep_delivering(home: Path, tracking: Tracking) -> Answer:
    """Tell MLflow until it has everything; or, with no run at work, until it does not answer."""
    answer, states = last_answer(home, tracking.uri), States(paths.states_file(home))
    # Known before it is tried, so that a process that dies is not started again at once.
    _write(home, replace(answer, again=time.time() + FIRST_PAUSE))
    while untold(home):
        problem, pause = deliver(home, tracking), 0.0
        if problem:
            pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * answer.pause))
            since = answer.since if answer.problem else time.time()
            answer = Answer(tracking.uri, problem, since, pause, time.time() + pause)
            _write(home, answer)
        elif answer != Answer(tracking.uri) or last_answer(home, tracking.uri) != answer:
            answer = Answer(tracking.uri)
            _write(home, answer)
        if problem and not any(is_at_work(row) for row in states.all()):
            break
        if untold(home):
            time.sleep(pause or ROUND_SECONDS)
    return answer


def deliver_here(home: Path, tracking: Tracking) -> str:
    """Tell MLflow in the calling process, which waits; returns the problem as `deliver` does."""
    with FileLock(paths.delivery_lock(home)):
        return deliver(home, tracking)


def tell_here(home: Path, tracking: Tracking, run: str) -> None:
    """Tell MLflow of one run in the calling process, which waits; raises what MLflow's client does,
    of many kinds."""
    with FileLock(paths.delivery_lock(home)):
        tell(home, States(paths.states_file(home)), tracking, run)


def _write(home: Path, answer: Answer) -> None:
    with suppress(OSError):  # a full disk: what is told does not hang on it
        write_whole(paths.tracker_file(home), json.dumps(asdict(answer)).encode())


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the main thread after so long; elsewhere no signal can be set."""
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Tell MLflow of this home's runs, unless another process does."""
    lower_priority(NICE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    home = settings().home
    try:
        with FileLock(paths.delivery_lock(home), timeout=0):
            keep_delivering(home, Tracking(home, settings().tracking_uri))
    except Timeout:
        _log.info("another process tells MLflow")
    except (DlexplainError, OSError) as error:
        _log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
