// What remains of a payment while parts of it are typed. Whole minor units as BigInt: no float touches money.
const minor = (text, decimals) => {
  const match = /^([-+]?)(\d+)(?:\.(\d*?)0*)?$/.exec(text.trim().replaceAll(",", ""));
  if (!match || (match[3] ?? "").length > decimals) return null;
  return BigInt(match[1].replace("+", "") + match[2] + (match[3] ?? "").padEnd(decimals, "0"));
};
const written = (amount, decimals) => {
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, "0"), sign = amount < 0n ? "−" : "";
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return sign + whole + (decimals ? "." + digits.slice(-decimals) : "");
};
for (const form of document.querySelectorAll("[data-match]")) {
  const decimals = Number(form.dataset.decimals), rest = minor(form.dataset.rest, decimals);
  const shown = form.querySelector("[data-remainder]");
  const tell = () => {
    let left = rest;
    for (const input of form.querySelectorAll("[data-part]")) {
      const part = input.value.trim() ? minor(input.value, decimals) : 0n;
      input.ariaInvalid = part === null ? "true" : null;
      if (part !== null) left -= part;
    }
    shown.textContent = written(left, decimals);
    shown.classList.toggle("bad", left !== 0n && left < 0n !== rest < 0n);
  };
  form.addEventListener("input", tell);
  tell();
}
