"use strict";

// Everything shown that a user has written goes into textContent, never into HTML.

const byID = (id) => document.getElementById(id);
const setting = JSON.parse(byID("setting").textContent);
const messagesKept = 500;
const typingLasts = 4_000;
const typingEvery = 2_000;

if (typeof Pusher === "undefined") {
  notice("pusher-js could not be loaded: see the flag -pusher-js.");
  throw new Error("pusher-js is missing");
}

const pusher = new Pusher(setting.connection.key, connectionOptions(setting.connection));
const rooms = new Map(setting.rooms.map((room) => [room.id, { ...room, lines: [], unread: 0 }]));
let current = rooms.get("lobby");
const typing = new Map(); // who, and the timer of when it is forgotten

function connectionOptions({ cluster, tls, host, port, path }) {
  return {
    cluster,
    forceTLS: tls,
    enabledTransports: [tls ? "wss" : "ws"],
    ...(host && { wsHost: host, wsPort: port, wssPort: port, wsPath: path || "" }),
    channelAuthorization: { endpoint: "/pusher/auth", transport: "ajax" },
    userAuthentication: { endpoint: "/pusher/user-auth", transport: "ajax" },
  };
}

start();

function start() {
  for (const room of rooms.values()) {
    byID("rooms").append(roomItem(room));
    if (room.admits) {
      subscribe(room);
    }
  }
  enter(current);
  watchConnection();
  watchMembers(current.subscription);
  watchTyping(current);
  pusher.user.bind("mention", mentioned);
  pusher.signin();
  byID("post").addEventListener("submit", post);
  byID("text").focus();
}

function subscribe(room) {
  room.subscription = pusher.subscribe(room.channel);
  room.subscription.bind("message", (message) => {
    if (room.id === "lobby") {
      stoppedTyping(message.from);
    }
    show(room, messageItem(message));
  });
  room.subscription.bind("pusher:subscription_error", ({ status }) => {
    show(room, systemItem(status === 403 ? "You may not enter." : "This room cannot be entered now."));
  });
}

// Rooms

function roomItem(room) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const note = document.createElement("span");
  button.type = "button";
  button.id = `room-${room.id}`;
  button.disabled = !room.admits;
  button.textContent = room.title;
  note.className = "note";
  note.textContent = room.admits ? "" : "members only";
  button.append(" ", note);
  button.addEventListener("click", () => { enter(room); byID("text").focus(); });
  item.append(button);
  Object.assign(room, { button, note });
  return item;
}

function enter(room) {
  current.button.removeAttribute("aria-current");
  current = room;
  room.unread = 0;
  room.button.setAttribute("aria-current", "true");
  room.note.textContent = "";
  byID("title").textContent = room.title;
  byID("about").textContent = room.about;
  byID("messages").replaceChildren(...room.lines);
  toEnd();
  showTyping();
  notice("");
}

// Messages

function show(room, item) {
  room.lines.push(item);
  const dropped = room.lines.splice(0, Math.max(0, room.lines.length - messagesKept));
  if (room === current) {
    const list = byID("messages");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    dropped.forEach((old) => old.remove());
    list.append(item);
    if (atEnd) {
      toEnd();
    }
  } else if (!item.classList.contains("system")) {
    room.unread++;
    room.note.textContent = `${room.unread} new`;
    room.note.className = "note unread";
  }
}

function toEnd() {
  byID("messages").scrollTop = byID("messages").scrollHeight;
}

function messageItem({ from, text, at }) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  const name = document.createElement("span");
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  name.className = "from";
  name.textContent = from;
  item.append(time, name, document.createTextNode(text));
  return item;
}

function systemItem(text) {
  const item = document.createElement("li");
  item.className = "system";
  item.textContent = text;
  return item;
}

// A message goes through the server, which checks it. It comes back to everyone but
// this connection, which shows what the server answers.
async function post(event) {
  event.preventDefault();
  const room = current;
  const input = byID("text");
  const button = event.target.querySelector("button");
  const text = input.value;
  if (button.disabled || text.trim() === "") {
    return;
  }
  button.disabled = true;
  notice("");
  try {
    const response = await fetch("/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ room: room.id, text, socket_id: pusher.connection.socket_id || "" }),
    });
    const said = await response.json();
    if (!response.ok) {
      throw new Error(said.error);
    }
    show(room, messageItem(said));
    if (input.value === text) {
      input.value = "";
    }
    toEnd();
  } catch (error) {
    notice(error instanceof TypeError ? "The server cannot be reached. Your message is still here." : error.message);
  } finally {
    button.disabled = false;
  }
}

function notice(text, className = "complaint") {
  byID("notice").textContent = text;
  byID("notice").className = className;
}

function mentioned({ room, from }) {
  if (rooms.get(room) !== current) {
    notice(`${from} mentioned you in ${rooms.get(room).title}.`, "call");
  }
}

// Who is here

function watchMembers(channel) {
  const list = byID("members");
  const update = () => {
    const ids = [];
    channel.members.each(({ id }) => ids.push(id));
    list.replaceChildren(...ids.sort().map((id) => {
      const item = document.createElement("li");
      item.textContent = id === setting.user ? `${id} (you)` : id;
      return item;
    }));
  };
  channel.bind("pusher:subscription_succeeded", update);
  channel.bind("pusher:member_added", ({ id }) => {
    update();
    show(rooms.get("lobby"), systemItem(`${id} has come.`));
  });
  channel.bind("pusher:member_removed", ({ id }) => {
    update();
    stoppedTyping(id);
    show(rooms.get("lobby"), systemItem(`${id} has gone.`));
  });
}

// Who is typing, in the lobby: on a presence channel it is the Channels server that
// says who sent a client event, so that nobody can type in another's name.

function watchTyping(room) {
  let last = -typingEvery;
  room.subscription.bind("client-typing", (_, metadata) => {
    const id = metadata && metadata.user_id;
    if (!id || id === setting.user) {
      return;
    }
    clearTimeout(typing.get(id));
    typing.set(id, setTimeout(() => stoppedTyping(id), typingLasts));
    showTyping();
  });
  byID("text").addEventListener("input", () => {
    const now = performance.now();
    if (current === room && room.subscription.subscribed && now - last >= typingEvery) {
      last = now;
      room.subscription.trigger("client-typing", {});
    }
  });
}

function stoppedTyping(id) {
  clearTimeout(typing.get(id));
  if (typing.delete(id)) {
    showTyping();
  }
}

function showTyping() {
  const names = [...typing.keys()].sort();
  byID("typing").textContent = current.id !== "lobby" || names.length === 0 ? ""
    : names.length === 1 ? `${names[0]} is typing …` : `${names.join(", ")} are typing …`;
}

// The connection. pusher-js makes a new one by itself, unless the server forbids it:
// then the user has logged out somewhere.

function watchConnection() {
  const state = byID("state");
  pusher.connection.bind("state_change", (change) => {
    state.textContent = change.current;
    state.dataset.state = change.current;
    if (change.current === "disconnected") {
      notice("You have been logged out. Reload the page to log in again.");
    }
  });
}
