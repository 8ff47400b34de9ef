// Charts: <div data-chart="address"> near the viewport fetches its rows and draws them; ECharts comes only then.
// The address answers {kind: line|bar|waterfall|band, x: [label], series: [{name, values, low, high, tone}],
//   format: options of Intl.NumberFormat, summary: one sentence, totals: [index] and floor: start of the axis (waterfall),
//   cut: true (no zero), most: end of the axis}.
// A value of null is unknown and leaves a gap. tone is good, watch, bad or none; without it the palette serves.

const language = document.documentElement.lang;
const drawn = new Map(); // element → its answer
let library = null;

const load = () => (library ??= new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = document.querySelector('meta[name="echarts"]').content;
  script.onload = () => resolve(window.echarts);
  script.onerror = reject;
  document.head.append(script);
}));

const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function colour(token) { // ECharts reads no oklch(): let the browser turn it into rgb
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

const tone = (series, index) => colour(series.tone ? `${series.tone}-mark` : `chart-${(index % 5) + 1}`);

function bars(answer) {
  return answer.series.map((one, index) => ({ name: one.name, type: "bar", stack: answer.stacked ? "all" : undefined, data: one.values, barMaxWidth: 28, color: tone(one, index), itemStyle: { borderRadius: 2 } }));
}

function lines(answer) {
  const many = answer.series.length > 1;
  return answer.series.map((one, index) => ({
    name: one.name, type: "line", data: one.values, color: tone(one, index), symbol: "circle", symbolSize: 5, showSymbol: one.values.length < 2,
    lineStyle: { width: 1.8 }, endLabel: { show: many, formatter: "{a}", color: colour("muted-foreground"), fontSize: 11 }, labelLayout: { moveOverlap: "shiftY" },
  }));
}

function bands(answer) { // the interval is two stacked lines: an unseen one below, the width above it
  const hidden = { type: "line", symbol: "none", lineStyle: { opacity: 0 }, silent: true, stackStrategy: "all", tooltip: { show: false } };
  const ranges = answer.series.flatMap((one, index) => one.low ? [
    { ...hidden, stack: `range ${index}`, data: one.low },
    { ...hidden, stack: `range ${index}`, data: one.high.map((high, place) => high === null || one.low[place] === null ? null : high - one.low[place]), areaStyle: { color: tone(one, index), opacity: 0.14 } },
  ] : []);
  return [...ranges, ...lines(answer)];
}

function waterfall(answer, write, narrow) {
  const [{ name, values }] = answer.series, totals = new Set(answer.totals);
  let level = 0;
  const steps = values.map((value, place) => {
    const before = totals.has(place) ? 0 : level;
    level = totals.has(place) ? value : level + value;
    return { low: Math.min(before, level), size: Math.abs(level - before), total: totals.has(place), value };
  });
  const fill = (step) => colour(step.total ? "chart-5" : step.value < 0 ? "bad-mark" : "good-mark");
  return [
    { type: "bar", stack: "steps", silent: true, itemStyle: { opacity: 0 }, tooltip: { show: false }, data: steps.map((step) => step.low), barMaxWidth: 44 },
    { name, type: "bar", stack: "steps", barMaxWidth: 44, itemStyle: { borderRadius: 2 }, labelLayout: { hideOverlap: true },
      label: { show: true, position: narrow ? "right" : "top", fontSize: 11, color: colour("foreground"), backgroundColor: colour("background"), padding: [1, 3], formatter: ({ dataIndex }) => write(values[dataIndex]) },
      data: steps.map((step) => ({ value: step.size, itemStyle: { color: fill(step) } })) },
  ];
}

function widthOf(text) {
  pixel.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return pixel.measureText(text).width;
}

function rowsOf(names, width) { // of a legend: a mark and a gap go with each name
  let rows = 1, used = 0;
  names.map((name) => widthOf(name) + 27).forEach((size) => { if (used && used + size > width) { rows += 1; used = 0; } used += size; });
  return rows;
}

const NARROW = 560; // below it a waterfall falls from left to right, so that every step keeps its name and its amount
const lies = (answer, width) => answer.kind === "waterfall" && width < NARROW;

function option(answer, width) {
  const narrow = lies(answer, width);
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3, ...answer.format });
  const exact = new Intl.NumberFormat(language, answer.format);
  const write = (value) => value === null || value === undefined ? "–" : short.format(value).replace("-", "−");
  const draw = { line: lines, bar: bars, band: bands, waterfall }[answer.kind];
  const words = { color: colour("muted-foreground"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
  const named = answer.series.filter((one) => one.name), hasLegend = answer.kind === "bar" && named.length > 1;
  const ends = narrow ? 52 : (answer.kind === "line" || answer.kind === "band") && named.length > 1 ? Math.ceil(Math.max(...named.map((one) => widthOf(one.name)))) + 14 : 12;
  const legend = hasLegend ? rowsOf(named.map((one) => one.name), width) : 0, isWhole = answer.series.every((one) => one.values.every((value) => Number.isInteger(value ?? 0)));
  const names = { type: "category", data: answer.x, boundaryGap: answer.kind !== "line" && answer.kind !== "band", inverse: narrow, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("border") } }, axisLabel: { ...words, hideOverlap: true, margin: 10, interval: answer.kind === "waterfall" ? 0 : "auto" } };
  const amounts = { type: "value", min: answer.floor || undefined, max: answer.most, interval: answer.most ? answer.most / 4 : undefined, scale: Boolean(answer.cut), splitNumber: 3, minInterval: isWhole ? 1 : 0, axisLabel: { ...words, formatter: write, hideOverlap: true }, splitLine: { lineStyle: { color: colour("hairline") } } };
  return {
    animation: false, textStyle: words, aria: { enabled: true, label: { description: answer.summary } },
    grid: { left: 4, right: Math.min(ends, width * 0.3), top: narrow ? 4 : Math.max(20, 10 + 17 * legend), bottom: 8, containLabel: true },
    legend: { show: hasLegend, top: 0, left: 0, itemWidth: 8, itemHeight: 8, icon: "circle", textStyle: words },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colour("popover"), borderColor: colour("border"), textStyle: { ...words, color: colour("foreground"), fontSize: 12 },
      axisPointer: { type: answer.kind === "line" || answer.kind === "band" ? "line" : "shadow", lineStyle: { color: colour("border"), type: "solid" }, shadowStyle: { opacity: 0.4 } },
      formatter: ([{ dataIndex }]) => [answer.x[dataIndex], ...answer.series.map((one) => `${one.name}  ${row(one, dataIndex, (value) => value === null ? "–" : exact.format(value))}`)].join("\n"),
    },
    xAxis: narrow ? amounts : names,
    yAxis: narrow ? names : amounts,
    series: draw(answer, write, narrow),
  };
}

const row = (one, place, write) => one.low ? `${write(one.values[place])} (${write(one.low[place])} – ${write(one.high[place])})` : write(one.values[place]);

async function draw(element) {
  const [echarts, answer] = await Promise.all([load(), drawn.get(element) ?? fetch(element.dataset.chart, { headers: { Accept: "application/json" } }).then((reply) => reply.json())]);
  drawn.set(element, answer);
  if (!echarts.getInstanceByDom(element)) {
    const chart = echarts.init(element, null, { renderer: "svg" });
    let lay = lies(answer, element.clientWidth);
    new ResizeObserver(() => {
      chart.resize();
      if (lay !== lies(answer, element.clientWidth)) chart.setOption(option(answer, element.clientWidth), true);
      lay = lies(answer, element.clientWidth);
    }).observe(element);
  }
  echarts.getInstanceByDom(element).setOption(option(answer, element.clientWidth), true);
}

const failed = (element) => (error) => { element.textContent = element.dataset.failed ?? ""; throw error; };
const near = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
  near.unobserve(target);
  draw(target).catch(failed(target));
}), { rootMargin: "200px" });
const watch = () => document.querySelectorAll("[data-chart]").forEach((element) => drawn.has(element) || near.observe(element));

/* The same rows as a table, a picture and a file ------------------------------------------------------------------------- */
function table(answer) {
  const exact = new Intl.NumberFormat(language, answer.format), made = document.createElement("table");
  made.className = "table";
  const head = made.createTHead().insertRow(), body = made.createTBody();
  ["", ...answer.series.map((one) => one.name)].forEach((text, place) => { const cell = document.createElement("th"); cell.textContent = text; cell.scope = "col"; cell.className = place ? "num" : ""; head.append(cell); });
  answer.x.forEach((label, place) => {
    const line = body.insertRow(), name = document.createElement("th");
    name.textContent = label; name.scope = "row"; line.append(name);
    answer.series.forEach((one) => { const cell = line.insertCell(); cell.className = "num"; cell.textContent = row(one, place, (value) => value === null ? "–" : exact.format(value)); });
  });
  return made;
}

function save(address, name) {
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name }).click();
}

function csv(answer) {
  const columns = answer.series.flatMap((one) => one.low ? [[one.name, one.values], [`${one.name} low`, one.low], [`${one.name} high`, one.high]] : [[one.name, one.values]]);
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""').replace(/^[=+@\t\r]/, "'$&")}"`;
  const text = [["", ...columns.map(([name]) => name)], ...answer.x.map((label, place) => [label, ...columns.map(([, values]) => values[place])])].map((line) => line.map(cell).join(",")).join("\r\n");
  return URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
}

async function png(element) {
  const picture = new Image(), { width, height } = element.getBoundingClientRect();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(element.querySelector("svg")))}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 }), paper = canvas.getContext("2d");
  paper.fillStyle = colour("background");
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(URL.createObjectURL(blob))));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-chart-as]"), figure = button?.closest(".plot"), element = figure?.querySelector("[data-chart]"), answer = drawn.get(element);
  if (!answer) return;
  const name = (figure.querySelector("h2")?.textContent ?? "chart").trim();
  if (button.dataset.chartAs === "csv") save(csv(answer), `${name}.csv`);
  else if (button.dataset.chartAs === "png") save(await png(element), `${name}.png`);
  else {
    const sheet = figure.querySelector(".as-table");
    sheet.replaceChildren(table(answer));
    element.hidden = sheet.hidden;
    sheet.hidden = !sheet.hidden;
    button.setAttribute("aria-pressed", String(!sheet.hidden));
  }
});

new MutationObserver(() => drawn.forEach((_, element) => element.isConnected ? draw(element) : drawn.delete(element))).observe(document.documentElement, { attributeFilter: ["class"] });
document.addEventListener("htmx:after:swap", watch);
(window.requestIdleCallback ?? setTimeout)(watch);
