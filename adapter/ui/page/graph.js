import { svg, number } from "./dom.js";

const wide = 150, high = 38, gapX = 46, gapY = 10;

// layers places services: callers left of what they call, and each near its callers.
function layers(names, calls) {
  const depth = new Map(names.map((n) => [n, 0]));
  const inner = calls.filter((c) => c.source && c.source !== c.destination && depth.has(c.source) && depth.has(c.destination));
  // As many rounds as the longest path may have; a cycle ends with them.
  for (let round = 0; round < Math.min(8, names.length); round++) {
    for (const c of inner) depth.set(c.destination, Math.min(8, Math.max(depth.get(c.destination), depth.get(c.source) + 1)));
  }
  const columns = [];
  for (const n of names) (columns[depth.get(n)] ||= []).push(n);
  const full = columns.filter(Boolean);
  const row = new Map();
  for (const column of full) {
    const near = (n) => {
      const rows = inner.filter((c) => c.destination === n && row.has(c.source)).map((c) => row.get(c.source));
      return rows.length ? rows.reduce((a, b) => a + b) / rows.length : names.length;
    };
    column.sort((a, b) => near(a) - near(b) || a.localeCompare(b)).forEach((n, i) => row.set(n, i));
  }
  return full;
}

function curve(a, b) {
  const x1 = a.x + wide, y1 = a.y + high / 2, x2 = b.x, y2 = b.y + high / 2;
  const bend = Math.max(30, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

// draw shows services and their relations; choose is called with a service.
export function draw(root, services, calls, learned, chosen, choose, mood) {
  const columns = layers(services.map((s) => s.name), calls);
  const tallest = Math.max(...columns.map((c) => c.length));
  const at = new Map();
  columns.forEach((column, i) => column.forEach((name, j) => at.set(name, {
    x: 4 + i * (wide + gapX), y: 4 + (j + (tallest - column.length) / 2) * (high + gapY),
  })));
  const width = columns.length * (wide + gapX), height = tallest * (high + gapY) + 4;
  root.replaceChildren();
  for (const [k, v] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) root.setAttribute(k, v);
  root.style.minWidth = `${0.75 * width}px`; // smaller text cannot be read
  const edges = (all, kind) => {
    const most = Math.max(...all.map((l) => l.value), 0);
    for (const l of all) {
      if (!at.has(l.source) || !at.has(l.destination) || l.source === l.destination) continue;
      const faint = chosen && l.source !== chosen && l.destination !== chosen ? " faint" : "";
      root.append(svg("path", { class: kind + faint, d: curve(at.get(l.source), at.get(l.destination)), "stroke-width": (1 + 2.5 * (l.value / most)).toFixed(1) },
        svg("title", {}, `${l.source} → ${l.destination}: ${l.value.toPrecision(3)}${kind === "call-edge" ? " calls/s" : " learned affinity"}`)));
    }
  };
  edges(calls, "call-edge");
  // More than a few per service would hide the picture.
  edges([...learned].sort((a, b) => b.value - a.value).slice(0, services.length), "learned-edge");
  for (const s of services) {
    const p = at.get(s.name), short = s.name.length > 20 ? s.name.slice(0, 19) + "…" : s.name;
    root.append(svg("g", { class: `node ${mood(s)}${s.name === chosen ? " chosen" : ""}`, transform: `translate(${p.x} ${p.y})`, onclick: () => choose(s.name) },
      svg("title", {}, s.problem ? `${s.name}: ${s.problem}` : s.name),
      svg("rect", { width: wide, height: high }),
      svg("text", { x: 8, y: 16 }, short),
      svg("text", { class: "axis", x: 8, y: 30 }, s.problem ? "no number" : `${number(s.ready)} → ${number(s.desired)}   need ${number(s.need, 1)}`)));
  }
}
