import { html, number } from "./dom.js";
import { horizon, trust } from "./chart.js";
import { draw } from "./graph.js";

const $ = (id) => document.getElementById(id);
const place = new URLSearchParams(location.search);
let namespace = place.get("namespace") || "", chosen = place.get("service") || "", shown = null, failure = "";

async function get(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

const seconds = (duration) => [...duration.matchAll(/([\d.]+)(h|ms|m|s)/g)].reduce((sum, [, n, u]) => sum + n * { h: 3600, m: 60, s: 1, ms: 0.001 }[u], 0);
const mood = (s) => (s.problem ? "bad" : s.ready === null || s.served !== undefined ? "" : s.desired > s.ready ? "up" : s.desired < s.ready ? "down" : "");

function problems() {
  const all = [];
  if (failure) all.push(failure);
  if (shown) {
    for (const a of shown.applications) {
      if (a.problem) all.push(`${a.name} is not planned: ${a.problem}`);
      if (a.trust && a.trust.level !== "full") all.push(`The model of ${a.name} is not fully trusted (${a.trust.level}), because ${a.trust.reason}`);
      if (a.trust && a.trust.violations > 0.05) all.push(`The SLO of ${a.name} was violated in ${(100 * a.trust.violations).toFixed(0)} % of the recent steps`);
    }
    const grouped = new Map();
    for (const s of shown.services) if (s.problem) grouped.set(s.problem, [...(grouped.get(s.problem) || []), s.name]);
    for (const [text, names] of grouped) all.push(`${names.length > 4 ? `${names.length} services` : names.join(", ")}: ${text}`);
    const full = shown.services.filter((s) => s.clamp === "max" && !s.problem).map((s) => s.name);
    if (full.length) all.push(`At the maximum of the autoscaler: ${full.join(", ")}`);
  }
  $("problems").textContent = all.join("\n");
}

function applications() {
  $("applications").replaceChildren(...shown.applications.map((a) => html("div", { class: "application" },
    html("b", {}, a.name),
    html("span", {}, `${shown.services.filter((s) => s.application === a.name).length} services here`),
    html("span", {}, a.model ? `model ${a.model.slice(0, 12)}` : "no model: queueing theory serves"),
    a.learning ? html("span", { class: "dim" }, `learner: ${a.learning.detail}`) : undefined,
    a.trust ? html("span", {}, `trust ${number(a.trust.value, 2)} (${a.trust.level})`) : undefined,
    a.trust && (a.recent || []).length > 1 ? html("span", {}, trust(a.recent, { width: 320, height: 70 }), html("small", {}, html("i", { class: "need-key" }), " trust ", html("i", { class: "sla-key" }), " share of steps that broke the SLO")) : undefined)));
}

function rows() {
  const step = seconds(shown.step);
  $("rows").replaceChildren(...shown.services.map((s) => html("tr", { class: s.name === chosen ? "chosen" : "", onclick: () => choose(s.name) },
    html("td", {}, html("button", { type: "button" }, s.name)),
    html("td", {}, number(s.ready)),
    html("td", { class: mood(s) }, s.problem ? "no number" : `${number(s.desired)}${s.served !== undefined ? " (shadow)" : ""}`),
    html("td", {}, number(s.need, 2)),
    html("td", {}, s.detail ? horizon(s, step, { width: 120, height: 24 }) : ""),
    html("td", { class: "dim" }, `${s.min}–${s.max}`),
    html("td", { class: "dim" }, s.estimator || ""))));
}

async function detail() {
  const root = $("detail");
  root.hidden = !chosen;
  if (!chosen) return;
  try {
    const d = await get(`api/document?namespace=${encodeURIComponent(namespace)}&service=${encodeURIComponent(chosen)}`);
    const s = d.services[0];
    if (s.name !== chosen) return;
    root.replaceChildren(html("h2", {}, s.name, " ", html("small", {}, "dashed: ready pods now")),
      html("div", { class: "columns" },
        html("div", {}, ...(s.detail ? s.detail.words : [s.problem]).map((w) => html("p", {}, w))),
        s.detail ? html("div", {}, horizon(s, seconds(d.step), { width: 560, height: 220, axes: true })) : undefined));
  } catch (e) {
    root.replaceChildren(html("p", { class: "bad" }, e.message));
  }
}

function render() {
  problems();
  if (!shown) return;
  applications();
  const of = (kind) => shown.applications.flatMap((a) => a[kind] || []);
  draw($("drawing"), shown.services, of("calls"), of("affinity"), chosen, choose, mood);
  rows();
}

function choose(name) {
  chosen = chosen === name ? "" : name;
  place.set("service", chosen);
  history.replaceState(null, "", `?${place}`);
  render();
  detail();
}

async function refresh() {
  let next = 5;
  try {
    const d = await get(`api/document?namespace=${encodeURIComponent(namespace)}`);
    shown = d;
    failure = "";
    next = Math.min(15, Math.max(1, seconds(d.step) / 2));
    $("state").textContent = `DeepScaler ${d.version}, ${new Date(d.now).toLocaleTimeString()}`;
    $("state").className = "";
  } catch (e) {
    failure = e.message;
    $("state").textContent = shown ? `not up to date since ${new Date(shown.now).toLocaleTimeString()}` : "no answer";
    $("state").className = "old";
  }
  render();
  await detail();
  setTimeout(refresh, 1000 * next);
}

const known = await get("api/namespaces").catch((e) => ({ namespaces: [], first: "", error: e.message }));
namespace ||= known.first;
$("namespace").replaceChildren(...known.namespaces.map((n) => html("option", n === namespace ? { selected: "" } : {}, n)));
$("namespace").addEventListener("change", (e) => {
  namespace = e.target.value;
  shown = null;
  chosen = "";
  place.set("namespace", namespace);
  place.delete("service");
  location.search = place;
});
refresh();
