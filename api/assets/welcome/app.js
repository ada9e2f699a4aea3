"use strict";

// Takes up what the link carries, by the same operations that any frontend uses.

(() => {
  const SESSION = "session { accessToken } user { name email } userErrors { code message }";
  const FOLLOW = `mutation Follow($input: FollowLinkInput!) { answer: followLink(input: $input) { ${SESSION} } }`;
  const SIGN_IN = `mutation SignIn($input: SignInInput!) { answer: signIn(input: $input) { ${SESSION} } }`;
  const TAKE_UP = `mutation TakeUp($input: TakeUpSignInInput!) { answer: takeUpSignIn(input: $input) { ${SESSION} } }`;
  const SIGN_OUT = "mutation SignOut { signOut { done } }";
  const VIEWER = "query Viewer { viewer { user { name email } } }";

  const language = navigator.languages.find((it) => /^(ru|en)\b/i.test(it))?.slice(0, 2).toLowerCase() ?? "en";
  const texts = LETOPIS_TEXTS[language];
  const at = (id) => document.getElementById(id);
  const linkForm = at("link-form");
  const signInForm = at("sign-in-form");
  const [, what, rest] = location.hash.match(/^#(sign-in|sign-in-error)=(.*)$/) ?? [];
  const token = what ? "" : location.hash.slice(1);

  function say(message, errors = []) {
    at("message").textContent = message;
    at("errors").replaceChildren(...errors.map((it) => {
      const line = document.createElement("li");
      line.textContent = it;
      return line;
    }));
  }

  async function ask(query, variables, accessToken) {
    const headers = { "Content-Type": "application/json", "Accept-Language": language };
    if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
    const body = JSON.stringify({ query, variables });
    const response = await fetch("graphql", { method: "POST", headers, body, credentials: "omit" });
    return response.json();
  }

  // The payload when it was carried out; otherwise its errors are shown.
  async function carryOut(query, input) {
    const { data, errors } = await ask(query, { input });
    const broken = errors ?? data.answer.userErrors;
    if (broken.length === 0) return data.answer;
    if (broken.some((it) => it.code === "CODE_NEEDED")) at("code-part").hidden = false;
    say("", broken.map((it) => it.message));
    return null;
  }

  // Whom the server takes this session for: the proof that the account works. The page keeps no session.
  async function tryOut(accessToken) {
    const { data } = await ask(VIEWER, {}, accessToken);
    await ask(SIGN_OUT, {}, accessToken);
    const { name, email } = data.viewer.user;
    return [name, email].filter(Boolean).join(", ");
  }

  async function setPassword() {
    if (at("new-password").value !== at("repeated").value) return say("", [texts.differ]);
    const answer = await carryOut(FOLLOW, { token, password: at("new-password").value });
    if (!answer) return;
    history.replaceState(null, "", location.pathname);
    const user = answer.session ? await tryOut(answer.session.accessToken) : null;
    linkForm.hidden = true;
    signInForm.hidden = false;
    at("email").value = answer.user?.email ?? "";
    at("code-part").hidden = Boolean(user);
    say(user ? texts.passwordSet(user) : texts.passwordSetCode);
  }

  // Back from a provider: nobody but the page that began has the verifier.
  async function comeBack() {
    history.replaceState(null, "", location.pathname);
    if (what === "sign-in-error") return say("", [texts.signInErrors[rest] ?? texts.notSignedIn(rest)]);
    const answer = await carryOut(TAKE_UP, { code: rest, verifier: LETOPIS_PROVIDERS.verifier() });
    if (answer) await greet(answer);
  }

  async function greet(answer) {
    say(texts.signedIn(await tryOut(answer.session.accessToken)));
    signInForm.hidden = true;
    at("providers").hidden = true;
  }

  async function signIn() {
    const code = at("code").value.trim();
    const input = { email: at("email").value, password: at("password").value, code: code || null };
    const answer = await carryOut(SIGN_IN, input);
    if (answer) await greet(answer);
  }

  function on(form, deed) {
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      say("");
      try {
        await deed();
      } catch {
        say("", [texts.unreachable]);
      } finally {
        button.disabled = false;
      }
    });
  }

  document.documentElement.lang = language;
  document.title = texts.title;
  for (const it of document.querySelectorAll("[data-text]")) it.textContent = texts[it.dataset.text];
  on(linkForm, setPassword);
  on(signInForm, signIn);
  (token ? linkForm : signInForm).hidden = false;
  const unreachable = () => say("", [texts.unreachable]);
  if (!token) LETOPIS_PROVIDERS.show(at("providers"), texts).catch(unreachable);
  if (what) comeBack().catch(unreachable);
  // Another link opened in this tab changes only what stands behind the `#`.
  addEventListener("hashchange", () => location.reload());
})();
