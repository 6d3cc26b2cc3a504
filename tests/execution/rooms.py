"""Room for runs on a made-up machine."""

from collections.abc import Callable, Sequence

from dlexplain.execution.executor import suits


def room(*devices: str, limit: int = 1) -> Callable[[str, Sequence[str], int], str | None]:
    """As an Executor says it: `limit` runs on each device."""

    def of(wanted: str, busy: Sequence[str], workers: int) -> str | None:
        free = [device for device in devices if busy.count(device) < limit]
        return next((device for device in free if suits(wanted, device, devices)), None)

    return of
