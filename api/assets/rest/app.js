"use strict";

// Shows each route of openapi.json with a form that sends a request to it.

(() => {
  const STORED_KEY = "letopis.apiKey";

  const TEXTS = {
    en: {
      label: "API key",
      apply: "Apply",
      placeholder: "sent as Authorization: Bearer",
      present: "The key is kept in this tab only.",
      absent: "Without a key the server refuses requests.",
      body: "Body",
      send: "Send",
      required: "required",
      failed: "The server does not answer: ",
    },
    ru: {
      label: "Ключ API",
      apply: "Применить",
      placeholder: "уходит как Authorization: Bearer",
      present: "Ключ хранится только в этой вкладке.",
      absent: "Без ключа сервер отклоняет запросы.",
      body: "Тело",
      send: "Отправить",
      required: "обязательно",
      failed: "Сервер не отвечает: ",
    },
  };

  const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
  const texts = TEXTS[language];
  const storedKey = () => sessionStorage.getItem(STORED_KEY) ?? "";
  const base = new URL("./", document.baseURI);
  let api = { components: {} };

  // Text goes in as text, never as markup.
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const resolved = (thing) =>
    thing?.$ref === undefined ? thing : thing.$ref.split("/").slice(1).reduce((at, part) => at[part], api);

  // Something that the schema accepts, to begin with.
  const sample = (given) => {
    const schema = resolved(given) ?? {};
    if (schema.example !== undefined) return schema.example;
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return schema.enum[0];
    const choice = (schema.oneOf ?? schema.anyOf ?? []).find((it) => it.type !== "null");
    if (choice !== undefined) return sample(choice);
    if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(sample));
    if (schema.properties === undefined) return "";
    const needed = Object.entries(schema.properties).filter(([name]) => (schema.required ?? []).includes(name));
    return Object.fromEntries(needed.map(([name, it]) => [name, sample(it)]));
  };

  const field = (parameter) => {
    const input = element("input", { name: parameter.name, required: parameter.required === true });
    input.autocomplete = "off";
    input.placeholder = [parameter.example ?? parameter.schema?.default ?? ""].flat().join(",");
    if (parameter.name === "Idempotency-Key") input.value = crypto.randomUUID?.() ?? String(Date.now());
    const note = parameter.required === true ? ` (${texts.required})` : "";
    const label = element("label", {}, `${parameter.name}${note}`, input);
    label.append(element("small", {}, parameter.description ?? ""));
    return label;
  };

  const request = (method, path, parameters, form) => {
    const headers = { "Accept-Language": language };
    const query = new URLSearchParams();
    let address = path.slice(1);
    for (const parameter of parameters) {
      const value = form.elements.namedItem(parameter.name).value.trim();
      if (value === "") continue;
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(value));
      if (parameter.in === "query") query.set(parameter.name, value);
      if (parameter.in === "header") headers[parameter.name] = value;
    }
    if (storedKey() !== "") headers.Authorization = `Bearer ${storedKey()}`;
    const body = form.elements.namedItem("body")?.value;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const url = new URL(address, base);
    url.search = query.toString();
    return fetch(url, { method: method.toUpperCase(), headers, body });
  };

  const shown = async (response) => {
    const text = await response.text();
    const told = ["retry-after", "ratelimit", "location", "x-request-id"]
      .filter((name) => response.headers.has(name))
      .map((name) => `${name}: ${response.headers.get(name)}\n`);
    let body = text;
    try {
      body = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // What is no JSON is shown as it is.
    }
    return `${response.status} ${response.statusText}\n${told.join("")}\n${body}`;
  };

  const route = (path, method, operation) => {
    const parameters = (operation.parameters ?? []).map(resolved);
    const form = element("form", {}, ...parameters.map(field));
    const content = resolved(operation.requestBody)?.content?.["application/json"];
    if (content !== undefined) {
      const text = JSON.stringify(content.example ?? sample(content.schema), null, 2);
      form.append(element("label", {}, texts.body, element("textarea", { name: "body", rows: 8, value: text })));
    }
    const output = element("pre", { hidden: true });
    output.setAttribute("aria-live", "polite");
    form.append(element("button", { type: "submit" }, texts.send), output);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      output.hidden = false;
      try {
        output.textContent = await shown(await request(method, path, parameters, form));
      } catch (error) {
        output.textContent = texts.failed + error.message;
      }
    });
    const answers = Object.entries(operation.responses).map(([status, it]) =>
      element("tr", {}, element("td", {}, status), element("td", {}, resolved(it).description ?? "")));
    return element(
      "details",
      { id: operation.operationId },
      element("summary", {}, method.toUpperCase(), element("code", {}, path), operation.summary ?? ""),
      element("p", {}, operation.description ?? ""),
      form,
      element("table", {}, ...answers),
    );
  };

  const show = (main) => {
    for (const tag of api.tags ?? []) {
      main.append(element("h2", {}, tag.description ?? tag.name));
      for (const [path, item] of Object.entries(api.paths)) {
        for (const [method, operation] of Object.entries(item)) {
          if (operation.tags?.includes(tag.name)) main.append(route(path, method, operation));
        }
      }
    }
  };

  const input = document.getElementById("key");
  const note = document.getElementById("key-note");
  const tell = () => {
    note.textContent = storedKey() === "" ? texts.absent : texts.present;
  };
  document.documentElement.lang = language;
  for (const part of document.querySelectorAll("[data-text]")) {
    part.textContent = texts[part.dataset.text];
  }
  input.placeholder = texts.placeholder;
  input.value = storedKey();
  document.getElementById("key-bar").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (key === "") {
      sessionStorage.removeItem(STORED_KEY);
    } else {
      sessionStorage.setItem(STORED_KEY, key);
    }
    tell();
  });
  tell();
  fetch(new URL("openapi.json", base))
    .then((response) => response.json())
    .then((document_) => {
      api = document_;
      show(document.getElementById("routes"));
    })
    .catch((error) => {
      note.textContent = texts.failed + error.message;
    });
})();
