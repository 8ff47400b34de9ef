// Choosing rows: boxes named "row" inside [data-list], Shift for a range, a bar with the count while any is chosen.

let last = null;
const list = (from) => from.closest("[data-list]");
const boxes = (of) => [...of.querySelectorAll('input[name="row"]')];

function show(of) {
  const chosen = boxes(of).filter((box) => box.checked).length;
  const bar = of.querySelector(".bulk"), every = of.querySelector("[data-all]");
  if (bar) {
    bar.hidden = chosen === 0;
    const words = bar.querySelector("[data-count]");
    words.textContent = words.dataset.count.replace("{n}", chosen);
  }
  if (every) {
    every.checked = chosen > 0 && chosen === boxes(of).length;
    every.indeterminate = chosen > 0 && !every.checked;
  }
  of.classList.toggle("picking", chosen > 0);
}

function set(of, value) {
  boxes(of).forEach((box) => { box.checked = value; });
  show(of);
}

document.addEventListener("click", (event) => {
  const box = event.target, of = box.closest?.("[data-list]");
  if (!of) return;
  if (box.closest("[data-clear]")) set(of, false);
  if (!box.matches('input[name="row"]')) return;
  const every = boxes(of), [from, to] = [every.indexOf(last), every.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) every.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
  last = box;
  show(of);
});
document.addEventListener("change", (event) => event.target.matches("[data-all]") && set(list(event.target), event.target.checked));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("[data-list].picking").forEach((of) => set(of, false));
});
document.addEventListener("htmx:after:swap", () => document.querySelectorAll("[data-list]").forEach(show));

// The way back: a page that was opened from a list leads back to it as it was: filters, order, page, place and row.
// A list carries data-home, its plain address; links to that address in a crumb are made to lead to where one was.
const kept = (home) => { try { return JSON.parse(sessionStorage.getItem(`list ${home}`)); } catch { return null; } };
const home = document.querySelector("[data-home]")?.dataset.home;

if (home) {
  const before = kept(home);
  if (before?.returning && before.address === location.pathname + location.search) {
    scrollTo(0, before.top);
    [...document.querySelectorAll("[data-row] a[href]")].find((link) => link.pathname === before.row)?.focus({ preventScroll: true });
  }
  if (before?.returning) sessionStorage.setItem(`list ${home}`, JSON.stringify({ ...before, returning: false }));
  addEventListener("pagehide", () => {
    const row = document.querySelector("[data-row].cursor a[href]")?.pathname;
    sessionStorage.setItem(`list ${home}`, JSON.stringify({ address: location.pathname + location.search, top: scrollY, row }));
  });
}

for (const link of document.querySelectorAll(".crumb a[href]")) {
  const place = link.pathname, before = kept(place);
  if (!before) continue;
  link.href = before.address;
  link.addEventListener("click", () => sessionStorage.setItem(`list ${place}`, JSON.stringify({ ...before, returning: true })));
}

// A file dragged onto its field: the field shows it and says so.
document.addEventListener("dragover", (event) => event.target.closest?.(".dropzone")?.classList.add("over"));
document.addEventListener("dragleave", (event) => event.target.closest?.(".dropzone")?.classList.remove("over"));
document.addEventListener("dragover", (event) => event.target.closest?.(".dropzone") && event.preventDefault());
document.addEventListener("drop", (event) => {
  const zone = event.target.closest?.(".dropzone"), field = zone?.querySelector("input[type=file]");
  if (!field) return;
  event.preventDefault();
  zone.classList.remove("over");
  field.files = event.dataTransfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
