// What every page needs: toasts, explanations, menus that close, and the keyboard.
// The other modules know this one only by events ("toast") and attributes, so that no module imports another.

const find = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

/* Toasts: one at a time, the newest -------------------------------------------------------------------------------------- */
// Said by the server in a header, HX-Trigger: {"toast": {"text", "kind": good|watch|bad, "undo": address, "more": words,
// "address", "dialog"}}, or by a module. One that faded keeps its undo for the key z until the next one comes.
const SHOWN_FOR = 6000, UNDO_SHOWN_FOR = 10000;

function toast({ text, kind = "", undo = "", more = "", address = "", dialog = "" }) {
  const made = find("#toast").content.firstElementChild.cloneNode(true);
  if (kind) made.classList.add(kind);
  find("p", made).textContent = text;
  const back = find("[data-undo]", made), other = find("[data-more]", made);
  if (undo) back.setAttribute("hx-post", undo);
  else back.remove();
  if (more) {
    other.textContent = more;
    other.dataset.dialog = dialog;
    other.setAttribute("hx-get", address);
    other.setAttribute("hx-target", `#${dialog}`);
  } else other.remove();
  find("#toasts").replaceChildren(made);
  htmx.process(made);
  fade(made);
}

function fade(made) {
  const lasts = find("[data-undo]", made) ? UNDO_SHOWN_FOR : SHOWN_FOR, go = () => { made.hidden = true; };
  let timer = setTimeout(go, lasts);
  made.addEventListener("pointerenter", () => clearTimeout(timer));
  made.addEventListener("pointerleave", () => { timer = setTimeout(go, lasts / 3); });
  made.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    go();
    if (pressed.matches("[data-undo]")) setTimeout(() => pressed.remove()); // pressed once
  });
}

function undo() {
  const back = find("#toasts [data-undo]");
  if (back) back.click();
  else toast({ text: find("#toasts").dataset.nothing });
}

document.addEventListener("toast", (event) => {
  if (event.detail.kind === "good") find("dialog.modal[open]")?.close(); // what its dialog was for is done
  toast(event.detail);
});
all("#toasts > .toast").forEach((made, place, every) => (place < every.length - 1 ? made.remove() : fade(made)));

// What refreshes itself does not ask while nobody looks or while somebody chooses or writes in it, and asks again by itself
// where that failed.
const isBusy = (part) => document.hidden || find("dialog.modal[open]") || part.matches(".picking")
  || find("details:is(.drop, .chip)[open]", part) || part.contains(document.activeElement?.closest("input:not([type=checkbox]), select, textarea"));
document.addEventListener("htmx:before:request", (event) => {
  if (event.target.matches?.("[data-watched]") && isBusy(event.target)) event.preventDefault();
});

const failed = (event) => event?.target?.matches?.("[data-watched]") || toast({ text: find("#toasts").dataset.failed, kind: "bad" });
document.addEventListener("htmx:error", failed);
document.addEventListener("htmx:response:error", (event) => {
  const { response, hx } = event.detail.ctx;
  if (response.status !== 422 && !hx.trigger) failed(event); // 422 brings the form back with its errors
});

/* Explanations: a number opens beside itself ----------------------------------------------------------------------------- */
const explanation = find("#explain");
let opener = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest(".explain");
  if (!button || !explanation) return;
  opener = button;
  explanation.replaceChildren(find("#waiting").content.cloneNode(true));
  explanation.showPopover();
  place(button);
}, true);

function place(button) {
  const from = button.getBoundingClientRect(), gap = 6, edge = 8;
  explanation.style.maxHeight = "";
  const size = explanation.getBoundingClientRect();
  const rooms = { below: innerHeight - from.bottom - gap - edge, above: from.top - gap - edge };
  const below = size.height <= rooms.below || rooms.below >= rooms.above;
  const height = Math.min(size.height, Math.max(below ? rooms.below : rooms.above, 12 * 16), innerHeight - 2 * edge);
  const top = below ? from.bottom + gap : from.top - gap - height;
  explanation.style.maxHeight = `${height}px`;
  explanation.style.left = `${Math.max(edge, Math.min(from.left, innerWidth - size.width - edge))}px`;
  explanation.style.top = `${Math.max(edge, Math.min(top, innerHeight - height - edge))}px`;
}

explanation?.addEventListener("toggle", (event) => {
  opener?.setAttribute("aria-expanded", String(event.newState === "open"));
  if (event.newState === "closed" && explanation.contains(document.activeElement)) opener?.focus();
});
document.addEventListener("toast", ({ detail }) => { if (detail.kind !== "bad") explanation?.hidePopover(); }); // done: what was open in it is over
document.addEventListener("htmx:after:swap", () => { if (explanation?.matches(":popover-open") && opener?.isConnected) place(opener); });

/* Menus and dialogs -------------------------------------------------------------------------------------------------------- */
document.addEventListener("click", (event) => {
  all("details:is(.drop, .chip)[open]").filter((menu) => !menu.contains(event.target)).forEach((menu) => { menu.open = false; });
  const name = event.target.closest("[data-dialog]")?.dataset.dialog;
  if (name) find(`#${name}`).showModal();
  if (event.target.closest("[data-print]")) print();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.matches("dialog.modal")) event.target.close(); // the ground behind it
});

// A menu opens upwards where it would be cut off below; what was unfolded stays so when its list comes anew.
const unfolded = new Set();
let focusIn = null;
document.addEventListener("toggle", (event) => {
  const part = event.target;
  if (part.matches("details.drop") && part.open && !part.matches(".up")) {
    const menu = find(".menu", part), box = menu.getBoundingClientRect();
    part.classList.toggle("flip", box.bottom > innerHeight - 8 && part.getBoundingClientRect().top > box.height + 8);
    if (part === focusIn) requestAnimationFrame(() => find("button, a[href]", menu)?.focus()); // before it is drawn it takes no focus
  }
  if (part.matches("details.more[id]") && part.isConnected) unfolded[part.open ? "add" : "delete"](part.id);
}, true);
document.addEventListener("htmx:after:swap", () => unfolded.forEach((id) => { if (find(`#${id}`)) find(`#${id}`).open = true; }));

// What is cut off says its whole text on hover.
document.addEventListener("pointerover", (event) => {
  const cut = event.target.closest?.(".clip, h1, .table td");
  if (cut && !cut.title && cut.scrollWidth > cut.clientWidth) cut.title = cut.textContent.trim();
});

/* The keyboard ---------------------------------------------------------------------------------------------------------------- */
// Rows carry data-row. An element with data-key="e" is pressed by e: the one in the row under the cursor first.
let at = -1;

const rows = () => all("[data-row]").filter((row) => row.offsetParent);

function move(to) {
  const list = rows();
  if (!list.length) return;
  at = Math.max(0, Math.min(to, list.length - 1));
  all(".cursor").forEach((row) => row.classList.remove("cursor"));
  list[at].classList.add("cursor");
  (find("a[href]", list[at]) ?? list[at]).focus({ preventScroll: true });
  list[at].scrollIntoView({ block: "nearest" });
}

function press(key) {
  const inRow = find(`.cursor [data-key="${CSS.escape(key)}"]`);
  const target = inRow ?? find(`[data-key="${CSS.escape(key)}"]:not([data-row] *)`);
  if (target?.matches("summary")) focusIn = target.parentElement; // its menu can be entered only once it is drawn
  target?.click();
  return Boolean(target);
}

function choose(menu, step) {
  const items = all("button, a[href]", menu), now = items.indexOf(document.activeElement);
  items[(now + step + items.length) % items.length]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") all("details:is(.drop, .chip)[open]").forEach((menu) => { menu.open = false; find("summary", menu).focus(); });
  const menu = find("details.drop[open]");
  if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    return choose(find(".menu", menu), event.key === "ArrowDown" ? 1 : -1);
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return event.target.closest("form.form")?.requestSubmit();
  const writes = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (writes || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
  const moves = { j: () => move(at + 1), k: () => move(at - 1), z: undo, "?": () => find("#help")?.showModal(), "/": () => find("input[type=search]")?.focus() };
  if (moves[event.key]) moves[event.key]();
  else if (event.key.length !== 1 || !press(event.key)) return;
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && !row.classList.contains("cursor")) {
    all(".cursor").forEach((other) => other.classList.remove("cursor"));
    row.classList.add("cursor");
    at = rows().indexOf(row);
  }
});
document.addEventListener("htmx:after:swap", () => {
  if (at >= 0 && !find(".cursor") && document.activeElement === document.body) move(at); // the row went away: on to the next
});

/* The part of a file that one looks at stands in sight, also where its tabs are wider than the screen ----------------------- */
const here = () => all(".parts [aria-current]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24; });
here();
document.addEventListener("htmx:after:swap", here);
