// Package pushertest is for testing programs that use the SDK, without the
// network and without an account.
//
//   - [Recorder] is a backend that records what would have been sent and answers
//     from a script. It opens no connection: for unit tests.
//   - [Server] is a strict Channels server in this process: the HTTP API, and the
//     WebSocket protocol that client libraries speak. It listens on loopback only.
//   - [Subscriber] is a client of that protocol, to see what subscribers see.
//
// In a test:
//
//	srv := pushertest.NewServer(t)
//	client, err := pusher.New(srv.Config())
//
// The server is stricter than the hosted one: what it accepts, every server that
// follows the documentation accepts
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/ and
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/).
// It verifies signatures with code of its own, so that a mistake in the SDK's
// signing does not hide itself.
package pushertest
