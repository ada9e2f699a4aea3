"use strict";

// Joins GraphiQL to this server: the API key goes into each request, subscriptions go over graphql-transport-ws.

(() => {
  const STORED_KEY = "letopis.apiKey";

  const TEXTS = {
    en: {
      label: "API key",
      apply: "Apply",
      placeholder: "sent as Authorization: Bearer",
      present: "The key is kept in this tab only.",
      absent: "Without a key the server refuses requests.",
    },
    ru: {
      label: "Ключ API",
      apply: "Применить",
      placeholder: "уходит как Authorization: Bearer",
      present: "Ключ хранится только в этой вкладке.",
      absent: "Без ключа сервер отклоняет запросы.",
    },
  };

  const EXAMPLES = `# Three examples: put the cursor into one of them and press Ctrl+Enter.
# Три примера: поставьте курсор внутрь одного из них и нажмите Ctrl+Enter.

# Repeated with the same key, it opens nothing twice.
mutation OpenTicket {
  openTicket(input: {idempotencyKey: "example-1", subject: "The printer on floor 2 is out of paper"}) {
    ticket {
      id
      number
      subject
      status
      priority
      version
      assignee
    }
    position
    stale
    userErrors {
      code
      message
      field
    }
  }
}

query Tickets {
  tickets(first: 20) {
    totalCount
    edges {
      cursor
      node {
        id
        number
        subject
        status
        priority
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

# Leave it running and change a ticket in another tab.
subscription TicketChanged {
  ticketChanged {
    position
    ticket {
      id
      number
      status
    }
  }
}
`;

  const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
  const texts = TEXTS[language];
  const input = document.getElementById("key");
  const note = document.getElementById("key-note");
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));

  // The page may be served below a path prefix, so addresses are relative to it.
  const http = new URL("graphql", document.baseURI);
  const socket = new URL("graphql/ws", document.baseURI);
  socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";

  const storedKey = () => sessionStorage.getItem(STORED_KEY) ?? "";

  // A header typed into the editor wins over the key of the bar.
  const withKey = (headers = {}) => {
    const typed = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    return typed || storedKey() === "" ? headers : { ...headers, Authorization: `Bearer ${storedKey()}` };
  };

  const authorization = (headers) =>
    Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];

  // Browsers report a refused connection as an event that prints as nothing. Not an Error: its stack would be shown.
  const readable = (error) => {
    if (error instanceof CloseEvent) {
      return { message: `WebSocket ${error.code} ${error.reason}`.trim() };
    }
    return error instanceof Event ? { message: `WebSocket ${socket.href} is not reachable` } : error;
  };

  // A connection per subscription: each is opened with the headers of its own run.
  const subscriber = (headers) => ({
    subscribe(payload, sink) {
      const client = graphqlWs.createClient({
        url: socket.href,
        connectionParams: () => {
          const value = authorization(headers);
          return value === undefined ? {} : { Authorization: value };
        },
        retryAttempts: 0,
      });
      return client.subscribe(payload, {
        next: (value) => sink.next(value),
        error: (error) => sink.error(readable(error)),
        complete: () => sink.complete(),
      });
    },
  });

  const newFetcher = () => (params, options = {}) => {
    const headers = withKey(options.headers);
    const fetcher = GraphiQL.createFetcher({ url: http.href, wsClient: subscriber(headers) });
    return fetcher(params, { ...options, headers });
  };

  // A new fetcher makes GraphiQL ask for the schema again, now with the key.
  const render = () => {
    note.textContent = storedKey() === "" ? texts.absent : texts.present;
    root.render(React.createElement(GraphiQL, {
      fetcher: newFetcher(),
      defaultQuery: EXAMPLES,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
    }));
  };

  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[element.dataset.text];
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
    render();
  });
  render();
})();
