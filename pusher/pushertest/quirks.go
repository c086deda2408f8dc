package pushertest

import "slices"

// Flavor is a server that speaks the Channels protocol, whose answers a [Server]
// can give. See [ServerConfig.Flavor].
type Flavor string

// The flavors. The zero value is Hosted.
const (
	// Hosted: hosted Channels.
	Hosted Flavor = ""
	// Soketi: soketi 1.6.
	Soketi Flavor = "soketi"
	// Reverb: Laravel Reverb. It also refuses bodies over 10,000 bytes and leaves
	// the path prefix out of what is signed.
	Reverb Flavor = "reverb"
	// Sockudo: sockudo.
	Sockudo Flavor = "sockudo"
	// Ipe: ipê.
	Ipe Flavor = "ipe"
	// PusherFake: pusher-fake.
	PusherFake Flavor = "pusher-fake"
)

// Flavors returns all flavors.
func Flavors() []Flavor { return []Flavor{Hosted, Soketi, Reverb, Sockudo, Ipe, PusherFake} }

// String returns the flavor's name: "hosted", "soketi".
func (f Flavor) String() string {
	if f == Hosted {
		return "hosted"
	}
	return string(f)
}

func (f Flavor) known() bool { return slices.Contains(Flavors(), f) }

// ErrorBody is the form in which a server says what is wrong.
type ErrorBody string

// The forms. The zero value is ErrorText.
const (
	// ErrorText: the reason as text.
	ErrorText ErrorBody = ""
	// ErrorNumber: {"error":"…","code":400}.
	ErrorNumber ErrorBody = "number"
	// ErrorName: {"error":"…","code":"BAD_REQUEST","status":400}.
	ErrorName ErrorBody = "name"
)

// Quirks are what sets servers apart. The zero value is hosted Channels. What an
// SDK has to bear, each field alone or together with others, a test can try.
type Quirks struct {
	// ErrorBody is the form of refusals.
	ErrorBody ErrorBody
	// FailuresAs200 answers a refusal with status 200: its body has the code. It
	// needs ErrorNumber.
	FailuresAs200 bool
	// FieldErrors answers events that are not valid with a 422, and a map from
	// fields to reasons: {"name":["…"]}.
	FieldErrors bool

	// RefuseEmptyMD5 refuses a body_md5 where there is no body, as the official
	// Python library sends it. Hosted Channels takes it if it is right.
	RefuseEmptyMD5 bool

	// OKBody answers {"ok":true} where hosted Channels answers {}.
	OKBody bool
	// EmptyBody answers nothing at all there.
	EmptyBody bool
	// Status202 is the status of those answers, instead of 200.
	Status202 bool
	// BatchObject answers {"batch":{}} to a batch that asks for no attributes.
	BatchObject bool
	// ChannelsArray answers {"channels":[]} where no channel is occupied.
	ChannelsArray bool
	// UsersNotFound answers 404 and {} for the users of an unoccupied channel.
	UsersNotFound bool
	// CloseConnections sends "Connection: close" with every answer.
	CloseConnections bool

	// RetryAfterOnSuccess sends a fractional Retry-After with successes, where there
	// is a rate limit.
	RetryAfterOnSuccess bool
	// NoRetryAfter leaves Retry-After out where the rate limit refuses.
	NoRetryAfter bool
	// IdempotencyKeys drops the second event with an idempotency_key, and the second
	// batch with an X-Idempotency-Key, within two minutes, with the answer of a
	// success; while the first is still being answered, with a 503 and
	// "Retry-After: 1".
	IdempotencyKeys bool
	// BatchInOrder accepts the events of a batch that stand before one that is not
	// valid. Such a request does not count as [Request.Accepted].
	BatchInOrder bool

	// WebhookSeconds sends time_ms in seconds.
	WebhookSeconds bool
	// SubscriptionErrorAsError refuses a subscription with pusher:error, code 4009,
	// instead of pusher:subscription_error.
	SubscriptionErrorAsError bool
}

// Quirks returns what sets the flavor apart.
func (f Flavor) Quirks() Quirks {
	switch f {
	case Soketi:
		return Quirks{
			ErrorBody: ErrorNumber, FailuresAs200: true, OKBody: true, CloseConnections: true,
			RetryAfterOnSuccess: true, NoRetryAfter: true,
		}
	case Reverb:
		return Quirks{
			FieldErrors: true, BatchObject: true, ChannelsArray: true, UsersNotFound: true, CloseConnections: true,
			SubscriptionErrorAsError: true, RefuseEmptyMD5: true,
		}
	case Sockudo:
		return Quirks{ErrorBody: ErrorName, OKBody: true, IdempotencyKeys: true, BatchInOrder: true, RefuseEmptyMD5: true}
	case Ipe, PusherFake:
		return Quirks{WebhookSeconds: true}
	default:
		return Quirks{}
	}
}
