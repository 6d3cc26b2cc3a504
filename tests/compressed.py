"""A measurement of compressed models made by hand."""

from dlexplain.results.compression import Compression, Machine, MeasuredModel, Speed, Spread


def measured(
    name: str, how: str, score: float, milliseconds: float, size: int, faster: float = 1.0
) -> MeasuredModel:
    seconds = milliseconds / 1000
    spread = Spread(faster, 0.9 * faster, 1.1 * faster, 15)
    return MeasuredModel(
        name=name, title=name, how=how, metric="test/accuracy", score=score, examples=1000,
        data="d", disk=size, stored="", size=size, zipped=size // 2, parameters=1000, zeros=250,
        memory=4_000_000, date="2026-01-01T00:00:00+00:00",
        single=Speed(1, Spread(seconds, 0.9 * seconds, 1.1 * seconds, 15), spread),
        best=Speed(8, Spread(4 * seconds, None, None, 15), spread),
        energy=Spread(0.5, None, None, 15),
    )  # fmt: skip


def table(*models: MeasuredModel, model: str = "digits-cnn") -> Compression:
    """The original, and three versions where none are given."""
    models = models or (
        measured(model, "", 0.90, 4.0, 4_000_000),
        measured("aaaa1111", "magnitude 0.8", 0.89, 4.1, 4_000_000, 0.98),
        measured("bbbb2222", "channels 0.5", 0.88, 1.0, 1_000_000, 4.0),
        measured("cccc3333", "low-rank 0.5", 0.60, 0.8, 900_000, 5.0),
    )
    machine = Machine("a processor", 2, 1, ("avx2",), "Linux x86_64", (0.5, 1.5))
    return Compression(
        model=model, task="classify-image", models=models, inputs="a picture of 1 × 8 × 8",
        limit=64, done=15, found=15, seed=0, machine=machine, date="2026-01-01T00:01:00+00:00",
        command="python -m dlexplain compression digits-cnn",
    )  # fmt: skip
