"use strict";
// The plot of the report: an SVG that is drawn anew for every range. No library, no network.

window.addEventListener("error", (event) => {
  document.documentElement.dataset.error = event.message;
});

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MAIN = 340, LOWER = 110, ROW = 15, GAP = 14, LEFT = 68, TOP = 10, BOTTOM = 44;
  const PRINT_WIDTH = 900;
  const CURVES = ["observed", "calculated", "background", "difference"];

  filterParameters();
  document.querySelectorAll('script[type="application/json"][id^="data"]').forEach((node) => {
    const number = node.id.slice("data".length), data = JSON.parse(node.textContent);
    const box = document.getElementById("plot" + number);
    if (data && box) start(data, box, number);
  });

  function filterParameters() {
    const names = document.getElementById("filter"), refined = document.getElementById("refined");
    if (!names) return;
    const rows = [...document.querySelectorAll("#parameters tbody tr")];
    const update = () => {
      const words = names.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => {
        const named = words.every((word) => row.cells[0].textContent.toLowerCase().includes(word));
        row.hidden = !named || (refined.checked && row.cells[row.cells.length - 1].textContent === "fixed");
      });
    };
    names.addEventListener("input", update);
    refined.addEventListener("change", update);
  }

  function start(data, box, number) {
    const x = data.x, gaps = new Set(data.gaps), full = [x[0], x[x.length - 1]];
    const state = { range: full.slice(), shown: {}, sqrt: false, weighted: false, drag: null, pointer: null };
    CURVES.forEach((name) => { state.shown[name] = true; });
    data.phases.forEach((phase) => { state.shown["phase " + phase.name] = true; });
    const plain = data.curves.observed.map((value, i) => value - data.curves.calculated[i]);
    const weighted = plain.map((value, i) => (data.curves.sigma[i] > 0 ? value / data.curves.sigma[i] : null));

    buildControls();
    const svg = element("svg", { role: "img", tabindex: "0", "aria-label": description() }, box);
    const note = document.createElement("div");
    note.id = "note" + number;
    note.className = "note";
    note.hidden = true;
    box.append(note);
    listen();
    draw();
    document.documentElement.dataset.drawn = "yes";

    function description() {
      return `Observed and calculated pattern, their difference and reflection positions of ${data.phases.length} phases; ` +
        "the numbers are in pattern.csv. Arrow keys move, plus and minus zoom, Escape resets.";
    }

    function text(x, y, content, attributes) {
      element("text", { x, y, ...attributes }, svg).textContent = content;
    }

    // --- controls -------------------------------------------------------------------------------------------------

    function buildControls() {
      const controls = document.getElementById("controls" + number);
      CURVES.forEach((name) => controls.append(checkbox(name, data.colours[name], true, (on) => { state.shown[name] = on; })));
      data.phases.forEach((phase) => controls.append(
        checkbox(phase.name, phase.colour, true, (on) => { state.shown["phase " + phase.name] = on; })));
      if (data.phases.some((phase) => phase.profile)) {
        controls.append(checkbox("phase profiles", null, false, (on) => { state.profiles = on; }));
      }
      controls.append(checkbox("square root", null, false, (on) => { state.sqrt = on; }));
      controls.append(checkbox("difference / σ", null, false, (on) => { state.weighted = on; }));
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Reset zoom";
      button.addEventListener("click", () => show(full));
      controls.append(button);
    }

    function checkbox(text, colour, on, change) {
      const label = document.createElement("label"), input = document.createElement("input");
      input.type = "checkbox";
      input.checked = on;
      input.addEventListener("change", () => { change(input.checked); draw(); });
      label.append(input);
      if (colour) {
        const swatch = element("svg", { width: 14, height: 10, "aria-hidden": "true" }, label);
        element("rect", { y: 3, width: 14, height: 4, fill: colour }, swatch);
      }
      label.append(text);
      return label;
    }

    // --- drawing --------------------------------------------------------------------------------------------------

    function layout() {
      const rows = data.phases.filter((phase) => state.shown["phase " + phase.name]);
      const longest = Math.max(4, ...data.phases.map((phase) => phase.name.length));
      const width = state.printing ? PRINT_WIDTH : Math.max(box.clientWidth, 320), right = Math.min(16 + 7 * longest, width / 4);
      const ticks = TOP + MAIN + GAP, lower = ticks + ROW * rows.length + GAP;
      const plotWidth = width - LEFT - right, [low, high] = state.range;
      return {
        rows, width, right, ticks, lower, plotWidth, height: lower + LOWER + BOTTOM,
        toPixel: (value) => LEFT + ((value - low) / (high - low)) * plotWidth,
        toValue: (pixel) => low + ((pixel - LEFT) / plotWidth) * (high - low),
      };
    }

    function draw() {
      const area = layout();
      const [first, last] = [lowerBound(x, state.range[0]), lowerBound(x, state.range[1])];
      const span = [Math.max(first - 1, 0), Math.min(last + 1, x.length - 1)];
      svg.replaceChildren();
      svg.setAttribute("viewBox", `0 0 ${area.width} ${area.height}`);
      const clip = element("clipPath", { id: "inside" + number }, element("defs", {}, svg));
      element("rect", { x: LEFT, y: 0, width: area.plotWidth, height: area.height }, clip);
      drawMain(area, span);
      drawTicks(area);
      drawDifference(area, span);
      drawPositionAxis(area);
      element("g", { id: "cursor" }, svg);
    }

    function drawMain(area, span) {
      const scale = state.sqrt ? (value) => Math.sign(value) * Math.sqrt(Math.abs(value)) : (value) => value;
      const { observed, calculated, background } = data.curves;
      const [, top] = extent([observed, calculated], span), [bottom] = extent([observed, background], span);
      const low = scale(Math.min(0, bottom)), high = scale(top > 0 ? top : 1) * 1.05;
      const toY = (value) => TOP + MAIN - ((scale(value) - low) / (high - low)) * MAIN;
      drawScale(area, ticksBetween(0, top, state.sqrt), toY, TOP, MAIN, `intensity / ${data.intensity}${state.sqrt ? ", square-root axis" : ""}`);
      const group = element("g", { "clip-path": `url(#inside${number})` }, svg);
      if (state.shown.background) curve(group, background, span, area, toY, data.colours.background, { "stroke-dasharray": "5 3" });
      if (state.profiles) {
        area.rows.filter((phase) => phase.profile).forEach((phase) => {
          const raised = phase.profile.map((value, i) => value + background[i]);
          curve(group, raised, span, area, toY, phase.colour, {});
        });
      }
      if (state.shown.observed) dots(group, observed, span, area, toY);
      if (state.shown.calculated) curve(group, calculated, span, area, toY, data.colours.calculated, { id: "calculated" });
    }

    function drawTicks(area) {
      const [low, high] = state.range;
      area.rows.forEach((phase, index) => {
        const y = area.ticks + ROW * index, inside = phase.ticks.filter((tick) => tick[0] >= low && tick[0] <= high);
        const path = inside.map((tick) => `M${area.toPixel(tick[0]).toFixed(1)} ${y + 2}v${ROW - 4}`).join("");
        if (path) element("path", { d: path, stroke: phase.colour, "stroke-width": 1.4, class: "ticks" }, svg);
        text(area.width - area.right + 6, y + ROW - 4, phase.name, {});
      });
    }

    function drawDifference(area, span) {
      const values = state.weighted ? weighted : plain;
      const [bottom, top] = extent([values], span), size = Math.max(-bottom, top, 1e-12) * 1.05;
      const toY = (value) => area.lower + LOWER / 2 - (value / size) * (LOWER / 2);
      const label = state.weighted ? "(obs − calc) / σ" : "obs − calc";
      drawScale(area, ticksBetween(-size, size, false, 5), toY, area.lower, LOWER, label);
      const group = element("g", { "clip-path": `url(#inside${number})` }, svg);
      element("path", { d: `M${LEFT} ${toY(0)}h${area.plotWidth}`, class: "zero" }, group);
      if (state.shown.difference) curve(group, values, span, area, toY, data.colours.difference, { id: "difference" });
    }

    function drawPositionAxis(area) {
      const y = area.lower + LOWER;
      element("path", { d: `M${LEFT} ${y}h${area.plotWidth}`, class: "axis" }, svg);
      ticksBetween(state.range[0], state.range[1], false, 8).forEach((value) => {
        const at = area.toPixel(value);
        element("path", { d: `M${at} ${y}v5`, class: "axis" }, svg);
        text(at, y + 18, readable(value), { "text-anchor": "middle" });
      });
      text(LEFT + area.plotWidth / 2, y + 36, `${data.axis} / ${data.unit}`, { "text-anchor": "middle", class: "name" });
    }

    function drawScale(area, values, toY, top, height, name) {
      element("path", { d: `M${LEFT} ${top}v${height}`, class: "axis" }, svg);
      values.forEach((value) => {
        const y = toY(value);
        if (y < top - 1 || y > top + height + 1) return;
        element("path", { d: `M${LEFT} ${y}h-5`, class: "axis" }, svg);
        text(LEFT - 8, y + 4, readable(value), { "text-anchor": "end" });
      });
      const middle = top + height / 2;
      text(13, middle, name, { "text-anchor": "middle", class: "name", transform: `rotate(-90 13 ${middle})` });
    }

    // Where many points share a pixel column only its extremes are drawn: the picture is the same, the path is short.
    function reduced(values, [first, last], area) {
      const points = [];
      if (last - first < 3 * area.plotWidth) {
        for (let i = first; i <= last; i += 1) if (values[i] !== null) points.push([area.toPixel(x[i]), values[i], gaps.has(i)]);
        return points;
      }
      for (let i = first; i <= last;) {
        const column = Math.floor(area.toPixel(x[i]));
        let low = i, high = i, broken = false;
        for (; i <= last && Math.floor(area.toPixel(x[i])) === column; i += 1) {
          broken ||= gaps.has(i);
          if (values[i] < values[low]) low = i;
          if (values[i] > values[high]) high = i;
        }
        points.push([area.toPixel(x[Math.min(low, high)]), values[Math.min(low, high)], broken]);
        points.push([area.toPixel(x[Math.max(low, high)]), values[Math.max(low, high)], false]);
      }
      return points;
    }

    function curve(parent, values, span, area, toY, colour, more) {
      const path = reduced(values, span, area)
        .map(([px, value, broken], i) => `${i === 0 || broken ? "M" : "L"}${px.toFixed(1)} ${toY(value).toFixed(1)}`).join("");
      element("path", { d: path, stroke: colour, class: "curve", ...more }, parent);
    }

    function dots(parent, values, span, area, toY) {
      const path = reduced(values, span, area).map(([px, value]) => `M${px.toFixed(1)} ${toY(value).toFixed(1)}h0`).join("");
      element("path", { id: "observed", d: path, stroke: data.colours.observed, class: "dots" }, parent);
    }

    // --- what the pointer and the keys do -------------------------------------------------------------------------

    function listen() {
      svg.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        svg.focus({ preventScroll: true });
        state.drag = pixelOf(event);
        svg.setPointerCapture(event.pointerId);
      });
      svg.addEventListener("pointermove", (event) => hover(pixelOf(event)));
      svg.addEventListener("pointerup", (event) => release(pixelOf(event)));
      svg.addEventListener("pointercancel", () => { state.drag = null; draw(); });
      svg.addEventListener("pointerleave", () => { note.hidden = true; cursor([]); });
      svg.addEventListener("dblclick", () => show(full));
      svg.addEventListener("wheel", wheel, { passive: false });
      svg.addEventListener("keydown", key);
      new ResizeObserver(draw).observe(box);
      window.addEventListener("beforeprint", () => { state.printing = true; draw(); });
      window.addEventListener("afterprint", () => { state.printing = false; draw(); });
    }

    function pixelOf(event) {
      const frame = svg.getBoundingClientRect(), area = layout();
      const pixel = ((event.clientX - frame.left) / frame.width) * area.width;
      return Math.min(Math.max(pixel, LEFT), LEFT + area.plotWidth);
    }

    function release(pixel) {
      const from = state.drag, area = layout();
      state.drag = null;
      if (from !== null && Math.abs(pixel - from) > 4) show([from, pixel].sort((a, b) => a - b).map(area.toValue));
      else cursor([]);
    }

    function wheel(event) {
      if (!event.ctrlKey && document.activeElement !== svg) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, layout().toValue(pixelOf(event)));
    }

    function key(event) {
      const width = state.range[1] - state.range[0], middle = state.range[0] + width / 2;
      const actions = {
        ArrowLeft: () => show(state.range.map((value) => value - width / 5)),
        ArrowRight: () => show(state.range.map((value) => value + width / 5)),
        "+": () => zoom(0.8, middle), "=": () => zoom(0.8, middle), "-": () => zoom(1.25, middle),
        Escape: () => show(full),
      };
      if (!(event.key in actions)) return;
      event.preventDefault();
      actions[event.key]();
    }

    function zoom(factor, centre) {
      show(state.range.map((value) => centre + (value - centre) * factor));
    }

    function show([low, high]) {
      const smallest = 5 * ((full[1] - full[0]) / x.length), largest = full[1] - full[0];
      const width = Math.min(Math.max(high - low, smallest), largest);
      const begin = Math.min(Math.max(low, full[0]), full[1] - width);
      state.range = [begin, begin + width];
      note.hidden = true;
      draw();
    }

    function cursor(marks) {
      const group = svg.querySelector("#cursor");
      group.replaceChildren();
      marks.forEach(([tag, attributes]) => element(tag, attributes, group));
    }

    function hover(pixel) {
      const area = layout(), height = area.lower + LOWER - TOP;
      if (state.drag !== null) {
        const left = Math.min(pixel, state.drag), width = Math.abs(pixel - state.drag);
        cursor([["rect", { x: left, y: TOP, width, height, class: "selection" }]]);
        note.hidden = true;
        return;
      }
      const value = area.toValue(pixel), i = nearest(x, value);
      cursor([["path", { d: `M${area.toPixel(x[i])} ${TOP}v${height}`, class: "cursor" }]]);
      describe(i, area);
    }

    function describe(i, area) {
      const lines = [`${data.axis} ${x[i]} ${data.unit}`];
      ["observed", "calculated", "background"].forEach((name) => lines.push(`${name} ${data.curves[name][i]}`));
      lines.push(`difference ${plain[i].toPrecision(4)}` + (weighted[i] === null ? "" : ` = ${weighted[i].toFixed(1)} σ`));
      const reach = (8 / area.plotWidth) * (state.range[1] - state.range[0]);
      area.rows.forEach((phase) => phase.ticks.filter((tick) => Math.abs(tick[0] - x[i]) < reach).slice(0, 4)
        .forEach((tick) => lines.push(`${phase.name} ${tick[1]}  d ${tick[2]} Å`)));
      note.textContent = lines.join("\n");
      note.hidden = false;
      const at = (area.toPixel(x[i]) / area.width) * box.clientWidth;
      const flip = at + 20 + note.offsetWidth > box.clientWidth;
      note.style.left = `${flip ? at - 14 - note.offsetWidth : at + 14}px`;
    }
  }

  // --- small things -------------------------------------------------------------------------------------------------

  function element(tag, attributes, parent) {
    const node = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    parent.append(node);
    return node;
  }

  function extent(curves, [first, last]) {
    let low = Infinity, high = -Infinity;
    curves.forEach((values) => {
      for (let i = first; i <= last; i += 1) {
        if (values[i] === null) continue;
        if (values[i] < low) low = values[i];
        if (values[i] > high) high = values[i];
      }
    });
    return low <= high ? [low, high] : [0, 1];
  }

  function ticksBetween(low, high, sqrt, wanted = 6) {
    if (sqrt) return ticksBetween(Math.sqrt(low), Math.sqrt(high)).map((root) => root * root);
    const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const ticks = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-12); n += 1) ticks.push(n * step);
    return ticks;
  }

  function readable(value) {
    const cleaned = Number(value.toPrecision(10));
    return Math.abs(cleaned) >= 1e6 ? cleaned.toExponential(1) : String(cleaned).replace("-", "−");
  }

  function lowerBound(values, wanted) {
    let low = 0, high = values.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low;
  }

  function nearest(values, wanted) {
    const after = lowerBound(values, wanted);
    return after > 0 && wanted - values[after - 1] < values[after] - wanted ? after - 1 : after;
  }
})();
