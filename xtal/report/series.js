"use strict";
// The report of a series: heat map, verdict strip, trends and the fit of the frame that was chosen. No library, no network.

window.addEventListener("error", (event) => { document.documentElement.dataset.error = event.message; });

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("series-data").textContent);
  const n = data.frames.length;
  if (!n) return;
  const MOST_LINES = 40, ROWS_NAMED = 9, TICKS = ["#0072b2", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#e69f00"];
  let chosen = 0;

  const byId = (id) => document.getElementById(id);
  const make = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    if (parent) parent.append(node);
    return node;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const nice = (low, high, count) => {
    const raw = (high - low) / count || 1, size = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * size).find((value) => value >= raw);
    const ticks = [];
    for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) ticks.push(value);
    return { ticks, digits: Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9))) };
  };
  const axes = (svg, box, x, y, labels) => {
    make("path", { class: "axis", d: `M${box.l} ${box.t}V${box.b}H${box.r}` }, svg);
    const text = (left, top, content, more) => { make("text", { x: left, y: top, ...more }, svg).textContent = content; };
    const across = nice(x[0], x[1], 8), up = nice(y[0], y[1], 5);
    const px = (value) => box.l + ((value - x[0]) / (x[1] - x[0] || 1)) * (box.r - box.l);
    const py = (value) => box.b - ((value - y[0]) / (y[1] - y[0] || 1)) * (box.b - box.t);
    across.ticks.forEach((value) => {
      make("path", { class: "axis", d: `M${px(value)} ${box.b}v4` }, svg);
      text(px(value), box.b + 17, value.toFixed(across.digits), { "text-anchor": "middle" });
    });
    up.ticks.forEach((value) => {
      make("path", { class: "axis", d: `M${box.l} ${py(value)}h-4` }, svg);
      text(box.l - 7, py(value) + 4, value.toFixed(up.digits), { "text-anchor": "end" });
    });
    text((box.l + box.r) / 2, box.b + 35, labels[0], { "text-anchor": "middle", class: "name" });
    const side = make("text", { transform: `translate(14 ${(box.t + box.b) / 2}) rotate(-90)`, "text-anchor": "middle", class: "name" }, svg);
    side.textContent = labels[1];
    return { px, py };
  };
  const sixteen = (text) => new Uint16Array(bytes(text).buffer);
  const unpacked = (curves) => {
    const scaled = (text) => Float64Array.from(sixteen(text), (value) => curves.low + value * curves.step);
    return { x: data.grids[curves.grid], observed: scaled(curves.observed), calculated: scaled(curves.calculated) };
  };
  const fresh = (id, height) => {
    byId(id).replaceChildren();
    return make("svg", { viewBox: `0 0 1000 ${height}`, role: "img", "aria-label": byId(id).dataset.label }, byId(id));
  };

  function heatMap() {
    const canvas = byId("heat"), { columns, rows, values } = data.heat, level = bytes(values);
    byId("map").hidden = !rows.length; byId("patterns").disabled = !rows.length;
    if (!rows.length) return;
    canvas.width = columns; canvas.height = rows.length;
    const context = canvas.getContext("2d"), picture = context.createImageData(columns, rows.length);
    for (let i = 0; i < level.length; i++) {
      const colour = data.colours[level[i]];
      picture.data.set([colour[0], colour[1], colour[2], 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
    canvas.addEventListener("click", (event) => {
      const frame = canvas.getBoundingClientRect();
      choose(data.heat.rows[Math.min(rows.length - 1, Math.floor(((event.clientY - frame.top) / frame.height) * rows.length))]);
    });
    const svg = fresh("under", 44), [low, high] = data.range, ticks = nice(low, high, 10);
    ticks.ticks.forEach((value) => {
      const left = (1000 * (value - low)) / (high - low || 1);
      make("path", { class: "axis", d: `M${left} 0v5` }, svg);
      make("text", { x: left, y: 18, "text-anchor": left < 20 ? "start" : left > 980 ? "end" : "middle" }, svg).textContent = value.toFixed(ticks.digits);
    });
    make("text", { x: 500, y: 37, "text-anchor": "middle", class: "name" }, svg).textContent = data.position;
    besideMap(rows);
    document.documentElement.dataset.heat = "drawn";
  }

  function besideMap(rows) {
    const span = Math.max(...data.frames.map((frame) => frame.value)) - Math.min(...data.frames.map((frame) => frame.value));
    const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(span || 1)))), count = Math.min(rows.length, ROWS_NAMED);
    byId("beside").replaceChildren();
    for (let place = 0; place < count; place++) {
      const row = count > 1 ? Math.round((place * (rows.length - 1)) / (count - 1)) : 0, label = document.createElement("span");
      label.textContent = data.frames[rows[row]].value.toFixed(digits);
      label.style.top = `${(100 * (row + 0.5)) / rows.length}%`;
      byId("beside").append(label);
    }
  }

  function waterfall() {
    const known = data.curves.map((one, index) => index).filter((index) => data.curves[index]);
    const step = Math.max(1, Math.ceil(known.length / MOST_LINES)), shown = known.filter((_, place) => place % step === 0);
    const svg = fresh("waterfall", 620);
    if (!shown.length) return;
    const lines = shown.map((index) => ({ index, ...unpacked(data.curves[index]) }));
    const high = Math.max(...lines.map((one) => one.observed.reduce((a, b) => Math.max(a, b)))), low = Math.min(0, ...lines.map((one) => one.observed.reduce((a, b) => Math.min(a, b))));
    const rise = (1.5 * (high - low)) / Math.max(lines.length, 8);
    const box = { l: 92, r: 985, t: 10, b: 570 }, top = high + rise * (lines.length - 1);
    const { px, py } = axes(svg, box, data.range, [low, top], [data.position, data.intensity + ", each frame raised"]);
    // From the highest down, so that what lies in front is drawn last and stays readable.
    lines.map((one, place) => [one, place]).reverse().forEach(([one, place]) => {
      let d = "";
      for (let i = 0; i < one.x.length; i++) d += (i ? "L" : "M") + px(one.x[i]).toFixed(1) + " " + py(one.observed[i] + place * rise).toFixed(1);
      const line = make("path", { class: "raised", d, stroke: `rgb(${data.colours[Math.round((200 * place) / Math.max(lines.length - 1, 1))].join(" ")})` }, svg);
      make("title", {}, line).textContent = `frame ${data.frames[one.index].frame}: ${data.axis} ${data.frames[one.index].value.toPrecision(6)}`;
      line.addEventListener("click", () => choose(one.index));
    });
    document.documentElement.dataset.raised = String(lines.length);
  }

  function patterns() {
    const isMap = byId("patterns").value === "map";
    byId("map").hidden = !isMap; byId("waterfall").hidden = isMap;
    if (!isMap && !byId("waterfall").childElementCount) waterfall();
  }

  function strip() {
    const svg = fresh("strip", 26), width = 1000 / n;
    data.frames.forEach((frame, index) => {
      const box = make("rect", { x: index * width, y: 0, width: Math.max(width - 0.4, 0.4), height: 26, class: "v-" + frame.verdict }, svg);
      make("title", {}, box).textContent = `frame ${frame.frame}: ${frame.status}, ${frame.verdict}`;
      box.addEventListener("click", () => choose(index));
    });
    make("path", { id: "here", class: "here", d: "" }, svg);
  }

  function trend() {
    const one = data.quantities[Number(byId("quantity").value)], against = byId("against").value;
    if (!one) return;
    const points = [];
    one.values.forEach((value, index) => {
      if (value === null) return;
      const frame = data.frames[index], x = against === "axis" ? frame.value : frame.frame;
      points.push({ index, x, y: value, e: one.esds[index] || 0, up: frame.direction === "up" });
    });
    const svg = fresh("trend", 360);
    if (!points.length) return;
    const edge = (values) => {
      const low = Math.min(...values), high = Math.max(...values), room = 0.04 * (high - low || Math.abs(high) || 1);
      return [low - room, high + room];
    };
    const x = edge(points.map((point) => point.x)), y = edge(points.flatMap((point) => [point.y - point.e, point.y + point.e]));
    const { px, py } = axes(svg, { l: 92, r: 985, t: 10, b: 310 }, x, y, [against === "axis" ? data.axis : "frame", one.label]);
    points.forEach((point) => {
      const group = make("g", { class: point.up ? "up" : "down" }, svg);
      if (point.e) make("path", { class: "bar", d: `M${px(point.x)} ${py(point.y - point.e)}V${py(point.y + point.e)}` }, group);
      const left = px(point.x), top = py(point.y), size = point.index === chosen ? 7 : 3.5, tip = point.up ? -size : size;
      const mark = make("path", { d: `M${left} ${top + tip}L${left - size} ${top - tip}H${left + size}Z` }, group);
      make("title", {}, mark).textContent = `frame ${data.frames[point.index].frame}: ${point.y} ± ${point.e}`;
      mark.addEventListener("click", () => choose(point.index));
    });
    document.documentElement.dataset.points = String(points.length);
  }

  function fit() {
    const frame = data.frames[chosen], curves = data.curves[chosen];
    byId("chosen").textContent =
      `frame ${frame.frame} · ${frame.file} · ${data.axis} ${frame.value.toPrecision(6)} · ${frame.status}, ${frame.verdict}` +
      (frame.rwp === null ? "" : ` · ${frame.gof === null ? "Rw" : "Rwp"} ${(100 * frame.rwp).toFixed(2)} %`) +
      (frame.gof === null ? "" : `, GOF ${frame.gof.toFixed(2)}`);
    byId("said").textContent = frame.message;
    byId("remarks").replaceChildren(...frame.remarks.map((text) => { const item = document.createElement("li"); item.textContent = text; return item; }));
    const rows = data.phases.length, top = 300 + 13 * rows, svg = fresh("fit", top + 115);
    document.documentElement.dataset.chosen = String(frame.frame);
    if (!curves) return;
    const { x, observed, calculated } = unpacked(curves);
    let high = -Infinity, low = Infinity, worst = 0;
    for (let i = 0; i < observed.length; i++) {
      high = Math.max(high, observed[i], calculated[i]); low = Math.min(low, observed[i], calculated[i]);
      worst = Math.max(worst, Math.abs(observed[i] - calculated[i]));
    }
    const range = [x[0], x[x.length - 1]], main = { l: 92, r: 985, t: 10, b: 270 };
    const { px, py } = axes(svg, main, range, [Math.min(low, 0), high], ["", data.intensity]);
    const path = (values, place) => {
      let line = "";
      for (let i = 0; i < values.length; i++) line += (i ? "L" : "M") + px(x[i]).toFixed(1) + " " + place(values[i]).toFixed(1);
      return line;
    };
    make("path", { class: "observed", d: path(observed, py) }, svg);
    make("path", { class: "calculated", d: path(calculated, py) }, svg);
    curves.ticks.forEach((text, row) => {
      const y = 296 + 13 * row;
      let d = "";
      sixteen(text).forEach((part) => { d += `M${(main.l + ((main.r - main.l) * part) / 65535).toFixed(1)} ${y}v9`; });
      make("path", { class: "tick", d, stroke: TICKS[row % TICKS.length] }, svg);
      make("text", { x: main.l - 7, y: y + 9, "text-anchor": "end", fill: TICKS[row % TICKS.length], class: "phase" }, svg).textContent = data.phases[row];
    });
    const lower = axes(svg, { l: 92, r: 985, t: top, b: top + 67 }, range, [-worst, worst], [data.position, "difference"]);
    make("path", { class: "difference", d: path(observed.map((value, i) => value - calculated[i]), lower.py) }, svg);
  }

  function choose(index) {
    chosen = Math.max(0, Math.min(n - 1, index));
    byId("here").setAttribute("d", `M${((chosen + 0.5) * 1000) / n} 0v26`);
    trend(); fit();
  }

  data.quantities.forEach((one, index) => byId("quantity").append(new Option(one.label, index)));
  ["quantity", "against"].forEach((id) => byId(id).addEventListener("change", trend));
  byId("patterns").addEventListener("change", patterns);
  byId("before").addEventListener("click", () => choose(chosen - 1));
  byId("after").addEventListener("click", () => choose(chosen + 1));
  heatMap(); strip(); choose(0);
  document.documentElement.dataset.drawn = "yes";
})();
