// Package pusher is a server SDK for Pusher Channels and every server that
// speaks its protocol: it triggers events, queries channels, authorizes
// subscriptions, authenticates users, encrypts end to end and validates webhooks.
//
//	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
//	if err != nil {
//		return err // says which field is wrong, and what to write instead
//	}
//	_, err = client.Trigger(ctx, "my-channel", "my-event", map[string]any{"hello": "world"})
//
// A [Client] never changes after [New], and all its methods are safe for
// concurrent use. One client serves a whole program.
//
// # Transport
//
// The client builds signed, transport-neutral requests and hands them to a
// [backend.Backend]. The default sends with net/http; Config.Backend takes any
// other, and package pushertest has one for tests.
//
// # Errors
//
// Input is checked before anything is sent, and refused with a
// [*ValidationError]. A server's no is an [*APIError], a failed transport a
// [*backend.Error]. [OutcomeOf] tells what a failure means for the call: that it
// was not sent, rejected, accepted, or that nobody knows.
package pusher
