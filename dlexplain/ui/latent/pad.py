"""A pad to draw on, white on black: a small component of our own, since Streamlit has none."""

import base64
import binascii

import streamlit as st

from dlexplain.language import tr

SIDE, STROKE = 280, 20
HTML = f"""
<canvas width="{SIDE}" height="{SIDE}" role="img"
  style="width:{SIDE}px;max-width:100%;background:#000;border-radius:8px;cursor:crosshair;
         touch-action:none;border:1px solid rgba(128,128,128,0.6)"></canvas><br>
<button style="font:inherit;padding:4px 12px;margin-top:4px;border-radius:8px;cursor:pointer;
         color:inherit;background:transparent;border:1px solid rgba(128,128,128,0.6)"></button>
"""
JS = f"""
export default function({{data, parentElement, setStateValue}}) {{
    const canvas = parentElement.querySelector("canvas");
    canvas.setAttribute("aria-label", data.pad);
    parentElement.querySelector("button").textContent = data.clear;
    if (canvas.ready) return;  // called again at every run of the page
    canvas.ready = true;
    const brush = canvas.getContext("2d");
    const clear = () => {{ brush.fillStyle = "#000"; brush.fillRect(0, 0, {SIDE}, {SIDE}); }};
    const place = (event) => [event.offsetX * {SIDE} / canvas.clientWidth,
                              event.offsetY * {SIDE} / canvas.clientHeight];
    let drawing = false;
    const line = (event) => {{
        if (!drawing) return;
        brush.lineTo(...place(event));
        brush.stroke();
    }};
    clear();
    canvas.onpointerdown = (event) => {{
        canvas.setPointerCapture(event.pointerId);
        drawing = true;
        Object.assign(brush, {{lineWidth: {STROKE}, lineCap: "round", lineJoin: "round",
                              strokeStyle: "#fff"}});
        brush.beginPath();
        brush.moveTo(...place(event));
        line(event);
    }};
    canvas.onpointermove = line;
    canvas.onpointerup = canvas.onpointercancel = () => {{
        if (!drawing) return;
        drawing = false;
        setStateValue("png", canvas.toDataURL("image/png"));
    }};
    parentElement.querySelector("button").onclick = () => {{ clear(); setStateValue("png", ""); }};
}}
"""
_pad = st.components.v2.component("dlexplain.pad", html=HTML, js=JS)


def drawing(key: str) -> bytes:
    """The pad; the drawing as PNG after each stroke, b"" while there is none."""
    words = {"pad": tr("Drawing pad"), "clear": tr("Clear")}
    found = _pad(data=words, key=key, default={"png": ""}, on_png_change=lambda: None)
    return decoded(str(found.get("png") or ""))


def decoded(address: str) -> bytes:
    """The bytes of a data: address; b"" where it is none."""
    head, _, content = address.partition(",")
    if not head.startswith("data:image/png;base64"):
        return b""
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:  # what a browser sends may be anything
        return b""
