import { clock, describe, element, fields, payload, plural } from "/console/format.js";

const maxRows = 500;

const byID = (id) => document.getElementById(id);

// The stream of activities, the latest first.

const stream = byID("stream");
const pauseButton = byID("pause");
let paused = false;
/** waiting are activities that are not on the page yet. */
let waiting = [];
let dropped = 0;
let flushing = 0;

function receive(activity) {
  waiting.push(activity);
  if (waiting.length > maxRows) {
    waiting.shift();
    dropped++;
  }
  if (paused) labelPause();
  else if (!flushing) flushing = setTimeout(flush, 40);
}

function flush() {
  flushing = 0;
  if (paused) return;
  const rows = waiting.flatMap(rowsOf).reverse();
  if (dropped > 0) rows.push(gap(dropped));
  waiting = [];
  dropped = 0;
  const keep = visible();
  for (const row of rows) row.hidden = !keep(row);
  stream.prepend(...rows);
  while (stream.children.length > maxRows) stream.lastElementChild.remove();
  countRows();
}

function rowsOf(activity) {
  const rows = activity.missed ? [gap(activity.missed)] : [];
  const what = describe(activity);
  return what ? [...rows, rowOf(activity, what)] : rows;
}

function gap(count) {
  return element("li", { class: "gap" }, `${count} more happened here, too many to show.`);
}

function rowOf(activity, what) {
  const summary = element("summary", {},
    element("time", { dateTime: activity.time }, clock(activity.time)),
    element("span", { class: "kind" }, what.label),
    element("span", { class: "what" },
      element("b", {}, what.title),
      what.where ? element("span", {}, " " + what.where) : "",
      what.preview ? element("span", { class: "preview" }, "  " + what.preview) : ""),
    element("span", { class: "result" }, what.result));
  const details = element("details", {}, summary);
  // Most rows are never unfolded.
  details.addEventListener("toggle", () => details.append(fields(what.fields)), { once: true });
  return element("li", { class: what.bad ? "bad" : "", "data-kind": what.group, "data-number": String(activity.number) }, details);
}

/** visible returns which rows the filter lets through. Gaps always are. */
function visible() {
  const text = byID("filter").value.trim().toLowerCase();
  const kinds = new Set([...document.querySelectorAll("[name=kind]:checked")].map((box) => box.value));
  return (row) => !row.dataset.kind ||
    kinds.has(row.dataset.kind) && (text === "" || row.firstChild.firstChild.textContent.toLowerCase().includes(text));
}

function filter() {
  const keep = visible();
  for (const row of stream.children) row.hidden = !keep(row);
  countRows();
}

function countRows() {
  const shown = [...stream.children].filter((row) => !row.hidden).length;
  byID("row-count").textContent = shown === stream.children.length ? shown : `${shown} of ${stream.children.length}`;
  byID("no-activity").hidden = stream.children.length > 0;
  stream.hidden = stream.children.length === 0;
}

function labelPause() {
  pauseButton.setAttribute("aria-pressed", String(paused));
  const count = waiting.length + dropped;
  pauseButton.textContent = paused ? (count ? `Resume (${count})` : "Resume") : "Pause";
}

pauseButton.addEventListener("click", () => {
  paused = !paused;
  labelPause();
  if (!paused) flush();
});
byID("clear").addEventListener("click", () => {
  stream.replaceChildren();
  waiting = [];
  dropped = 0;
  labelPause();
  countRows();
});
byID("filter").addEventListener("input", filter);
for (const box of document.querySelectorAll("[name=kind]")) box.addEventListener("change", filter);

// Connections and channels, asked for again when something has happened to them.

let refreshing = null;
let stale = false;

function refreshSoon() {
  if (refreshing) {
    stale = true;
    return;
  }
  stale = false;
  refreshing = refresh().catch(() => {}).then(() => new Promise((resolve) => setTimeout(resolve, 500))).then(() => {
    refreshing = null;
    if (stale) refreshSoon();
  });
}

async function refresh() {
  const answer = await fetch("/console/state");
  if (!answer.ok) return;
  const state = await answer.json();
  byID("app-id").textContent = state.app.id;
  byID("app-key").textContent = state.app.key;
  byID("app-flavor").textContent = state.app.flavor;
  byID("app-webhooks").textContent = state.app.webhooks ? "on" : "off";
  byID("channel-count").textContent = state.channel_count;
  byID("connection-count").textContent = state.connection_count;
  byID("no-channels").hidden = state.channel_count > 0;
  byID("no-connections").hidden = state.connection_count > 0;
  reconcile(byID("channels"), state.channels, (c) => c.name, channelRow);
  reconcile(byID("connections"), [...state.connections].reverse(), (c) => c.socket_id, connectionRow);
  more(byID("channels"), state.channel_count - state.channels.length);
  more(byID("connections"), state.connection_count - state.connections.length);
  byID("channel-names").replaceChildren(...state.channels.map((c) => element("option", { value: c.name })));
  reconcile(byID("snippets"), state.snippets, (s) => s.title, snippetBlock);
}

/**
 * reconcile makes the items the list's children. What has not changed stays, with
 * the focus on it; what has stays unfolded.
 */
function reconcile(list, items, key, render) {
  const old = new Map([...list.children].map((node) => [node.itemKey, node]));
  list.hidden = items.length === 0;
  let last = null;
  for (const item of items) {
    const text = JSON.stringify(item);
    let node = old.get(key(item));
    if (node?.itemText !== text) {
      const fresh = Object.assign(render(item), { itemKey: key(item), itemText: text });
      if (node) {
        const focused = node.contains(document.activeElement);
        if (node.querySelector("details")?.open) fresh.querySelector("details").open = true;
        node.replaceWith(fresh);
        if (focused) fresh.querySelector("summary, button")?.focus();
      }
      node = fresh;
    }
    old.delete(key(item));
    const place = last ? last.nextSibling : list.firstChild;
    if (place !== node) list.insertBefore(node, place);
    last = node;
  }
  for (const node of old.values()) node.remove();
}

function more(list, count) {
  if (count > 0) list.append(element("li", { class: "more" }, `and ${count} more`));
}

function folded(name, note, pairs) {
  return element("li", {}, element("details", {},
    element("summary", {}, element("span", { class: "name" }, name), element("span", { class: "note" }, note)),
    fields(pairs)));
}

function channelRow(c) {
  const note = [c.user_count !== undefined && plural(c.user_count, "user"), plural(c.subscription_count, "connection")];
  const users = (c.users ?? []).map((user) => user.info === undefined ? user.id : `${user.id} ${JSON.stringify(user.info)}`);
  if (c.user_count > users.length) users.push(`and ${c.user_count - users.length} more`);
  return folded(c.name, note.filter(Boolean).join(", "), [
    ["Connections", c.subscription_count],
    ["Users", users.join("\n")],
    ["Cached", c.cached && c.cached.name],
    ["", c.cached && payload(c.cached.data)],
  ]);
}

function connectionRow(c) {
  const channels = [...c.channels];
  if (c.channel_count > channels.length) channels.push(`and ${c.channel_count - channels.length} more`);
  return folded(c.socket_id, c.user_id || plural(c.channel_count, "channel"), [
    ["User", c.user_id], ["Client", c.client], ["Address", c.remote_addr], ["Since", clock(c.opened)],
    ["Channels", channels.join("\n") || "none"],
  ]);
}

function snippetBlock(s) {
  const code = element("pre", { tabIndex: 0, ariaLabel: s.title, role: "group" }, s.code);
  const button = element("button", { type: "button", ariaLabel: `Copy: ${s.title}` }, "Copy");
  button.addEventListener("click", () => copy(code, button));
  return element("div", {}, element("div", { class: "snippet-title" }, s.title, button), code);
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  } catch { // the browser does not let pages do that: over plain HTTP it never does
    getSelection().selectAllChildren(code);
  }
}

// The form.

byID("trigger").addEventListener("submit", async (submission) => {
  submission.preventDefault();
  const send = byID("send");
  const outcome = byID("outcome");
  const tell = (text, bad) => {
    outcome.textContent = text;
    outcome.className = bad ? "bad" : "";
  };
  send.disabled = true;
  try {
    const answer = await fetch("/console/trigger", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(submission.target))),
    });
    const result = await answer.json();
    if (answer.ok) tell(`${result.outcome} at ${clock(Date.now()).slice(0, 8)}`, false);
    else tell(result.error, true);
  } catch {
    tell("The server does not answer.", true);
  } finally {
    send.disabled = false;
    send.focus({ preventScroll: true });
  }
});

// The connection to the server.

function setStatus(state, text) {
  byID("status").dataset.state = state;
  byID("status").textContent = text;
}

let source = null;

function listen() {
  source = new EventSource("/console/stream");
  source.addEventListener("open", () => {
    setStatus("live", "live");
    refreshSoon();
  });
  source.addEventListener("message", (message) => {
    const activity = JSON.parse(message.data);
    receive(activity);
    if (activity.kind !== "request" && activity.kind !== "webhook" && activity.kind !== "client_event") refreshSoon();
    else if (activity.missed) refreshSoon();
  });
  source.addEventListener("error", () => {
    setStatus("lost", "no connection");
    // The browser tries again by itself, unless it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

countRows();
listen();
