"use strict";

// Signing in with an account elsewhere: the page keeps a secret, so that the session is for nobody else.

const LETOPIS_PROVIDERS = (() => {
  const KEPT = "letopis.verifier";

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  async function begin(name) {
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    sessionStorage.setItem(KEPT, verifier);
    location.assign(`auth/oidc/${encodeURIComponent(name)}/start?challenge=${base64url(challenge)}`);
  }

  // A button for each provider. Browsers work hashes out only on pages that came by TLS, or from this machine.
  async function show(place, texts) {
    if (!crypto.subtle) return;
    const { providers } = await (await fetch("auth/oidc")).json();
    place.replaceChildren(...providers.map(({ name }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = texts.with(name);
      button.addEventListener("click", () => begin(name));
      return button;
    }));
    place.hidden = providers.length === 0;
  }

  function verifier() {
    const kept = sessionStorage.getItem(KEPT) ?? "";
    sessionStorage.removeItem(KEPT);
    return kept;
  }

  return { show, verifier };
})();
