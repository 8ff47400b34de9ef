// The secret of a password link stands behind the # of the address, which no server, log or referrer ever sees.

const secret = decodeURIComponent(location.hash.slice(1));
const field = document.querySelector("#id_secret");
if (secret && field) {
  field.value = secret;
  field.closest(".field").hidden = true;
  history.replaceState(null, "", location.pathname);
  document.querySelector("#id_password").focus();
}
