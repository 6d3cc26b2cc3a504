"""A map laid over its picture, as an array, as a small picture for pages, and as a PNG to keep."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from dlexplain.figures.scales import STANDARD, Palette, Scale, Sign, shown
from dlexplain.language import SOURCE, only, tr
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
FAINT = 0.45
"""Of their strength, what colours have between contours."""
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


def upsampled(
    values: NDArray[np.float32], size: tuple[int, int], smooth: bool = True
) -> NDArray[np.float32]:
    """(height, width) -> `size`: the values between, bicubic; or each value as a rectangle.

    NaN stays where it is, and draws nothing of what is beside it.
    """
    if values.shape == size:
        return values
    whole = size[1], size[0]
    known = np.isfinite(values)
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    plain = Image.fromarray(np.where(known, values, 0).astype(np.float32))
    found = np.array(plain.resize(whole, how), np.float32)
    if not known.all():
        there = Image.fromarray(known).resize(whole, Image.Resampling.NEAREST)
        found[~np.asarray(there)] = np.nan
    return found


@dataclass(frozen=True)
class Layers:
    """What a drawing is made of, all of one size.

    photo   (height, width, 3) 0..255, or None
    values  (height, width) of the map, NaN where a sign is not wanted
    """

    photo: NDArray[np.float32] | None
    values: NDArray[np.float32]
    scale: Scale

    def share(self, strength: float) -> NDArray[np.float32]:
        """(height, width, 1): the map's opacity"""
        return strength * self.scale.opacity(self.values)[..., None]


def layers(
    picture: NDArray[np.uint8] | None,
    heatmap: NDArray[np.float32],
    signed: bool,
    sign: Sign = "both",
    side: int = PAGE_SIDE,
    smooth: bool = True,
    rival: NDArray[np.float32] | None = None,
    palette: Palette = STANDARD,
) -> Layers:
    """The picture and the map as they are laid over each other; see `overlay`."""
    values = smoothed(heatmap) if smooth else heatmap
    scale = Scale.of(values, signed, palette)
    if rival is not None:
        other = smoothed(rival) if smooth else rival
        scale = Scale.of(np.concatenate([values.ravel(), other.ravel()]), signed, palette)
    shape = heatmap.shape if picture is None else picture.shape[:2]
    crisp = min(shape) < SMALL
    if crisp:
        factor = -(-side // min(shape))
        height, width = factor * shape[0], factor * shape[1]
    else:
        height, width = (max(size, round(size * side / min(shape))) for size in shape)
    photo = None
    if picture is not None:
        how = Image.Resampling.NEAREST if crisp else Image.Resampling.BICUBIC
        photo = np.asarray(Image.fromarray(picture).resize((width, height), how), np.float32)
    # The values between, not the colours between, of which some would stand for no value.
    values = upsampled(values, (height, width), smooth and not crisp)
    return Layers(photo, shown(values, signed, sign), scale)


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
    palette: Palette = STANDARD,
    contours: bool = False,
) -> tuple[NDArray[np.uint8], Scale]:
    """The picture in its colours and the map over it, its sides at least `side`; and the scale.

    picture   (height, width, 3) uint8; without one the map lies on white
    heatmap   (height, width) float32
    strength  opacity of the end colours, 0..1; between, opacity grows with |value|
    smooth    show the map under a Gaussian, see `smoothed`
    rival     another map, whose scale is to be the same
    mask      (height, width) of places that are outlined, see `outlined`
    contours  draw lines of equal values, and the colours faintly
    """
    found = layers(picture, heatmap, signed, sign, side, smooth, rival, palette)
    share = found.share(strength * (FAINT if contours else 1.0))
    photo = np.float32(255) if found.photo is None else found.photo
    pixels = ((1 - share) * photo + share * found.scale.colour(found.values)).round()
    drawn = pixels.astype(np.uint8)
    if contours and strength:
        from dlexplain.figures.contours import draw_contours

        drawn = draw_contours(drawn, found.values, found.scale)
    return outlined(drawn, mask), found.scale


def on_clear(
    heatmap: NDArray[np.float32],
    signed: bool,
    strength: float,
    sign: Sign,
    smooth: bool,
    rival: NDArray[np.float32] | None = None,
    palette: Palette = STANDARD,
) -> tuple[NDArray[np.uint8], Scale]:
    """A map without a picture, (H, W, 4): the page's ground, light or dark, is seen through it."""
    found = layers(None, heatmap, signed, sign, PAGE_SIDE, smooth, rival, palette)
    colours = found.scale.colour(found.values)
    pixels = np.concatenate([colours, 255 * found.share(strength)], axis=-1)
    return pixels.round().astype(np.uint8), found.scale


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
    palette: Palette = STANDARD,
    contours: bool = False,
) -> tuple[bytes, Scale | None]:
    """An encoded picture for a page, and its scale; without a map yet, the picture alone."""
    if heatmap is None:
        assert picture is not None
        nothing = np.zeros(picture.shape[:2], np.float32)
        pixels, _ = overlay(picture, nothing, signed, 0.0, mask=mask)
        return encoded(pixels), None
    if picture is None and mask is None:
        pixels, scale = on_clear(heatmap, signed, strength, sign, smooth, rival, palette)
        return encoded(pixels), scale
    pixels, scale = overlay(
        picture, heatmap, signed, strength, sign, PAGE_SIDE, smooth, rival, mask, palette, contours
    )
    return encoded(pixels), scale


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG; with a fourth channel, of opacity, a PNG."""
    buffer = io.BytesIO()
    if pixels.shape[-1] == 4:
        Image.fromarray(pixels).save(buffer, "PNG")
    else:
        Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()


@only(SOURCE)
def attribution_png(
    attribution: Attribution,
    strength: float = 0.8,
    sign: Sign = "both",
    smooth: bool = True,
    palette: Palette = STANDARD,
    contours: bool = False,
) -> bytes:
    """A PNG that speaks for itself: what was asked, the picture, the map over it, and the scale.

    Method and class stand in its metadata too.
    """
    a = attribution
    pixels, scale = overlay(
        a.picture, a.heatmap, a.signed, strength, sign, PNG_SIDE, smooth, None, a.mask, palette,
        contours,
    )  # fmt: skip
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
    notes = " ".join(filter(None, (tr("Smoothed.") if smooth else "", scale.words)))
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
