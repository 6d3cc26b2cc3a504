"""/healthz, how the server is, and /metrics, what it is at, for those who watch it."""

import asyncio
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dlexplain.settings import settings

KEPT_SECONDS = 1.0
"""How long a look is good for, so that who asks often costs nothing."""
WAIT_SECONDS = 3.0
LATE_SECONDS = 90.0
"""A look after the queue may wait 30 s for another process's change."""
LEAST_BYTES = 100_000_000


class _Looks:
    """One look at a time, since a locked state store holds one up."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "health")
        self._look: Future[Any] | None = None
        self._at = 0.0

    async def latest(self) -> Any:
        """A Health; raises TimeoutError where it takes too long."""
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._at > KEPT_SECONDS):
            look, self._at = self._thread.submit(_look), time.monotonic()
            self._look = look
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(look)), WAIT_SECONDS)


def _look() -> Any:
    from dlexplain.services.health import health

    return health()


_looks = _Looks()


async def healthz(request: Request) -> Response:
    """200 where all is well and 503 where not, with the reasons; for anybody who may ask here."""
    try:
        found = told(await _looks.latest())
    except TimeoutError:
        why = f"the state store did not answer within {WAIT_SECONDS:.0f} s"
        found = {"ok": False, "reasons": [why]}
    return JSONResponse(found, 200 if found["ok"] else 503, headers={"Cache-Control": "no-store"})


def told(health: Any) -> dict[str, Any]:
    """A Health in JSON: no path, no address and no name of anything. That MLflow is away is told,
    but does not make the server ill: nothing waits for it."""
    store = {"ok": health.runs is not None}
    free = None if health.free is None else health.free // 10**6
    disk = {"ok": health.free is not None and health.free >= LEAST_BYTES, "free_mb": free}
    late = health.kept is not None and health.kept > LATE_SECONDS
    seconds = None if health.kept is None else round(health.kept, 1)
    keeper = {"ok": not late, "seconds_since_look": seconds, "failures": health.failures}
    tracker = {
        "ok": not health.refused,
        "runs_waiting": health.untold,
        "seconds_without_answer": round(health.refused),
    }
    lacking = "the disk cannot be asked" if free is None else f"the disk has {free} MB left"
    reasons = {
        "the state store cannot be read": store["ok"],
        lacking: disk["ok"],
        f"the queue has not been looked after for {health.kept or 0:.0f} s": keeper["ok"],
        f"MLflow has taken nothing for {health.refused:.0f} s": tracker["ok"],
    }
    return {
        "ok": bool(store["ok"] and disk["ok"] and keeper["ok"]),
        "reasons": [why for why, ok in reasons.items() if not ok],
        "store": store,
        "disk": disk,
        "keeper": keeper,
        "tracker": tracker,
    }


def refused_metrics(asked: Headers) -> PlainTextResponse | None:
    """404 where no token is set, 401 for another one; None for the right one."""
    token = settings().metrics_token
    if not token:
        return PlainTextResponse("Not Found", 404)
    given = asked.get("authorization", "").encode("latin-1")
    if hmac.compare_digest(given, f"Bearer {token}".encode()):
        return None
    return PlainTextResponse(
        "This takes the bearer token of DLEXPLAIN_METRICS_TOKEN.\n",
        401,
        headers={"WWW-Authenticate": "Bearer"},
    )


async def metrics(request: Request) -> Response:
    """Prometheus's text, for who has the token."""
    if response := refused_metrics(request.headers):
        return response
    try:
        found = await _looks.latest()
    except TimeoutError:
        found = None
    text, kind = await run_in_threadpool(_exposed, found)
    return Response(text, media_type=kind)


def _exposed(health: Any) -> tuple[bytes, str]:
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Any]:
            yield from _families(health)

    registry = CollectorRegistry()
    registry.register(Now())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _families(health: Any) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily as Gauge

    from dlexplain.services.health import load

    def by_state(name: str, words: str, counts: dict[str, int]) -> Any:
        family = Gauge(name, words, labels=["state"])
        for state, count in counts.items():
            family.add_metric([state], count)
        return family

    now = load()
    yield Gauge("dlexplain_sessions", "Browsers that are connected", _sessions())
    yield by_state("dlexplain_jobs", "Explanations and other work of visitors", now.jobs)
    yield Gauge("dlexplain_models_loaded", "Models loaded since the start", now.models)
    yield Gauge("process_resident_memory_bytes", "Resident memory of the server", now.memory)
    readable = health is not None and health.runs is not None
    yield Gauge("dlexplain_state_store_up", "Whether the state store can be read", readable)
    if health is None:
        return
    if health.runs is not None:
        yield by_state("dlexplain_runs", "Runs by state; queued: the queue", health.runs)
    if health.free is not None:
        yield Gauge("dlexplain_disk_free_bytes", "Free bytes of the home folder", health.free)
    if health.kept is not None:
        words = "Seconds since the queue was looked after"
        yield Gauge("dlexplain_keeper_age_seconds", words, health.kept)
    words = "Looks after the queue that failed since"
    yield Gauge("dlexplain_keeper_failures", words, health.failures)
    words = "Runs of which MLflow does not have everything"
    yield Gauge("dlexplain_tracker_runs_waiting", words, health.untold)
    yield Gauge("dlexplain_tracker_lag_seconds", "Since MLflow has taken nothing", health.refused)


def _sessions() -> int:
    from streamlit import runtime
    from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY, GaugeStat

    if not runtime.exists():
        return 0
    stats = runtime.get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    found = stats.get(ACTIVE_SESSIONS_FAMILY, ())
    return sum(int(stat.value) for stat in found if isinstance(stat, GaugeStat))
