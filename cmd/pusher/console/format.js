// How things look. What clients and servers sent goes into the page as text only:
// the Content-Security-Policy sees to that as well.

const previewLength = 300;

/** element returns a new element. Children are elements or text. */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "class") node.className = value;
    else if (name.startsWith("data-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== "" && child !== null && child !== undefined));
  return node;
}

export const plural = (n, one) => `${n} ${n === 1 ? one : one + "s"}`;

export function clock(time) {
  const at = new Date(time);
  const two = (n, width = 2) => String(n).padStart(width, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

/**
 * pretty indents JSON, and returns other text as it is. It changes nothing but the
 * white space: parsing would round large numbers and drop repeated keys.
 */
function pretty(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let out = "";
  let opened = false;
  const newline = () => "\n" + "  ".repeat(depth);
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "}" || token === "]") {
      depth--;
      out += (opened ? "" : newline()) + token;
    } else {
      if (opened) out += newline();
      if (token === ",") out += token + newline();
      else if (token === ":") out += ": ";
      else out += token;
    }
    opened = token === "{" || token === "[";
    if (opened) depth++;
  }
  return out;
}

/** payload shows a body: pretty-printed, or as much of it as the server sent. */
export function payload({ text, bytes }) {
  if (bytes === 0) return "(empty)";
  const shown = new TextEncoder().encode(text).length;
  const rest = bytes > shown ? `\n… of ${bytes} bytes` : "";
  return element("pre", {}, pretty(text) + rest);
}

/** fields is a list of names and values. Values that are absent are left out. */
export function fields(pairs) {
  const list = element("dl", { class: "fields" });
  for (const [name, value] of pairs) {
    if (value === undefined || value === null || value === "") continue;
    list.append(element("dt", {}, name), element("dd", {}, value instanceof Node ? value : String(value)));
  }
  return list;
}

// What a kind of activity looks like: its group in the filter, its label, what
// happened, how it ended, and what there is to unfold.

export function describe(a) {
  switch (a.kind) {
    case "request": return describeRequest(a.request);
    case "event":
    case "client_event": return describeEvent(a);
    case "webhook": return describeWebhook(a.webhook);
    default: return describeClient(a);
  }
}

function describeRequest(r) {
  if (!r) return null;
  return {
    group: "request", label: "API call",
    title: `${r.method} ${r.path}`, preview: r.query ?? "",
    result: r.status === 0 ? "no answer" : String(r.status), bad: !r.accepted,
    fields: [["Request", `${r.method} ${r.path}`], ["Query", r.query], ["Status", r.status || "none"], ["Body", payload(r.body)]],
  };
}

function describeEvent(a) {
  const { event } = a;
  return {
    group: "event", label: a.kind === "event" ? "Event" : "Client event",
    title: event.name, where: `on ${a.channel}`, preview: event.data.text.slice(0, previewLength),
    result: `to ${a.recipients}`,
    fields: [
      ["Event", event.name], ["Channel", a.channel], ["From", a.socket_id], ["User", a.user_id],
      ["Not to", event.excluded_socket_id], ["Sent to", plural(a.recipients, "connection")], ["Data", payload(event.data)],
    ],
  };
}

function describeWebhook(h) {
  if (!h) return null;
  const lost = h.attempt === 0;
  return {
    group: "webhook", label: "Webhook",
    title: h.events.join(", "), where: h.attempt > 1 ? `attempt ${h.attempt}` : "",
    result: lost ? "lost" : h.status === 0 ? "no answer" : String(h.status), bad: !h.delivered,
    fields: [
      ["Webhook", h.number], ["Attempt", lost ? "none: too many wait" : h.attempt],
      ["Status", h.status || "none"], ["Error", h.error], ["Body", payload(h.body)],
    ],
  };
}

const clientActions = {
  connected: "connected", disconnected: "disconnected", refused: "refused", signed_in: "signed in",
  subscribed: "subscribed", unsubscribed: "unsubscribed",
};

function describeClient(a) {
  const action = clientActions[a.kind] ?? a.kind;
  return {
    group: "client", label: "Client",
    title: a.socket_id ?? "a client",
    where: [action, a.channel && `${a.kind === "unsubscribed" ? "from" : "to"} ${a.channel}`, a.user_id && `as ${a.user_id}`].filter(Boolean).join(" "),
    preview: a.reason ?? "", result: a.code ? String(a.code) : "", bad: a.kind === "refused",
    fields: [["Socket id", a.socket_id], ["What", action], ["User", a.user_id], ["Channel", a.channel], ["Code", a.code], ["Reason", a.reason]],
  };
}
