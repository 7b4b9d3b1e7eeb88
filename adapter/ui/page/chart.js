import { svg, number } from "./dom.js";

// path returns the line through points, with gaps where a value is unknown.
function path(points) {
  let d = "", pen = false;
  for (const [x, y] of points) {
    if (y === null || Number.isNaN(y)) { pen = false; continue; }
    d += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  }
  return d;
}

// area returns the band between two rows of values, where both are known.
function area(upper, lower) {
  const known = upper.map((p, i) => [p, lower[i]]).filter(([a, b]) => a[1] !== null && b[1] !== null);
  if (known.length < 2) return "";
  return path(known.map(([a]) => a)) + "L" + path(known.map(([, b]) => b).reverse()).slice(1) + "Z";
}

// horizon draws the need of a service over the coming steps.
export function horizon(service, step, { width, height, axes }) {
  const detail = service.detail, coming = detail.horizon;
  const left = axes ? 30 : 1, bottom = axes ? 16 : 1;
  const values = coming.flatMap((c) => [c.need, c.theory, ...(c.quantiles || [])]).concat(axes ? [service.ready, service.desired] : []);
  const most = Math.max(1, ...values.filter((v) => v !== null && v !== undefined)) * 1.08;
  const x = (h) => left + ((width - left - 4) * h) / Math.max(1, coming.length - 1);
  const y = (v) => (v === null || v === undefined ? null : height - bottom - ((height - bottom - 4) * v) / most);
  const points = (of) => coming.map((c, h) => [x(h), y(of(c))]);
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `need of ${service.name}` });
  if (axes) {
    for (const v of [0, most / 2, most]) {
      root.append(svg("line", { class: "grid", x1: left, x2: width, y1: y(v), y2: y(v) }), svg("text", { class: "axis", x: 0, y: y(v) + 3 }, v.toFixed(most < 5 ? 1 : 0)));
    }
    const every = Math.ceil(coming.length / 4);
    for (let h = 0; h < coming.length; h += every) root.append(svg("text", { class: "axis", x: x(h), y: height - 3 }, `+${Math.round((h + 1) * step)}s`));
    if (service.ready !== null) root.append(svg("line", { class: "limit", x1: left, x2: width, y1: y(service.ready), y2: y(service.ready) }));
  }
  const last = (detail.levels || []).length - 1;
  if (last > 0) root.append(svg("path", { class: "band", d: area(points((c) => (c.quantiles || [])[last] ?? null), points((c) => (c.quantiles || [])[0] ?? null)) }));
  root.append(svg("path", { class: "theory", d: path(points((c) => c.theory)) }), svg("path", { class: "need", d: path(points((c) => c.need)) }));
  return root;
}

// trust draws trust and violations over time.
export function trust(recent, { width, height }) {
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "trust and violations over time" });
  const x = (i) => 26 + ((width - 30) * i) / Math.max(1, recent.length - 1);
  const y = (v) => (v === null ? null : height - 14 - (height - 20) * v);
  for (const v of [0, 1]) root.append(svg("line", { class: "grid", x1: 26, x2: width, y1: y(v), y2: y(v) }), svg("text", { class: "axis", x: 0, y: y(v) + 3 }, number(v)));
  root.append(svg("path", { class: "need", d: path(recent.map((m, i) => [x(i), y(m.trust)])) }));
  root.append(svg("path", { class: "sla", d: path(recent.map((m, i) => [x(i), y(m.violations)])) }));
  if (recent.length > 1) {
    const minutes = (new Date(recent.at(-1).at) - new Date(recent[0].at)) / 60000;
    root.append(svg("text", { class: "axis", x: 26, y: height - 2 }, `${minutes.toFixed(0)} min ago`), svg("text", { class: "axis", x: width - 24, y: height - 2 }, "now"));
  }
  return root;
}
