"use strict";
/* How things are drawn, for the live page and for a report. Every text is set as text, never as markup. */

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function spelt(value, digits = 2) {
  if (value === null || value === undefined) return "-";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(digits);
}

function percent(share) {
  return share === null || share === undefined ? "-" : `${(100 * share).toFixed(0)} %`;
}

function spoken(shares) {
  return Object.entries(shares).map(([name, share]) => `${name} ${percent(share)}`).join(", ");
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "?";
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return (hours ? `${hours} h ` : "") + (hours || minutes ? `${minutes} min` : `${whole} s`);
}

function table(target, headings, rows) {
  const place = document.getElementById(target);
  if (!rows.length) { place.replaceChildren(element("p", "nothing yet", "faint")); return; }
  const made = element("table"), head = element("tr"), frame = element("div", null, "table");
  const numeric = headings.map((_, at) => rows.every((row) => typeof row[at] === "number"
    || row[at] === null || row[at] === undefined || /^(-|-?[\d.,]+( %| \$| s)?)$/.test(row[at])));
  headings.forEach((heading, at) => head.append(element("th", heading, numeric[at] ? "number" : "")));
  made.append(head);
  for (const row of rows) {
    const line = element("tr");
    row.forEach((cell, at) => line.append(element("td", spelt(cell), numeric[at] ? "number" : "")));
    made.append(line);
  }
  frame.append(made);
  place.replaceChildren(frame);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const drawn = new Set();

/* A chart that was drawn before its neighbour appeared has the width of then. */
function fitCharts() {
  for (const target of drawn) Plotly.Plots.resize(document.getElementById(target));
}

function chart(target, title, traces, more = {}) {
  const place = document.getElementById(target);
  if (!traces.length) { drawn.delete(target); Plotly.purge(place); place.replaceChildren(); return; }
  const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
  const layout = {
    title: { text: title, font: { size: 14 }, x: 0.02, xanchor: "left" }, height: 300,
    autosize: true, margin: { l: 46, r: 14, t: 38, b: 72 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("--ink"), size: 12 }, legend: { orientation: "h", y: -0.28 },
    xaxis: { ...axis, title: { text: more.xTitle ?? "episode" } }, yaxis: { ...axis, ...(more.yaxis || {}) },
    ...(more.layout || {}),
  };
  Plotly.react(place, traces, layout, { displaylogo: false, responsive: true, displayModeBar: false });
  if (!drawn.has(target)) {
    drawn.add(target);
    requestAnimationFrame(fitCharts);
  }
}

function runningMean(values, width = 20) {
  let sum = 0;
  return values.map((value, at) => {
    sum += value - (at >= width ? values[at - width] : 0);
    return sum / Math.min(at + 1, width);
  });
}

function drawCurves(curves) {
  const x = curves.episode;
  const line = (name, y, colourName, extra = {}) =>
    ({ type: "scatter", mode: "lines", name, x, y, line: { color: colour(colourName) }, ...extra });
  chart("chart-reward", "Reward of an episode", x.length ? [
    { type: "scatter", mode: "markers", name: "episode", x, y: curves.reward,
      marker: { color: colour("--faint"), size: 4 } },
    line("mean of 20", runningMean(curves.reward), "--accent", { line: { color: colour("--accent"), width: 3 } }),
    ...evaluationTraces(curves),
  ] : []);
  chart("chart-milestones", "Milestones and length", x.length ? [
    line("milestones", runningMean(curves.milestones), "--rules"),
    line("steps", runningMean(curves.steps), "--llm", { yaxis: "y2" }),
  ] : [], { layout: { yaxis2: { overlaying: "y", side: "right", color: colour("--llm"), automargin: true,
                                 rangemode: "tozero" } }, yaxis: { rangemode: "tozero" } });
  const share = (name) => line(name, curves[name], `--${name}`, { stackgroup: "all" });
  chart("chart-sources", "Who decided (share of steps)", x.length ? [
    share("policy"), share("llm"), share("rules"), line("in loops", curves.loops, "--danger"),
  ] : [], { yaxis: { tickformat: ".0%", range: [0, 1] } });
  const updates = (curves.lines || []).filter((row) => row.kind === "update");
  const loss = (key, name, colourName) => ({ type: "scatter", mode: "lines", name, x: updates.map((row) => row.update),
    y: updates.map((row) => row[key]), line: { color: colour(colourName) } });
  chart("chart-losses", "Losses of the policy", updates.length ? [
    loss("policy_loss", "policy", "--policy"), loss("value_loss", "value", "--llm"),
    loss("entropy", "entropy", "--rules"),
  ] : [], { xTitle: "update" });
  const order = curves.sources.map((row) => [row.mode, row.source, row.decisions, row.outcome, percent(row.confidence)]);
  table("deciders", ["mode", "source", "decisions", "mean outcome", "mean confidence"], order);
}

function evaluationTraces(curves) {
  const found = (curves.lines || []).filter((row) => row.kind === "evaluation");
  const modes = [...new Set(found.map((row) => row.mode))];
  const symbols = ["diamond", "square", "cross", "x"];
  return modes.map((mode, at) => {
    const rows = found.filter((row) => row.mode === mode);
    return { type: "scatter", mode: "markers", name: `evaluation ${rows.at(-1).label || mode}`, x: rows.map((row) => row.episode),
      y: rows.map((row) => row.avg_reward), marker: { size: 10, symbol: symbols[at % 4], color: colour("--danger") } };
  });
}

function drawMilestones(milestones, episodes) {
  const rows = Object.entries(milestones).sort((one, other) => other[1] - one[1]);
  table("milestones", ["milestone", "episodes", "share"],
    rows.map(([name, count]) => [name, count, percent(episodes ? count / episodes : null)]));
}

function drawMaps(maps) {
  const place = document.getElementById("maps");
  if (!maps.length) { place.replaceChildren(element("p", "nothing yet", "faint")); return; }
  place.replaceChildren(...maps.map((map) => {
    const figure = element("figure"), canvas = element("canvas");
    const size = Math.max(2, Math.min(8, Math.floor(260 / Math.max(map.width, map.height))));
    canvas.width = map.width * size;
    canvas.height = map.height * size;
    const pen = canvas.getContext("2d"), most = Math.max(...map.cells.map((cell) => cell[2]));
    pen.fillStyle = colour("--line");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (const [x, y, visits] of map.cells) {
      pen.fillStyle = `rgba(${colour("--cell")}, ${0.25 + 0.75 * Math.log1p(visits) / Math.log1p(most)})`;
      pen.fillRect(x * size, y * size, size, size);
    }
    const seen = `${map.cells.length} of ${map.width * map.height} cells, ${spelt(map.visits)} steps`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${map.name}: ${seen}`);
    figure.append(canvas, element("figcaption", `${map.name}: ${seen}`));
    return figure;
  }));
}

function drawPatterns(patterns) {
  table("patterns", ["kind", "pattern", "times", "mean outcome"],
    patterns.map((row) => [row.kind, row.pattern, row.times, row.outcome]));
}

function drawRuns(runs) {
  const shown = runs.slice(0, 20).reverse().filter((run) => run.episodes);
  chart("chart-runs", "Mean reward of a run (95 % interval of the mean)", shown.length > 1 ? [{
    type: "scatter", mode: "markers", x: shown.map((run) => run.name), y: shown.map((run) => run.mean_reward),
    error_y: { type: "data", symmetric: false, array: shown.map((run) => run.reward_high - run.mean_reward),
               arrayminus: shown.map((run) => run.mean_reward - run.reward_low) },
    marker: { size: 9, color: colour("--accent") } }] : [], { xTitle: "" });
  table("runs", ["run", "began", "episodes", "decisions", "mean reward", "best", "mean steps", "in loops", "milestones"],
    runs.map((run) => [run.name, run.started_at.replace("T", " ").slice(0, 16), run.episodes, run.decisions,
      run.mean_reward, run.best_reward, Math.round(run.mean_steps), percent(run.loop_share),
      Object.keys(run.milestones).length]));
}

function drawModel(model) {
  document.getElementById("model-section").hidden = !model;
  if (!model) return;
  table("model", ["questions", "answered anew", "from the cache", "tokens in", "tokens out", "cost", "half within"],
    [[model.asks, model.calls, model.cache_hits, model.prompt_tokens, model.completion_tokens,
      `${model.cost_usd.toFixed(4)} $`, `${model.latency_p50_s.toFixed(3)} s`]]);
}

function redrawOnThemeChange(alsoDraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", alsoDraw);
}
