"""A map laid over its picture, as an array, as a small picture for pages, and as a PNG to keep."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from dlexplain.figures.scales import Scale, Sign, shown
from dlexplain.results import Attribution

PAGE_SIDE = 448
"""Pixels of a map on a page, sharp where a card is 400 wide."""
PNG_SIDE = 672
SMALL = 64
"""Side in pixels under which a picture's pixels are meant to be seen: it is enlarged crisply."""
SMOOTHING = 1 / 64
"""Standard deviation of the Gaussian that smooths a map, as a part of its side."""
QUALITY = 88
"""Of the JPEG on a page: 40 kB instead of 350."""
MARGIN, LINE = 24, 34
INK, PAPER = (22, 32, 42), (255, 255, 255)
FRAME, EDGE = (255, 255, 255), (20, 20, 20)


def enlarged(pixels: NDArray[np.uint8], least: int = PNG_SIDE) -> NDArray[np.uint8]:
    """A small picture with each pixel repeated until its sides have `least`; others as they are."""
    side = min(pixels.shape[:2])
    if side >= SMALL:
        return pixels
    factor = -(-least // side)
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def smoothed(heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    """(height, width): the map under a Gaussian of SMOOTHING of its side; a small one as it is.

    Gradients change sign from pixel to pixel; what they say together is seen only in the mean.
    """
    side = min(heatmap.shape)
    if side < SMALL:
        return heatmap
    from scipy.ndimage import gaussian_filter  # 0.1 s

    result: NDArray[np.float32] = gaussian_filter(heatmap, SMOOTHING * side, mode="nearest")
    return result


def overlay(
    picture: NDArray[np.uint8] | None,
    heatmap: NDArray[np.float32],
    signed: bool,
    strength: float = 0.8,
    sign: Sign = "both",
    side: int = PAGE_SIDE,
    smooth: bool = True,
    rival: NDArray[np.float32] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.uint8], Scale]:
    """The picture in its colours and the map over it, its sides at least `side`; and the scale.

    picture   (height, width, 3) uint8; without one the map lies on white
    heatmap   (height, width) float32
    strength  opacity of the end colours, 0..1; between, opacity grows with |value|
    smooth    show the map under a Gaussian, see `smoothed`
    rival     another map, whose scale is to be the same
    mask      (height, width) of places that are outlined, see `outlined`
    """
    values = smoothed(heatmap) if smooth else heatmap
    scale = Scale.of(values, signed)
    if rival is not None:
        other = smoothed(rival) if smooth else rival
        scale = Scale.of(np.concatenate([values.ravel(), other.ravel()]), signed)
    values = shown(values, signed, sign)
    if picture is None:
        picture = np.full((*heatmap.shape, 3), 255, np.uint8)
    height, width = (
        max(size, round(size * side / min(picture.shape[:2]))) for size in picture.shape[:2]
    )
    crisp = min(picture.shape[:2]) < SMALL
    if crisp:
        photo = enlarged(picture, side).astype(np.float32)
        height, width = photo.shape[:2]
    else:
        resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
        photo = np.asarray(resized, np.float32)
    how = Image.Resampling.NEAREST if crisp or not smooth else Image.Resampling.BILINEAR
    colours = Image.fromarray(scale.colour(values).round().astype(np.uint8))
    opacity = Image.fromarray(scale.opacity(values))
    share = strength * np.asarray(opacity.resize((width, height), how), np.float32)[..., None]
    # The nearest colour: red and blue mixed would be a purple that stands for no value.
    over = np.asarray(colours.resize((width, height), Image.Resampling.NEAREST), np.float32)
    return outlined(((1 - share) * photo + share * over).round().astype(np.uint8), mask), scale


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """(H, W, 3) with the edge of a mask, (height, width) of any size, white between dark lines."""
    if mask is None:
        return pixels
    size = pixels.shape[1], pixels.shape[0]
    inside = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    wide = max(1, min(size) // 200)
    found = pixels.copy()
    for depth, ink in ((2 * wide, EDGE), (wide, FRAME)):
        found[inside & ~_shrunk(inside, depth)] = ink
    return found


def _shrunk(mask: NDArray[np.bool_], depth: int) -> NDArray[np.bool_]:
    """The places that are more than `depth` away from one outside, or from the picture's edge."""
    for _ in range(depth):
        around = np.pad(mask, 1)
        across, down = around[1:-1, :-2] & around[1:-1, 2:], around[:-2, 1:-1] & around[2:, 1:-1]
        mask = mask & across & down
    return mask


def page_image(
    picture: NDArray[np.uint8] | None,
    heatmap: NDArray[np.float32] | None,
    signed: bool,
    strength: float = 0.8,
    sign: Sign = "both",
    smooth: bool = True,
    rival: NDArray[np.float32] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> tuple[bytes, Scale | None]:
    """An encoded picture for a page, and its scale; without a map yet, the picture alone."""
    if heatmap is None:
        assert picture is not None
        nothing = np.zeros(picture.shape[:2], np.float32)
        pixels, _ = overlay(picture, nothing, signed, 0.0, mask=mask)
        return _encoded(pixels), None
    pixels, scale = overlay(
        picture, heatmap, signed, strength, sign, PAGE_SIDE, smooth, rival, mask
    )
    return _encoded(pixels), scale


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()


def attribution_png(
    attribution: Attribution, strength: float = 0.8, sign: Sign = "both", smooth: bool = True
) -> bytes:
    """A PNG that speaks for itself: what was asked, the picture, the map over it, and the scale.

    Method and class stand in its metadata too.
    """
    a = attribution
    pixels, scale = overlay(
        a.picture, a.heatmap, a.signed, strength, sign, PNG_SIDE, smooth, mask=a.mask
    )
    height, width = pixels.shape[:2]
    parts = [pixels]
    if a.picture is not None:
        plain, _ = overlay(
            a.picture, np.zeros_like(a.heatmap), a.signed, 0.0, side=PNG_SIDE, mask=a.mask
        )
        parts.insert(0, plain)
    whole = MARGIN + len(parts) * (width + MARGIN)
    sheet = Image.new("RGB", (whole, 2 * LINE + MARGIN + height + 4 * LINE), PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, 12), f"{a.title}: {a.class_question}", 26, whole - 2 * MARGIN)
    asked = ", ".join(f"{key}={value}" for key, value in a.params.items())
    write_line(
        draw,
        (MARGIN, 12 + LINE),
        f"{a.model}, {a.method}" + f" ({asked})" * bool(asked),
        17,
        whole - 2 * MARGIN,
    )
    top = 2 * LINE + MARGIN
    for index, part in enumerate(parts):
        sheet.paste(Image.fromarray(part), (MARGIN + index * (width + MARGIN), top))
    left = MARGIN + (len(parts) - 1) * (width + MARGIN)
    _draw_scale(sheet, draw, scale, strength, (left, top + height + 12), width, a.unit, smooth)
    info = PngInfo()
    info.add_text("Title", f"{a.title}: {a.class_question}")
    info.add_text("Software", "dlexplain")
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def _draw_scale(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    scale: Scale,
    strength: float,
    at: tuple[int, int],
    width: int,
    unit: str,
    smooth: bool,
) -> None:
    left, top = at
    values = np.linspace(scale.low, scale.high, width, dtype=np.float32)[None].repeat(16, axis=0)
    share = strength * scale.opacity(values)[..., None]
    bar = (1 - share) * 255 + share * scale.colour(values)
    sheet.paste(Image.fromarray(bar.round().astype(np.uint8)), (left, top))
    draw.rectangle((left, top, left + width, top + 16), outline=(150, 160, 170))
    for anchor, place, value in (
        ("la", 0, scale.low),
        ("ma", width // 2, None),
        ("ra", width, scale.high),
    ):
        text = unit if value is None else f"{value:.3g}"
        draw.text((left + place, top + 22), text, INK, ImageFont.load_default(18), anchor=anchor)
    notes = " ".join(filter(None, ("Smoothed." if smooth else "", scale.words)))
    write_line(draw, (left, top + 22 + LINE), notes, 17, width)


def write_line(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, width: int
) -> None:
    """One line, cut with an ellipsis where it is too long."""
    font = ImageFont.load_default(size)
    while text and draw.textlength(text, font=font) > width:
        text = text[:-2].rstrip() + "…"
    draw.text(at, text, INK, font=font)


LEFT_OUT = 0.3
"""Of its brightness, what is left out keeps."""


def with_left_out(
    pixels: NDArray[np.uint8], part: tuple[float, float, float, float], side: int = 640
) -> NDArray[np.uint8]:
    """The picture, (H, W, 3), shrunk to at most `side`, dark outside of `part` and a frame there.

    part  left, top, right and bottom in the picture's pixels
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    scale = image.width / pixels.shape[1], image.height / pixels.shape[0]
    left, top, right, bottom = (round(at * scale[i % 2]) for i, at in enumerate(part))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    shown = (np.asarray(image) * LEFT_OUT).round().astype(np.uint8)
    shown[top:bottom, left:right] = np.asarray(image)[top:bottom, left:right]
    framed = Image.fromarray(shown)
    ImageDraw.Draw(framed).rectangle((left, top, right - 1, bottom - 1), outline=FRAME)
    return np.asarray(framed)
