// Curves of the scorecard: <div data-curve> holds an SVG and an input of points, "0:0 0.35:50". Either changes the other.
// A point is dragged, moved by the arrow keys (Shift: ten steps), added by a double click and taken away by Delete.
const WIDTH = 240, HEIGHT = 110, LEFT = 22, RIGHT = 8, TOP = 8, BOTTOM = 16, NS = "http://www.w3.org/2000/svg";
const make = (name, marks) => { const one = document.createElementNS(NS, name); for (const key in marks) one.setAttribute(key, marks[key]); return one; };
const read = text => text.trim().split(/[\s;]+/).map(part => part.split(":").map(Number)).filter(pair => pair.length === 2 && pair.every(Number.isFinite));
const written = points => points.map(([x, z]) => `${x}:${z}`).join(" ");

for (const place of document.querySelectorAll("[data-curve]")) {
  const svg = place.querySelector("svg"), input = place.querySelector("input");
  let points = read(input.value), range, step, dragged = null;
  const measure = () => { // a step is a hundredth of the range, as a round number, so that no value gets stray digits
    const xs = points.map(([x]) => x), low = Math.min(...xs), high = Math.max(...xs), span = high - low || 1;
    range = [low, span];
    step = 10 ** Math.floor(Math.log10(span / 50));
  };
  const round = x => Number((Math.round(x / step) * step).toPrecision(12));
  const toX = x => LEFT + (x - range[0]) / range[1] * (WIDTH - LEFT - RIGHT), toY = z => TOP + (100 - z) / 100 * (HEIGHT - TOP - BOTTOM);
  const fit = (index, x, z) => { // x stays between its neighbours
    const before = points[index - 1]?.[0] ?? -Infinity, after = points[index + 1]?.[0] ?? Infinity;
    points[index] = [Math.min(Math.max(round(x), round(before + step)), round(after - step)), Math.min(100, Math.max(0, Math.round(z)))];
  };
  const draw = focus => {
    svg.replaceChildren();
    if (points.length < 2) return;
    if (dragged === null) measure();
    for (const z of [0, 50, 100]) {
      svg.append(make("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: toY(z), y2: toY(z) }));
      const label = make("text", { x: LEFT - 4, y: toY(z) + 3, "text-anchor": "end" }); label.textContent = z; svg.append(label);
    }
    for (const [at, x] of [["start", points[0][0]], ["end", points.at(-1)[0]]]) {
      const label = make("text", { x: toX(x), y: HEIGHT - 4, "text-anchor": at }); label.textContent = x; svg.append(label);
    }
    svg.append(make("polyline", { class: "line", points: points.map(([x, z]) => `${toX(x)},${toY(z)}`).join(" ") }));
    points.forEach(([x, z], index) => {
      const said = place.dataset.said.replace("{n}", index + 1).replace("{x}", x).replace("{z}", z);
      const dot = make("circle", { cx: toX(x), cy: toY(z), r: 4.5, tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": z, "aria-valuetext": said, "aria-label": said, "data-index": index });
      svg.append(dot);
      if (index === focus) dot.focus();
    });
  };
  const tell = focus => { input.value = written(points); draw(focus); input.dispatchEvent(new Event("change", { bubbles: true })); };
  const where = event => { // the pointer in the units of the curve
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [range[0] + (at.x - LEFT) / (WIDTH - LEFT - RIGHT) * range[1], 100 - (at.y - TOP) / (HEIGHT - TOP - BOTTOM) * 100];
  };
  svg.addEventListener("pointerdown", event => {
    if (event.target.tagName !== "circle") return;
    dragged = Number(event.target.dataset.index);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", event => { if (dragged !== null) { fit(dragged, ...where(event)); input.value = written(points); draw(); } });
  const drop = () => { if (dragged === null) return; const index = dragged; dragged = null; tell(index); };
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", drop);
  svg.addEventListener("dblclick", event => {
    const [x, z] = where(event), index = points.findIndex(([other]) => other > x);
    if (index < 1) return;
    points.splice(index, 0, [x, z]);
    fit(index, x, z);
    tell(index);
  });
  svg.addEventListener("keydown", event => {
    const index = Number(event.target.dataset.index);
    if (Number.isNaN(index)) return;
    const [x, z] = points[index], by = event.shiftKey ? 10 : 1;
    const moves = { ArrowUp: [0, by], ArrowDown: [0, -by], ArrowLeft: [-by, 0], ArrowRight: [by, 0] };
    if (moves[event.key]) fit(index, x + moves[event.key][0] * step, z + moves[event.key][1]);
    else if ((event.key === "Delete" || event.key === "Backspace") && points.length > 2) points.splice(index, 1);
    else return;
    event.preventDefault();
    tell(Math.min(index, points.length - 1));
  });
  input.addEventListener("input", () => { points = read(input.value); draw(); });
  draw();
}
