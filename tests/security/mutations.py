"""Small valid files, changed: what a damaged or a hostile one may look like, as hypothesis draws
them.

A change is drawn as plain values, so that hypothesis shrinks a failure to the fewest changes.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Inputs = st.SearchStrategy[bytes]
WHERE = 2**16
"""A place in a file is drawn as a part of so many of its length."""
DEEP = 3_000
"""Levels of nesting: more than Python's parser takes."""

ODD_BYTES: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff", b"\x00" * 8, b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80",
    b"\x00\x00\x00\x80", b"\n", b"\r", b"\t", b",", b";", b'"', b"'", b"{", b"[", b"}", b"\\",
    b"nan", b"-inf", b"1e999", b"-1", b"9" * 5_000, b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04",
    b"../../x", b"\xed\xa0\x80", b"[" * DEEP, b'{"a":' * DEEP, "\u202e\u0000\ud7ff".encode(),
    b"=cmd|' /C calc'!A0", b"![x](http://host/x.png)", b"<script>",
)  # fmt: skip
"""What parsers are known to stumble over."""
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, 1e308, float("nan"),
    float("inf"), "", "a", "\x00", "../../x", "/dev/zero", "9" * 5_000, "\ud800", "NaN", "1e999",
    "![x](http://host/x.png)", [], {}, [[]], [None], {"": None}, {"a": {"b": []}}, [1, "a", None],
    ["a"] * 50,
)  # fmt: skip
"""Stand where JSON has another value; json writes all but what no text can have."""


def changed_bytes(seeds: Sequence[bytes]) -> Inputs:
    """One of the seeds with 1 to 4 changes: bytes set, cut out, repeated, put in, or the rest cut
    off."""
    piece = st.one_of(st.sampled_from(ODD_BYTES), st.binary(min_size=1, max_size=6))
    change = st.tuples(
        st.sampled_from(("set", "cut", "again", "put", "end", "flip")),
        st.integers(0, WHERE),
        st.integers(1, 64),
        piece,
    )
    return st.builds(
        _with_changes, st.sampled_from(list(seeds)), st.lists(change, min_size=1, max_size=4)
    )


def _with_changes(seed: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    found = seed
    for way, where, count, piece in changes:
        at = len(found) * where // WHERE
        match way:
            case "set":
                found = found[:at] + piece + found[at + len(piece) :]
            case "cut":
                found = found[:at] + found[at + count :]
            case "again":
                found = found[:at] + found[at : at + count] * (1 + count) + found[at + count :]
            case "put":
                found = found[:at] + piece + found[at:]
            case "end":
                found = found[:at]
            case "flip" if at < len(found):
                found = found[:at] + bytes([found[at] ^ (1 << count % 8)]) + found[at + 1 :]
    return found


def changed_json(seeds: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of the seeds with 1 to 3 of its values replaced, left out, renamed or nested."""
    change = st.tuples(
        st.sampled_from(("odd", "odd", "odd", "leave", "rename", "nest", "twice")),
        st.integers(0, WHERE),
        st.sampled_from(ODD_VALUES),
    )
    return st.builds(
        _with_values, st.sampled_from(list(seeds)), st.lists(change, min_size=1, max_size=3)
    )


def _with_values(seed: Any, changes: list[tuple[str, int, Any]]) -> Any:
    whole = [deepcopy(seed)]  # a list, so that the outermost value has a place too
    for way, where, value in changes:
        places = list(_places(whole))
        holder, key = places[where % len(places)]
        if way == "odd":
            holder[key] = deepcopy(value)  # a later change may be inside of it
        elif way == "nest":
            holder[key] = [holder[key]]
        elif holder is whole:
            continue
        elif way == "leave":
            del holder[key]
        elif way == "rename" and isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        elif way == "twice" and isinstance(holder, list):
            holder.append(deepcopy(holder[key]))
    return whole[0]


def _places(holder: Any) -> Any:
    """(holder, key) of every value, however deep."""
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(pairs):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)


def json_bytes(value: Any) -> bytes:
    """NaN, infinity and single surrogates are written, as a foreign program may."""
    return json.dumps(value).encode()


def changed_json_files(*seeds: Any) -> Inputs:
    """Values changed in seven of ten, else bytes of the text."""
    values = changed_json(seeds).map(json_bytes)
    return st.one_of(values, values, changed_bytes([json_bytes(seed) for seed in seeds]))


def changed_safetensors(seed: bytes) -> Inputs:
    """The JSON header changed and its length told rightly, or any bytes changed."""
    size = int.from_bytes(seed[:8], "little")
    header, body = json.loads(seed[8 : 8 + size]), seed[8 + size :]

    def whole(told: Any) -> bytes:
        text = json_bytes(told)
        return len(text).to_bytes(8, "little") + text + body

    return st.one_of(changed_json([header]).map(whole), changed_bytes([seed]))


def zip_bytes(members: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as written:
        for name, content in members.items():
            written.writestr(zipfile.ZipInfo(name), content, compress_type=packed)
    return out.getvalue()


ODD_NAMES = (
    "../../out.png",
    "/etc/x.png",
    "a\\..\\b.png",
    "\x01.png",
    "é" * 300 + ".png",
    "a//b.png",
)


def changed_zip(members: dict[str, bytes], inside: dict[str, Inputs] | None = None) -> Inputs:
    """Its bytes changed; a member changed in a sound ZIP, by `inside` where that knows how; or a
    member under a name that leads elsewhere."""
    names = list(members)
    known = inside or {}

    def member(name: str) -> Inputs:
        new = known.get(name, changed_bytes([members[name]]))
        return new.map(lambda content: zip_bytes({**members, name: content}))

    def renamed(pair: tuple[str, str]) -> bytes:
        old, new = pair
        return zip_bytes({new if n == old else n: c for n, c in members.items()})

    whole = [zip_bytes(members), zip_bytes(members, zipfile.ZIP_DEFLATED)]
    moved = st.tuples(st.sampled_from(names), st.sampled_from(ODD_NAMES)).map(renamed)
    return st.one_of(changed_bytes(whole), st.sampled_from(names).flatmap(member), moved)


def with_content(make: Callable[[bytes], bytes], inputs: Inputs) -> Inputs:
    """Changed content in a sound wrapping, such as one whose digest is right."""
    return inputs.map(make)


ODD_TEXTS = (
    "", " ", "-1", "0", "+-3", "00", "1.0", "1e999", "nan", "inf", "²", "٣", "9" * 5_000,
    "1" + "0" * 400, "-" * 5_000, "\x00", "\u202e", "~", "~nobody/x", "..", "../../x",
    "/dev/zero", "/etc/passwd", "a/b", "a:b", ":", "::", "a,b", ",", ",,,", "=", "a=b", "a..b",
    "{", "[", "%s%n", "{0}", "![x](http://host/x.png)", "<script>alert(1)</script>", "a" * 3_000,
    "\n", "\\", "*", "?", "1..2", "1..2 log step", "crop:nan,inf", "crop:1e400,0",
)  # fmt: skip


def texts(*seeds: str) -> st.SearchStrategy[str]:
    """What an address or a field may hold, which has been decoded from UTF-8: odd ones, any, and
    what is accepted, changed."""
    known = [seed.encode() for seed in seeds] or [b"a"]
    changed = changed_bytes(known).map(lambda found: found.decode("utf-8", "replace"))
    return st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12), changed)
