// Draws every [data-chart]: {"kind": "bar" | "line", "labels": […], "series": [{"label", "values", "tone"?, "line"?}],
// "stacked"?: true, "lying"?: true (bars lie, for long labels)}. The same numbers stand beside it as a table: the drawing is
// for the eye alone, so nothing is lost without scripts. Needs vendor/chart.js, loaded before it.
const TONES = { green: "#0b7a52", pale: "#9fcdb8", amber: "#c98a2b", red: "#a3241c", grey: "#8a988f", blue: "#3d6b96" };
const ORDER = ["green", "amber", "blue", "grey", "pale", "red"];
const language = document.documentElement.lang || "th";
const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

function dataset(each, n, kind) {
  const colour = TONES[each.tone] || TONES[ORDER[n % ORDER.length]];
  const line = kind === "line" || each.line;
  return {
    type: line ? "line" : "bar", label: each.label, data: each.values, backgroundColor: colour, borderColor: colour,
    borderWidth: line ? 2 : 0, borderRadius: 4, maxBarThickness: 44, pointRadius: each.values.length > 40 ? 0 : 3, tension: 0.25,
  };
}

function draw(box) {
  const spec = JSON.parse(box.dataset.chart);
  const numbers = { stacked: Boolean(spec.stacked), beginAtZero: true, grid: { color: "#e6eae7" }, ticks: { precision: 0, callback: (n) => short.format(n) } };
  const names = { stacked: Boolean(spec.stacked), grid: { display: false }, ticks: { autoSkip: !spec.lying, maxRotation: 0 } };
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  box.append(canvas);
  new Chart(canvas, {
    type: spec.kind === "line" ? "line" : "bar",
    data: { labels: spec.labels, datasets: spec.series.map((each, n) => dataset(each, n, spec.kind)) },
    options: {
      responsive: true, maintainAspectRatio: false, animation: still ? false : { duration: 250 }, indexAxis: spec.lying ? "y" : "x",
      interaction: { mode: "index", intersect: false, axis: spec.lying ? "y" : "x" },
      scales: spec.lying ? { x: numbers, y: names } : { x: names, y: numbers },
      plugins: {
        legend: { display: spec.series.length > 1, position: "bottom", labels: { usePointStyle: true, boxHeight: 8 } },
        tooltip: { callbacks: { label: (at) => `${at.dataset.label}: ${whole.format(at.parsed[spec.lying ? "x" : "y"])}` } },
      },
    },
  });
  box.dataset.drawn = "yes";
}

if (window.Chart) {
  Object.assign(Chart.defaults.font, { family: "Sarabun, sans-serif", size: 14 });
  Chart.defaults.color = "#56625b";
  // The type may still be on its way; drawn before it is there, labels would be measured wrongly.
  document.fonts.ready.then(() => document.querySelectorAll("[data-chart]").forEach(draw));
}
