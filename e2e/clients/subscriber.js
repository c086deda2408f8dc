"use strict";

// One pusher-js client. Whatever it sees is reported as {"on", "event", "data"}:
// "on" is "connection", "user", "watchlist", or the channel.

const Pusher = require("pusher-js");
const { report, serve } = require("./lines.js");

let pusher;

function connect({ key, host, port, path, auth, params }) {
  pusher = new Pusher(key, {
    cluster: "none",
    wsHost: host,
    wsPort: port,
    wsPath: path,
    forceTLS: false,
    enabledTransports: ["ws"],
    channelAuthorization: { endpoint: `${auth}/pusher/auth`, transport: "ajax", params },
    userAuthentication: { endpoint: `${auth}/pusher/user-auth`, transport: "ajax", params },
  });
  watchConnection();
  watchUser();
}

function watchConnection() {
  pusher.connection.bind("state_change", ({ current }) => {
    const socketID = current === "connected" ? pusher.connection.socket_id : undefined;
    report({ on: "connection", event: current, data: socketID });
  });
  pusher.connection.bind("error", (error) => {
    report({ on: "connection", event: "error", data: error });
  });
}

function watchUser() {
  const fromServer = (event, data) => report({ on: "user", event, data });
  pusher.user.bind_global(fromServer);
  pusher.user.watchlist.bind_global((event, data) => report({ on: "watchlist", event, data }));
  // pusher-js keeps to itself that signing in has succeeded, and that the user's
  // own channel is subscribed.
  pusher.connection.bind("message", ({ event, channel, data }) => {
    const own = channel && channel.startsWith("#server-to-user-");
    if (event === "pusher:signin_success" || (own && event.startsWith("pusher_internal:"))) {
      fromServer(event, data);
    }
  });
}

// Handlers bound to one event are told who sent it; those bound to all are not.
function subscribe({ channel: name, senders = [] }) {
  const channel = pusher.subscribe(name);
  channel.bind_global((event, data) => {
    if (!senders.includes(event)) {
      report({ on: name, event, data: plain(data) });
    }
  });
  for (const event of senders) {
    channel.bind(event, (data, { user_id: sender } = {}) => report({ on: name, event, data, sender }));
  }
}

function plain(data) {
  const isMembers = data && typeof data.each === "function";
  return isMembers ? { count: data.count, me: data.me, members: data.members } : data;
}

function trigger({ channel, event, data }) {
  if (!pusher.channel(channel).trigger(event, data)) {
    throw new Error("the event was not sent");
  }
}

serve({
  connect,
  subscribe,
  trigger,
  unsubscribe: ({ channel }) => pusher.unsubscribe(channel),
  signin: () => pusher.signin(),
  disconnect: () => pusher.disconnect(),
  members: ({ channel }) => plain(pusher.channel(channel).members),
  subscribers: ({ channel }) => pusher.channel(channel).subscriptionCount,
  // Not part of what pusher-js documents, but the one way to see without waiting
  // that it will not connect again.
  retrying: () => Boolean(pusher.connection.retryTimer),
});
