// Runs before the first paint (and is therefore no module): "system" follows the machine, also when it changes.
(() => {
  const root = document.documentElement;
  if (root.dataset.theme !== "system") return;
  const night = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.classList.toggle("dark", night.matches);
  night.addEventListener("change", follow);
  follow();
})();
