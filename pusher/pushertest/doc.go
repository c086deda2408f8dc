// Package pushertest is for testing programs that use the SDK, without the
// network and without an account.
//
//   - [Recorder] is a backend that records what would have been sent and answers
//     from a script. It opens no connection: for unit tests.
//   - [Server] is a strict Channels server in this process: the HTTP API, the
//     WebSocket protocol that client libraries speak, and webhooks. It listens on
//     loopback unless told otherwise. Whatever can go wrong between it and a
//     program, a [Fault] makes go wrong; a [Flavor] makes it answer as other servers.
//   - [Subscriber] is a client of that protocol, to see what subscribers see.
//
// In a test:
//
//	srv := pushertest.NewServer(t)
//	client, err := pusher.New(srv.Config())
//
// What happened, the server tells: see [App.Events], [App.Deliveries],
// [App.Webhooks] and [Server.Requests]; for what is still to happen, wait with
// [App.WaitForEvent] or [Server.WaitUntil]. [Server.Watch] tells all of it at once.
//
// The server is stricter than the hosted one: what it accepts, every server that
// follows the documentation accepts
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/ and
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/).
// It verifies signatures with code of its own, so that a mistake in the SDK's
// signing does not hide itself.
package pushertest
