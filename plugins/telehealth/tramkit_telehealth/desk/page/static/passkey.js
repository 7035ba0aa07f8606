// Passkeys: asks the authenticator what the desk asks, and tells the desk its answer.

const $ = (id) => document.getElementById(id);

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { ok: answer.ok, told: await answer.json() };
}

function fail(words) {
  $("passkey-error").textContent = words;
  $("passkey-error").hidden = false;
}

async function signIn() {
  $("passkey-error").hidden = true;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse($("passkey-options").textContent));
    const credential = await navigator.credentials.get({ publicKey });
    const { ok, told } = await post("/sign-in/passkey", credential.toJSON());
    if (ok) location.assign(told.to);
    else fail(told.words);
  } catch {
    fail($("passkey-error").dataset.words);
  }
}

async function enrol(event) {
  event.preventDefault();
  $("passkey-error").hidden = true;
  try {
    const asked = await post("/account/passkey/options", { password: $("passkey-password").value });
    if (!asked.ok) return fail(asked.told.words);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(asked.told.options));
    const credential = await navigator.credentials.create({ publicKey });
    const { ok, told } = await post("/account/passkey", { mark: asked.told.mark, label: $("passkey-label").value, credential: credential.toJSON() });
    if (ok) location.assign("/account?done=passkey");
    else fail(told.words);
  } catch {
    fail($("passkey-error").dataset.words);
  }
}

$("passkey-sign-in")?.addEventListener("click", signIn);
$("passkey-enrol")?.addEventListener("submit", enrol);
