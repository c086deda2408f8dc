"use strict";

// The official server SDK for Node.

const Pusher = require("pusher");
const { serve } = require("./lines.js");

let sdk;

function connect({ app, key, secret, host, port, master }) {
  sdk = new Pusher({ appId: app, key, secret, host, port: String(port), useTLS: false, encryptionMasterKeyBase64: master });
}

// info is a comma-separated list, prefix that of the channels' names.
function parameters({ info, prefix }) {
  return {
    ...(info && { info }),
    ...(prefix && { filter_by_prefix: prefix }),
  };
}

const get = async (path, request) => (await sdk.get({ path, params: parameters(request) })).json();

serve({
  connect,
  trigger: async ({ channels, event, data, exclude }) => {
    const response = await sdk.trigger(channels, event, data, exclude ? { socket_id: exclude } : {});
    return response.json();
  },
  trigger_batch: async ({ batch }) => (await sdk.triggerBatch(batch)).json(),
  send_to_user: async ({ user, event, data }) => (await sdk.sendToUser(user, event, data)).json(),
  terminate: async ({ user }) => (await sdk.terminateUserConnections(user)).json(),
  channels: (request) => get("/channels", request),
  channel: (request) => get(`/channels/${request.channel}`, request),
  users: (request) => get(`/channels/${request.channel}/users`, request),
  authorize: ({ socket, channel, member }) => sdk.authorizeChannel(socket, channel, member),
  authenticate: ({ socket, user }) => sdk.authenticateUser(socket, user),
  webhook: ({ headers, body }) => {
    const webhook = sdk.webhook({ headers, rawBody: body });
    return webhook.isValid() ? webhook.getData() : null;
  },
});
