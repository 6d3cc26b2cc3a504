// One map and its picture, compared closely: a lens, a handle to swipe, methods in turn.
// No network: the pictures come as data: addresses with the page.
const MODES = ["lens", "swipe", "flicker"];
const clamp = (value) => Math.min(100, Math.max(0, value));

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".closely");
  const made = JSON.stringify(data);
  if (root.made === made) return; // called again at every run of the page
  root.made = made;
  root.stop?.();
  const find = (name) => root.querySelector("." + name);
  const stage = find("stage"), under = find("under"), over = find("over");
  const handle = find("handle"), told = find("told"), pace = find("pace"), range = find("range");
  const { frames, words } = data; // the picture, this map, then the other methods
  const state = { mode: "lens", x: 50, y: 50, part: 50, frame: 1, playing: false };
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let timer = null;

  function draw() {
    const { mode } = state;
    for (const button of root.querySelectorAll("[data-mode]")) {
      const chosen = button.dataset.mode === mode;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    under.src = frames[mode === "flicker" ? state.frame : 1].image;
    over.src = frames[0].image;
    over.hidden = mode === "flicker";
    handle.hidden = mode !== "swipe";
    pace.hidden = mode !== "flicker";
    stage.tabIndex = mode === "swipe" ? -1 : 0;
    over.style.clipPath = mode === "lens"
      ? `circle(17% at ${state.x}% ${state.y}%)`
      : `inset(0 ${100 - state.part}% 0 0)`;
    find("ring").hidden = mode !== "lens";
    find("ring").style.left = state.x + "%";
    find("ring").style.top = state.y + "%";
    handle.style.left = state.part + "%";
    handle.setAttribute("aria-valuenow", String(Math.round(state.part)));
    handle.setAttribute("aria-valuetext", `${Math.round(state.part)}% ${words.picture}`);
    const how = state.playing ? words.playing : words.still;
    told.textContent = mode === "flicker"
      ? `${frames[state.frame].title}. ${how}` : words[`${mode}_told`];
    stage.setAttribute("aria-label", `${frames[state.mode === "flicker" ? state.frame : 1].title}, `
      + words[mode]);
    find("play").textContent = state.playing ? words.stop : words.start;
  }

  function play(on) {
    clearInterval(timer);
    state.playing = on && state.mode === "flicker";
    if (state.playing) timer = setInterval(() => step(1), Number(range.value));
    draw();
  }

  function step(by) {
    state.frame = (state.frame + by + frames.length) % frames.length;
    draw();
  }

  function choose(mode) {
    state.mode = mode;
    if (mode === "flicker") play(!still.matches);
    else { state.frame = 1; play(false); }
  }

  function follow(event) {
    const box = stage.getBoundingClientRect();
    const x = clamp(100 * (event.clientX - box.left) / box.width);
    const y = clamp(100 * (event.clientY - box.top) / box.height);
    if (state.mode === "lens") [state.x, state.y] = [x, y];
    else if (state.mode === "swipe") state.part = x;
    draw();
  }

  const MOVES = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };
  const JUMPS = { PageUp: 10, PageDown: -10, Home: -100, End: 100 };

  function key(event) {
    const [across, down] = MOVES[event.key] ?? [0, 0];
    if (state.mode === "flicker" && event.key === " ") play(!state.playing);
    else if (state.mode === "flicker" && (across || down)) { play(false); step(across + down > 0 ? 1 : -1); }
    else if (state.mode === "lens" && (across || down)) {
      state.x = clamp(state.x + across);
      state.y = clamp(state.y + down);
    } else if (state.mode === "swipe" && (across || down || event.key in JUMPS))
      state.part = clamp(state.part + across - down + (JUMPS[event.key] ?? 0));
    else return;
    event.preventDefault();
    draw();
  }

  const modes = find("modes");
  modes.setAttribute("aria-label", words.modes);
  handle.setAttribute("aria-label", words.handle);
  find("speed").textContent = words.speed;
  modes.replaceChildren(...MODES.map((mode) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: words[mode] });
    button.dataset.mode = mode;
    button.setAttribute("role", "radio");
    button.onclick = () => choose(mode);
    return button;
  }));
  modes.onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(MODES[(MODES.indexOf(state.mode) + by + MODES.length) % MODES.length]);
    root.querySelector(`[data-mode=${state.mode}]`).focus();
  };
  stage.onpointermove = (event) => {
    if (state.mode === "lens" || (state.mode === "swipe" && event.buttons)) follow(event);
  };
  stage.onpointerdown = (event) => {
    if (state.mode === "swipe") stage.setPointerCapture(event.pointerId);
    follow(event);
  };
  stage.onkeydown = key;
  find("play").onclick = () => play(!state.playing);
  range.oninput = () => play(state.playing);
  root.stop = () => clearInterval(timer);
  draw();
  return () => clearInterval(timer);
}
