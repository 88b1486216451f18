"use strict";
/* A report is the live page's drawing of a run that is over, with its data in the same file. */

const data = JSON.parse(document.getElementById("data").textContent);

function drawReport() {
  document.getElementById("run-name").textContent = data.curves.run;
  const summary = data.summary, run = data.runs.find((one) => one.name === data.curves.run);
  document.getElementById("activity").textContent =
    `${spelt(run.episodes)} episodes, ${spelt(run.decisions)} decisions, mean reward ${spelt(run.mean_reward)} `
    + `(${spelt(run.reward_low)} to ${spelt(run.reward_high)}), best ${spelt(run.best_reward)}`
    + (summary ? `, ${duration(summary.duration_s)}, ${spelt(Math.round(summary.steps_per_s))} steps/s`
      + (summary.interrupted ? ", interrupted" : "") : "");
  const evaluations = summary ? Object.entries(summary.evaluation_by_mode) : [];
  if (summary && summary.evaluation_untrained) evaluations.push(["untrained", summary.evaluation_untrained]);
  table("evaluations", ["mode", "games", "mean reward", "spread", "to the end", "milestones", "steps", "in loops"],
    evaluations.map(([mode, one]) => [one.label || mode, one.episodes, one.avg_reward, one.std_reward, percent(one.success_rate),
      one.avg_milestones, Math.round(one.avg_length), percent(one.loop_share)]));
  drawCurves(data.curves);
  drawMilestones(Object.fromEntries(Object.entries(run.milestones).map(([name, one]) => [name, one.episodes])),
    run.episodes);
  drawMaps(data.maps);
  drawModel(summary ? summary.language_model : null);
  drawPatterns(data.patterns);
  drawRuns(data.runs);
  table("settings", ["setting", "value"], data.settings);
}

redrawOnThemeChange(drawReport);
drawReport();
