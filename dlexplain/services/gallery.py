"""The examples of the front page: how they are made, `python -m dlexplain zoo gallery`, and read.

Every number in them is a model's own answer. They are kept beside the zoo's models, so that the
page is there at once and without torch; a test makes some of them again and compares.
"""

import io
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.execution import paths
from dlexplain.results.gallery import GalleryExample
from dlexplain.results.gallery_words import MARKED

if TYPE_CHECKING:
    from dlexplain.results import Attribution

PICTURE, SAMPLE = "efficientnet-lite0", "coffee"
METHODS = ("grad-cam", "integrated-gradients", "superpixel-ablation")
TEXT, SENTENCE = "sst2-minilm", "The plot is thin, yet the acting is superb and moving."
LAYER, HEAD = 6, 10
SERIES, ORIGIN, LEVEL, PAST = "macrodata-lstm", "2007Q3", 80, 24
GAN, LABEL, FRAMES, SEEDS, FRAME_MS, ENLARGED = "cifar10-gan", "horse", 25, (3, 11), 110, 4
RUN = "digits-cnn"
Draw = Callable[[Any, Any, bool], tuple[bytes, Any]]
Smooth = Callable[[NDArray[np.float32]], NDArray[np.float32]]
DRIVERS = 5
"""Series whose parts of a forecast are kept."""


def examples() -> tuple[GalleryExample, ...]:
    """Those that come along, in their order; () where the list is missing or damaged."""
    file = paths.gallery_file()
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, *BAD_JSON):
        return ()


@lru_cache(maxsize=1)
def _read(file: Path, changed: int) -> tuple[GalleryExample, ...]:
    """changed  says whether it still holds"""
    return tuple(GalleryExample.from_dict(one) for one in json.loads(file.read_text()))


def picture_of(name: str) -> bytes:
    """A file of an example; raises OSError."""
    return (paths.gallery_file().parent / Path(name).name).read_bytes()


def make_gallery(told: Callable[[str], None], draw: Draw, smooth: Smooth) -> list[GalleryExample]:
    """Make all examples anew; it trains for half a minute. Raises OSError, DlexplainError.

    draw, smooth  how maps are laid over a picture, and smoothed before, see figures.overlay
    """
    folder = paths.gallery_file().parent
    folder.mkdir(parents=True, exist_ok=True)
    made = [picture(folder, draw, smooth)]
    for make in (text, attention, forecast, walk, training):
        told(f"making the example {make.__name__}")
        made.append(make(folder))
    content = json.dumps([one.to_dict() for one in made], indent=1, ensure_ascii=False)
    (folder / paths.gallery_file().name).write_text(content + "\n", "utf-8")
    return made


def picture(folder: Path, draw: Draw, smooth: Smooth) -> GalleryExample:
    """A sample's class, and three maps of it over each other.

    facts  model, label, probability, methods (name and title each) and `shared`: of the most marked
           tenth of two maps the part that both mark, the mean of the pairs
    """
    import dlexplain as dx

    model, given = dx.load(PICTURE), dx.read_sample(SAMPLE)
    best = dx.predict(model, given).scores[0]
    maps: list[Attribution] = [dx.explain(model, given, method) for method in METHODS]
    files = [f"{SAMPLE}.jpg", *(f"{SAMPLE}-{one.method}.jpg" for one in maps)]
    plain = draw(maps[0].picture, None, maps[0].signed)[0]
    drawn = (draw(one.picture, one.heatmap, one.signed)[0] for one in maps)
    for name, content in zip(files, (plain, *drawn), strict=True):
        (folder / name).write_bytes(content)
    return GalleryExample(
        "picture",
        "explain/1_image",
        {"sample": SAMPLE, "methods": ",".join(METHODS)},
        {PICTURE: maps[0].model_fingerprint},
        {
            "model": model.spec.title,
            "label": best.name.label,
            "probability": round(best.probability, 4),
            "methods": [{"name": one.method, "title": one.title} for one in maps],
            "shared": round(shared([smooth(one.heatmap) for one in maps]), 4),
        },
        tuple(files),
    )


def shared(maps: Sequence[NDArray[np.float32]]) -> float:
    """Of the places among the most marked tenth of one map, how many are among another's; the mean
    of the pairs."""
    tops = []
    for one in maps:
        values = np.abs(one).ravel()
        tops.append(set(np.argsort(-values, kind="stable")[: round(MARKED * values.size)].tolist()))
    return float(np.mean([len(a & b) / len(a) for a, b in combinations(tops, 2)]))


def text(folder: Path) -> GalleryExample:
    """A sentence with words for and against its class.

    facts  text, label, probability, method, unit, and words: each with its value, "" between them
    """
    import dlexplain as dx

    model = dx.load(TEXT)
    best = dx.predict(model, SENTENCE).scores[0]
    found = dx.explain(model, SENTENCE, "integrated-gradients")
    words: list[list[Any]] = []
    rows = zip(found.offsets.tolist(), found.words.tolist(), found.values.tolist(), strict=True)
    last = -1
    for (start, stop), word, value in rows:
        if start == stop:
            continue
        if word == last and word >= 0:
            words[-1] = [words[-1][0] + SENTENCE[start:stop], words[-1][1] + value]
        else:
            words.append([SENTENCE[start:stop], value])
        last = word
    return GalleryExample(
        "text",
        "explain/2_text",
        {"classifier": TEXT, "text": SENTENCE},
        {TEXT: found.model_fingerprint},
        {
            "text": SENTENCE,
            "label": best.name.label,
            "probability": round(best.probability, 4),
            "method": found.title,
            "unit": found.unit,
            "words": [[word, round(value, 3)] for word, value in words],
        },
    )


def attention(folder: Path) -> GalleryExample:
    """One head of the same sentence.

    facts  tokens, weights (a row a token), layer and head from 1, and `where`, the token that gets
           most of it, with its `share` of all attention
    """
    import dlexplain as dx

    found = dx.attention(TEXT, SENTENCE)
    weights = found.weights[LAYER - 1, HEAD - 1]
    most = int(weights.mean(0).argmax())
    return GalleryExample(
        "attention",
        "explain/3_attention",
        {
            "attending": TEXT,
            "text": SENTENCE,
            "attention": "head",
            "layer": str(LAYER),
            "head": str(HEAD),
        },
        {TEXT: fingerprint_of(TEXT)},
        {
            "tokens": list(found.tokens),
            "weights": [[round(float(one), 3) for one in row] for row in weights],
            "layer": LAYER,
            "head": HEAD,
            "where": f"“{found.tokens[most]}”",
            "share": round(float(weights.mean(0)[most]), 4),
        },
    )


def forecast(folder: Path) -> GalleryExample:
    """Real GDP from an origin in the test period, and what moved it.

    facts  past and ahead as [date, value], low, high (an interval), came (what was measured later),
           change in percent with its interval, and drivers: [series, part of the forecast]
    """
    import dlexplain as dx

    model = dx.load(SERIES)
    said = dx.predict(model, origin=ORIGIN)
    low, high = (end[:, 0] for end in said.interval(LEVEL))
    why = dx.explain(model, target=said.names[0], origin=ORIGIN, step=len(said.ahead))
    parts = sorted(
        zip(why.names, why.by_series.tolist(), strict=True), key=lambda one: -abs(one[1])
    )
    last = float(said.levels[-1, 0])
    came = said.truth[:, 0]
    inside = bool(low[-1] <= came[-1] <= high[-1])
    changes = [
        round(100 * (float(end) / last - 1), 2) for end in (said.median[-1, 0], low[-1], high[-1])
    ]
    actual = 100 * (float(came[-1]) / last - 1)
    return GalleryExample(
        "forecast",
        "explain/6_forecast",
        {"model": SERIES, "origin": ORIGIN, "target": said.names[0]},
        {SERIES: said.model_fingerprint},
        {
            "title": said.about[said.names[0]].title,
            "unit": said.about[said.names[0]].unit,
            "past": _dated(said.dates[-PAST:], said.levels[-PAST:, 0]),
            "ahead": _dated(said.ahead, said.median[:, 0]),
            "low": [round(float(v), 1) for v in low],
            "high": [round(float(v), 1) for v in high],
            "came": [round(float(v), 1) for v in came],
            "level": LEVEL,
            "origin": ORIGIN,
            "steps": len(said.ahead),
            "period": "quarters",
            "change": changes[0],
            "change_low": changes[1],
            "change_high": changes[2],
            "truth": (
                f"it came to {actual:+.1f}%, inside"
                if inside
                else f"it came to {actual:+.1f}%, outside"
            ),
            "drivers": [[said.about[name].title, round(part, 3)] for name, part in parts[:DRIVERS]],
            "driver_unit": why.unit,
        },
    )


def _dated(dates: Any, values: Any) -> list[list[Any]]:
    return [[str(day), round(float(v), 1)] for day, v in zip(dates, values, strict=True)]


def walk(folder: Path) -> GalleryExample:
    """A GAN's pictures on the arc between two codes, there and back.

    facts  frames, latent, class
    """
    from PIL import Image

    import dlexplain as dx
    from dlexplain.services.latent.codes import interpolate
    from dlexplain.services.latent.sampling import class_place

    model = dx.load(GAN)
    first, last = (dx.sample(model, LABEL, count=1, seed=seed).noise[0] for seed in SEEDS)
    path = interpolate(model, first, last, FRAMES, label=class_place(model.asked, LABEL))
    frames = [
        Image.fromarray(one.squeeze()).resize(
            (one.shape[1] * ENLARGED, one.shape[0] * ENLARGED), Image.Resampling.BICUBIC
        )
        for one in path.pixels
    ]
    content = io.BytesIO()
    frames[0].save(
        content, "WEBP", save_all=True, append_images=[*frames[1:], *frames[-2:0:-1]],
        duration=FRAME_MS, loop=0, quality=80,
    )  # fmt: skip
    (folder / "walk.webp").write_bytes(content.getvalue())
    still = io.BytesIO()
    frames[FRAMES // 2].save(still, "WEBP", quality=85)
    (folder / "walk-still.webp").write_bytes(still.getvalue())
    return GalleryExample(
        "walk",
        "generate/1_latent",
        {"model": GAN},
        {model.name: model.fingerprint},
        {"frames": FRAMES, "latent": model.latent, "class": LABEL},
        ("walk.webp", "walk-still.webp"),
    )


def training(folder: Path) -> GalleryExample:
    """A run's curve.

    facts  validation (accuracy after each epoch), test, n
    """
    from dlexplain.execution.journal import history
    from dlexplain.services.training.presets import preset
    from dlexplain.services.training.runs import launch, wait_for
    from dlexplain.settings import settings

    record = wait_for(launch(preset(RUN)).id)
    if record.state != "finished":
        raise BadInput(f"the run for the gallery is {record.state}: {record.why}")
    curve = history(settings().home, record.id, "validation/accuracy")
    return GalleryExample(
        "training",
        "train/1_launch",
        {"preset": RUN},
        {},
        {
            "validation": [round(point.value, 4) for point in curve],
            "test": round(record.metrics["test/accuracy"], 4),
            "n": record.sizes["test"],
        },
    )


def fingerprint_of(model: str) -> str:
    """Of a model as it is now."""
    import dlexplain as dx

    loaded = dx.load(model)
    return str(getattr(loaded, "fingerprint", "") or loaded.prepared.fingerprint)
