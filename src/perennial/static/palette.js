// The command palette: Ctrl or ⌘ with K. htmx fetches the answers; here is only opening, choosing and going there.

const palette = document.querySelector("#palette");
const input = palette?.querySelector("input");
const options = () => [...palette.querySelectorAll('[role="option"]')];

function choose(index) {
  const list = options();
  list.forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
  list[index]?.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", list[index]?.id ?? "");
}

function open() {
  if (palette.open) return;
  palette.showModal();
  input.select();
  input.dispatchEvent(new Event("open")); // what one opens first: the pages and recent customers
}

if (palette) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-palette]") && open());
  palette.addEventListener("keydown", (event) => {
    const list = options(), now = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose((now + 1) % list.length);
    else if (event.key === "ArrowUp") choose((now - 1 + list.length) % list.length);
    else if (event.key === "Enter") list[Math.max(now, 0)]?.click();
    else if (event.key === "Escape") palette.close(); // a search field would only empty itself; the focus goes back by itself
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  palette.addEventListener("pointermove", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) choose(options().indexOf(option));
  });
  palette.addEventListener("htmx:after:swap", () => {
    options().forEach((option, place) => { option.id ||= `palette-${place}`; });
    choose(0);
  });
}
