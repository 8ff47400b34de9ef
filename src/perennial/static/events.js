// Events: code is copied; a form for many shows only the parts that its change needs.

async function copy(button) {
  const from = document.getElementById(button.dataset.copy), label = button.querySelector("span"), was = label.textContent;
  const text = from.value ?? from.textContent;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else { // a page without TLS has no clipboard: the text is chosen and copied the old way
    if (from.select) from.select();
    else getSelection().selectAllChildren(from);
    document.execCommand("copy");
  }
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = was; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

function parts(select) {
  select.form.querySelectorAll("[data-part]").forEach((part) => { part.hidden = !part.dataset.part.split(" ").includes(select.value); });
}

document.addEventListener("change", (event) => event.target.matches("[data-parts]") && parts(event.target));
document.querySelectorAll("[data-parts]").forEach(parts);

document.querySelector(".ways [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
