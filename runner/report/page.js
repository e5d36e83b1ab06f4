"use strict";
const $ = id => document.getElementById(id);
const element = (tag, properties, ...children) => { const e = Object.assign(document.createElement(tag), properties); e.append(...children); return e; };
const share = (v, n) => (100 * v).toFixed(v < .01 && v > 0 ? 3 : 1) + " % (" + Math.round(v * n).toLocaleString("en") + " of " + n.toLocaleString("en") + ")";
const name = i => { const p = page.pictures[i], c = page.classes[p[5]]; return c ? c + ": " + p[4] : p[4]; };

// tile returns a picture: the large one where there is one and it is wanted.
function tile(i, large) {
  const p = page.pictures[i], at = large && p[2] >= 0 ? 2 : 0, sheet = p[at], n = p[at + 1];
  const e = element("span", {className: sheet < 0 ? "t none" : "t s" + sheet});
  e.setAttribute("role", "img");
  e.setAttribute("aria-label", name(i) + (sheet < 0 ? ", which cannot be shown" : ""));
  if (sheet >= 0) e.style.backgroundPosition = `-${n % page.across * page.sides[sheet]}px -${Math.floor(n / page.across) * page.sides[sheet]}px`;
  return e;
}

// The slider: counts, the dots on both curves, and the pictures beside the threshold.
const trade = page.trade, slider = $("threshold"), words = page.words;
const accepted = (distance, at) => distance <= trade.thresholds[at];
function move() {
  const at = +slider.value, t = trade.thresholds[at];
  $("says").textContent = `distance ${t.toPrecision(4)}: ${words.accepts} ${share(trade.accepts[at], trade.negatives)}, ${words.rejects} ${share(trade.rejects[at], trade.positives)}`;
  slider.setAttribute("aria-valuetext", $("says").textContent);
  for (const id of ["roc", "det"]) {
    const svg = $(id), point = svg.querySelector("polyline").points.getItem(at);
    let dot = svg.querySelector(".marker");
    if (!dot) { dot = document.createElementNS(svg.namespaceURI, "circle"); dot.setAttribute("class", "marker"); dot.setAttribute("r", 6); svg.append(dot); }
    dot.setAttribute("cx", point.x);
    dot.setAttribute("cy", point.y);
  }
  const changed = trade.at < 0 ? [] : page.pairs.filter(p => accepted(p[2], at) !== accepted(p[2], trade.at));
  const shown = changed.length ? changed : page.pairs.toSorted((a, b) => Math.abs(a[2] - t) - Math.abs(b[2] - t));
  $("changed").textContent = changed.length ? `${changed.length} of the ${page.pairs.length} examples change sides against the model's threshold:`
    : `No example changes sides; those nearest to the threshold, of ${page.pairs.length}:`;
  $("sides").replaceChildren(...shown.slice(0, 12).map(p => {
    const yes = accepted(p[2], at), right = yes === p[3];
    return element("li", {}, element("figure", {className: "pair " + (right ? "right" : "wrong")}, element("span", {className: "two"}, tile(p[0], true), tile(p[1], true)),
      element("figcaption", {}, element("span", {className: "word", textContent: right ? "right" : "wrong"}), `: ${yes ? words.yes : words.no}, distance ${p[2].toPrecision(4)}`)));
  }));
}
slider.max = trade.thresholds.length - 1;
slider.addEventListener("input", move);
$("own").hidden = trade.at < 0;
$("own").addEventListener("click", () => { slider.value = trade.at; move(); });
slider.value = trade.at < 0 ? Math.floor(trade.thresholds.length / 2) : trade.at;
move();

// The gallery: queries, some at a time.
const step = 24;
let wanted = [], drawn = 0;
function more() {
  const list = $("list");
  for (const q of wanted.slice(drawn, drawn + step)) {
    const row = element("div", {className: "found"}, element("figure", {className: "ask"}, tile(q[0]), element("figcaption", {textContent: name(q[0])})));
    q[1].forEach((a, k) => {
      const right = q[3][k], t = tile(a);
      t.classList.add(right ? "right" : "wrong");
      row.append(element("figure", {className: right ? "right-answer" : "wrong-answer"}, t, element("figcaption", {}, element("span", {className: "word", textContent: right ? "✓ right" : "✗ wrong"}),
        ` ${q[2][k].toPrecision(3)} ${page.classes[page.pictures[a][5]] || page.pictures[a][4]}`)));
    });
    list.append(row);
  }
  drawn = Math.min(wanted.length, drawn + step);
  $("more").hidden = drawn >= wanted.length;
  $("shown").textContent = `${drawn} of ${wanted.length} pictures are shown`;
}
function filter() {
  const of = $("class").value, wrong = $("onlywrong").checked;
  wanted = page.queries.filter(q => (of === "" || page.pictures[q[0]][5] === +of) && !(wrong && q[3][0]));
  drawn = 0;
  $("list").replaceChildren();
  more();
  light();
}
if ($("list")) {
  const used = new Set(page.queries.map(q => page.pictures[q[0]][5]));
  [...used].sort((a, b) => page.classes[a].localeCompare(page.classes[b], "en")).forEach(c => $("class").append(element("option", {value: c, textContent: page.classes[c] || "no class"})));
  $("class").addEventListener("change", filter);
  $("onlywrong").addEventListener("change", filter);
  $("more").addEventListener("click", more);
}

// The map: dots, the picture of the one that is looked at, and lines to its neighbours.
const map = $("map"), ns = map.namespaceURI, dots = [], lines = document.createElementNS(ns, "g");
const found = new Map(page.queries.map(q => [q[0], q]));
let view = {x: 0, y: 0, side: 2.1}, looked = -1;
map.append(lines);
page.pictures.forEach((p, i) => {
  if (p[6] === null) return;
  const dot = document.createElementNS(ns, "circle");
  dot.setAttribute("cx", p[6]);
  dot.setAttribute("cy", -p[7]);
  dot.dataset.i = i;
  if (!found.has(i)) dot.classList.add("answer");
  map.append(dot);
  dots.push({i, x: p[6], y: -p[7], dot});
});
dots.sort((a, b) => a.x - b.x);
function zoom(factor, x = view.x, y = view.y) {
  const side = Math.min(2.1, Math.max(.02, view.side * factor)), kept = side / view.side;
  view = {side, x: x + (view.x - x) * kept, y: y + (view.y - y) * kept};
  if (side === 2.1) view.x = view.y = 0;
  map.setAttribute("viewBox", `${view.x - side / 2} ${view.y - side / 2} ${side} ${side}`);
  dots.forEach(d => d.dot.setAttribute("r", (d.i === looked ? .012 : .005) * side));
}
function look(i) {
  looked = i;
  lines.replaceChildren();
  const q = found.get(i), at = page.pictures[i];
  const near = q ? q[1].filter(a => page.pictures[a][6] !== null) : [];
  for (const a of near) {
    const line = document.createElementNS(ns, "line"), p = page.pictures[a];
    Object.entries({x1: at[6], y1: -at[7], x2: p[6], y2: -p[7]}).forEach(([k, v]) => line.setAttribute(k, v));
    lines.append(line);
  }
  dots.forEach(d => d.dot.classList.toggle("on", d.i === i));
  zoom(1);
  const answers = element("div", {className: "row"}, ...(q ? q[1] : []).map(a => tile(a)));
  $("look").replaceChildren(tile(i, true), element("p", {textContent: name(i)}), q ? element("p", {textContent: "nearest:"}) : "", answers);
}
function light() {
  const select = $("class"), of = select ? select.value : "";
  dots.forEach(d => d.dot.classList.toggle("off", of !== "" && page.pictures[d.i][5] !== +of));
}
const place = e => { const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(map.getScreenCTM().inverse()); return [p.x, p.y]; };
map.addEventListener("pointermove", e => {
  if (e.buttons && drag) { const [x, y] = place(e); view.x += drag[0] - x; view.y += drag[1] - y; zoom(1); return; }
  if (e.target.dataset.i !== undefined && +e.target.dataset.i !== looked) look(+e.target.dataset.i);
});
let drag = null;
map.addEventListener("pointerdown", e => { drag = place(e); });
map.addEventListener("pointerup", () => { drag = null; });
map.addEventListener("wheel", e => { e.preventDefault(); zoom(e.deltaY < 0 ? .8 : 1.25, ...place(e)); }, {passive: false});
map.addEventListener("keydown", e => {
  const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
  if (step && dots.length) {
    const at = dots.findIndex(d => d.i === looked);
    look(dots[(at + step + dots.length) % dots.length].i);
  } else if (e.key === "+" || e.key === "=") { zoom(.7, ...center()); } else if (e.key === "-") { zoom(1 / .7, ...center()); } else { return; }
  e.preventDefault();
});
const center = () => looked < 0 ? [view.x, view.y] : [page.pictures[looked][6], -page.pictures[looked][7]];
$("in").addEventListener("click", () => zoom(.7, ...center()));
$("out").addEventListener("click", () => zoom(1 / .7, ...center()));
$("all").addEventListener("click", () => zoom(1e6));
zoom(1);
if ($("list")) filter();
