"use strict";
/* The live page: asks its server once a second how the run stands, and less often for what changes slowly. */

const SLOW_MS = 5000;
const kept = {};
let slowAt = 0, chosenRun = null, tokenWord = location.hash.slice(1) || sessionStorage.getItem("token") || "";
if (tokenWord) sessionStorage.setItem("token", tokenWord);
if (location.hash) history.replaceState(null, "", location.pathname);

async function read(address) {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function drawStanding(run, now) {
  const isThere = Object.keys(run).length > 0, age = isThere ? now - run.at_s : null;
  const isLive = isThere && age < 30;
  const text = !isThere ? "no training has shown itself here yet"
    : run.is_paused && isLive ? "paused" : isLive ? run.activity : `not running; last seen ${duration(age)} ago`;
  document.getElementById("activity").textContent = text;
  document.getElementById("run-name").textContent = run.run ?? "";
  for (const id of ["pause", "resume", "stop"]) {
    document.getElementById(id).disabled = !isLive || !tokenWord || (id === "pause" && run.is_paused)
      || (id === "resume" && !run.is_paused);
  }
  if (!tokenWord) document.getElementById("answer").textContent = "to pause or stop, open the address with its token";
  if (!isThere) return;
  const bar = document.getElementById("progress");
  bar.max = run.total_episodes;
  bar.value = run.episodes;
  const shares = spoken(run.source_shares);
  const numbers = [["episodes", `${spelt(run.episodes)} of ${spelt(run.total_episodes)}`], ["left", duration(run.eta_s)],
    ["steps", spelt(run.steps)], ["steps/s", spelt(Math.round(run.steps_per_s))],
    ["mean reward", spelt(run.mean_reward)], ["best", spelt(run.best_reward)],
    ["curriculum", `stage ${run.stage} of ${run.stages}, teacher ${percent(run.teacher_share)}`],
    ["strategy", run.strategy], ["decided by", shares], ["policy updates", spelt(run.updates)],
    ...Object.entries(run.believed_shares ?? {}).map(
      ([deed, players]) => [`believed best to ${deed}`, spoken(players)])];
  document.getElementById("numbers").replaceChildren(...numbers.map(([name, value]) => {
    const one = element("span", `${name} `);
    one.append(element("b", value));
    return one;
  }));
  drawMilestones(run.milestones, run.episodes);
  drawModel(run.language_model);
}

function drawLanes(lanes) {
  document.getElementById("lanes-section").hidden = !lanes.length;
  const place = document.getElementById("lanes");
  while (place.children.length > lanes.length) place.lastChild.remove();
  lanes.forEach((lane, at) => {
    let card = place.children[at];
    if (!card) {
      card = element("article", null, "lane");
      const image = element("img"), words = element("div");
      image.alt = `screen of lane ${at}`;
      words.append(element("p", "", "who"), element("p", "", "why"), element("p", "", "faint"));
      card.append(image, words);
      place.append(card);
    }
    const [who, why, faint] = card.querySelectorAll("p"), decision = lane.decision;
    if (lane.seen_at_s) card.firstChild.src = `/lane/${at}.png?at=${lane.seen_at_s}`;
    who.textContent = decision.source
      ? `${decision.source}: ${decision.action}, ${percent(decision.confidence)} sure` : "nothing decided yet";
    who.className = `who ${["policy", "llm", "rules"].includes(decision.source) ? decision.source : ""}`;
    why.textContent = decision.reasoning ?? "";
    const evaluated = decision.evaluated ? `evaluation of ${decision.evaluated}, ` : "";
    faint.textContent = `${evaluated}lane ${at}, ${lane.map} (${lane.place.join(", ")}), step ${spelt(lane.steps)}, reward `
      + `${spelt(lane.reward)}, ${lane.milestones} milestones`;
  });
}

async function drawSlow() {
  slowAt = Date.now() + SLOW_MS;
  const query = chosenRun ? `?run=${encodeURIComponent(chosenRun)}` : "";
  const jobs = [["/api/runs", "runs"], ["/api/curves" + query, "curves"], ["/api/maps", "maps"],
    ["/api/patterns", "patterns"]];
  await Promise.all(jobs.map(async ([address, name]) => {
    try { kept[name] = await read(address); } catch (error) { kept[name] ??= null; }
  }));
  if (kept.runs) {
    const choice = document.getElementById("run-choice"), names = kept.runs.map((run) => run.name);
    if ([...choice.options].map((option) => option.value).join() !== names.join()) {
      choice.replaceChildren(...names.map((name) => new Option(name, name)));
      choice.value = chosenRun && names.includes(chosenRun) ? chosenRun : names[0];
    }
  }
  drawKept();
}

function drawKept() {
  if (kept.runs) drawRuns(kept.runs);
  if (kept.curves) drawCurves(kept.curves);
  if (kept.maps) drawMaps(kept.maps);
  if (kept.patterns) drawPatterns(kept.patterns);
}

async function look() {
  try {
    if (!document.hidden) {
      const found = await read("/api/standing");
      drawStanding(found.run, Date.now() / 1000);
      drawLanes(found.lanes);
      if (Date.now() >= slowAt) await drawSlow();
    }
  } catch (error) {
    document.getElementById("activity").textContent = "the page's server does not answer; it ends with the training";
  }
  setTimeout(look, 1000);
}

async function command(word) {
  const answer = await fetch("/api/command",
    { method: "POST", body: word, headers: { authorization: `Bearer ${tokenWord}` } });
  document.getElementById("answer").textContent = answer.ok ? `asked to ${word}` : await answer.text();
}

for (const word of ["pause", "resume", "stop"]) {
  document.getElementById(word).addEventListener("click", () => command(word));
}
document.getElementById("run-choice").addEventListener("change", (event) => {
  chosenRun = event.target.value;
  drawSlow();
});
redrawOnThemeChange(drawKept);
look();
