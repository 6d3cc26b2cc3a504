"""The page that every HTML file of ours is: its style, its policy, and how it draws its charts.

One file, nothing fetched. A policy in it forbids the browser any network, and any script but the
two whose hashes it names: what draws the charts, and plotly.js. So a text from outside that found
its way into the page as mark-up would still run nothing. plotly.js is 4.8 MB, which is more than a
report may be: it stands in the page compressed (1.5 MB, 2 MB as base64) and the browser unpacks it.
Where a browser does not, or on paper, each chart is the picture of it that stands below
(docs/decisions/0042).
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from dlexplain.figures.scales import BLUE, LINES, ORANGE
from dlexplain.language import tr
from dlexplain.results.words import made_visible

STYLE = f"""
:root{{color-scheme:light dark;--ink:#16202a;--soft:#5b6672;--paper:#fff;--line:#d9dee3;
--panel:#f5f7f9;--mark:{BLUE}}}
@media (prefers-color-scheme:dark){{:root{{--ink:#e8ecf0;--soft:#a3adb8;--paper:#11161c;
--line:#2f3943;--panel:#1a2129;--mark:#56b4e9}}}}
*{{box-sizing:border-box;print-color-adjust:exact;-webkit-print-color-adjust:exact}}
body{{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:68rem;margin:2rem auto 4rem;padding:0 1.25rem;overflow-wrap:anywhere}}
h1{{font-size:1.7rem;line-height:1.25;margin:.2rem 0 .8rem}}
h2{{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.9rem;border-top:1px solid var(--line)}}
h3{{font-size:1rem;margin:1.2rem 0 .3rem}}
p{{margin:.4rem 0;max-width:48rem}}
a{{color:var(--mark)}}
.kind,.soft,figcaption,caption{{color:var(--soft);font-size:.85rem}}
.kind{{margin:0}}
.answer{{font-size:1.15rem;border-left:4px solid var(--mark);padding:.5rem 1rem;margin:0 0 .6rem;
background:var(--panel);border-radius:0 6px 6px 0;max-width:none}}
figure{{margin:.8rem 0;min-width:0}}
figcaption{{margin-top:.35rem}}
figure strong{{display:block;font-size:.95rem;margin-bottom:.3rem}}
.side{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,14rem),1fr));gap:1.2rem}}
.shown img{{width:100%;max-width:28rem;display:block;border-radius:4px}}
.still{{width:100%;max-width:46rem;background:#fff;border-radius:4px;display:block}}
.drawn .still{{display:none}}
.wide{{overflow-x:auto}}
table{{border-collapse:collapse;margin:.6rem 0;font-size:.9rem;overflow-wrap:normal}}
caption{{text-align:left;caption-side:top;padding-bottom:.2rem}}
td,th{{min-width:4.5rem;padding:.3rem .7rem .3rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--line)}}
th{{font-weight:600}}
td.n{{text-align:right;font-variant-numeric:tabular-nums}}
td.name,td.any{{overflow-wrap:anywhere}}
td img{{width:56px;height:56px;display:block}}
pre{{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;
white-space:pre-wrap;font-size:.85rem;overflow-wrap:anywhere;max-width:none}}
.wrong{{color:{ORANGE};font-weight:600}}
.right{{color:var(--mark)}}
@media print{{@page{{size:A4;margin:16mm}}
:root{{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--line:#ccc;--panel:#f5f7f9;
--mark:{BLUE}}}
body{{font-size:10.5pt;margin:0;padding:0;max-width:none}}
.live{{display:none!important}} .drawn .still{{display:block}}
figure,tr{{break-inside:avoid}} h2,h3{{break-after:avoid}} .wide{{overflow:visible}}
.side{{grid-template-columns:repeat(auto-fill,minmax(9rem,1fr))}}}}
"""
SCRIPT = """
(async () => {
  const packed = document.getElementById("plotly").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  Plotly.setPlotConfig({logging: 0});
  const charts = [...document.querySelectorAll("figure.chart")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const plain = JSON.parse(document.getElementById("look").textContent);
  const draw = () => {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
    const ink = colour("--ink"), line = colour("--line"), clear = "rgba(0,0,0,0)";
    const axis = {gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true};
    const look = {layout: {
      colorway: plain.lines, font: {color: ink, family: "system-ui, sans-serif", size: 12},
      paper_bgcolor: clear, plot_bgcolor: clear, xaxis: axis, yaxis: axis,
      hoverlabel: {font: {family: "system-ui, sans-serif"}},
      polar: {bgcolor: clear, radialaxis: axis, angularaxis: axis},
    }};
    for (const chart of charts) {
      const told = JSON.parse(chart.querySelector("script").textContent);
      const {width, ...layout} = told.layout;
      const place = chart.querySelector(".live");
      place.hidden = false;
      chart.classList.add("drawn");
      Plotly.react(place, told.data, {...layout, template: look, autosize: true},
        {displayModeBar: false, responsive: true, scrollZoom: false});
    }
  };
  draw();
  dark.addEventListener("change", draw);
})().catch((error) => console.warn("The charts stay pictures: " + error));
"""
NO_NETWORK = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"  # noqa: E501
"""Of a page without charts, which runs nothing."""


@cache
def plotly_script() -> tuple[str, str]:
    """plotly.js compressed, as base64, and its hash as a policy names it."""
    import plotly

    plain = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    packed = gzip.compress(plain, 9, mtime=0)
    return base64.b64encode(packed).decode(), _hash(plain)


def _hash(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


def page(title: str, body: str, charts: bool = False) -> bytes:
    """A document that stands by itself.

    title  plain text;  body  mark-up in which everything from outside is escaped already
    charts  whether there are figures of class chart in it
    """
    policy, scripts = NO_NETWORK, ""
    if charts:
        packed, of_plotly = plotly_script()
        policy += tr(f"; script-src {_hash(SCRIPT.encode())} {of_plotly}")
        look = data_block({"lines": list(LINES)}, ' id="look"')
        scripts = (
            f'<script type="text/plain" id="plotly">{packed}</script>{look}'
            f"<script>{SCRIPT}</script>"
        )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>"
        f"<body>{body}{scripts}</body></html>"
    ).encode()


def text(plain: str) -> str:
    """Any text as mark-up that shows it: escaped, control characters as signs."""
    return escape(made_visible(plain))


def data_block(told: Any, more: str = "") -> str:
    """JSON inside a page, which no text in it can end."""
    plain = json.dumps(told, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        plain = plain.replace(letter, f"\\u{ord(letter):04x}")
    return f'<script type="application/json"{more}>{plain}</script>'


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table of plain texts, which scrolls where it is wider than the page."""
    told = f"<caption>{text(caption)}</caption>" if caption else ""
    heads = "".join(f'<th scope="col">{text(name)}</th>' for name in columns)
    head = f"<thead><tr>{heads}</tr></thead>" if any(columns) else ""
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{told}{head}<tbody>{body}</tbody></table></div>'


BREAKS = 24
"""Letters of a word from which it may break anywhere, lest it push the table wide."""


def _cell(cell: str) -> str:
    long = any(len(word) > BREAKS for word in cell.split())
    return f"<td{' class=any' if long else ''}>{text(cell)}</td>"


def facts(told: Mapping[str, str]) -> str:
    """Names and values, a row each."""
    return table(("", ""), [(name, value) for name, value in told.items()])


def data_address(content: bytes, kind: str) -> str:
    """For src; kind  "jpeg", "png" or "svg+xml" """
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
