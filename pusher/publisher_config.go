package pusher

import (
	"math"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Order says which events of a [Publisher] stay in the order in which they were
// accepted.
type Order int

const (
	// PerChannel, the default: the server gets the events of a channel in the order
	// in which they were accepted, also where one of them has to be sent again. A
	// channel is in one request at a time, so it gets MaxBatch events through in the
	// time of a round trip; other channels do not wait for it.
	PerChannel Order = iota
	// Unordered: events are sent as soon as a sender is free, and may overtake each
	// other.
	Unordered
)

// What a [PublisherConfig] uses where it says nothing.
const (
	DefaultMaxBatch      = 10
	DefaultMaxBatchBytes = 9_000
	DefaultLinger        = 5 * time.Millisecond
	DefaultMaxEvents     = 10_000
	DefaultMaxBytes      = 16 << 20
	DefaultMaxInFlight   = 16
)

// PublisherConfig says how a [Publisher] batches, how much it holds and what it
// risks. The zero value is ready for use. For every field zero means the default.
type PublisherConfig struct {
	// MaxBatch is how many events go in one request. Default 10, or
	// Limits.BatchEvents if that is less; more than that is refused. Negative: one.
	MaxBatch int
	// MaxBatchBytes bounds the body of a request of several events, in bytes; an
	// event that is larger goes alone. Default 9,000: Reverb refuses requests over
	// 10,000 bytes with their headers, and a refused batch fails all its events.
	// Hosted Channels takes ten events of 10 KB, so set 110,000 there if events are
	// large. Negative: no bound but Limits.RequestBytes, which always holds.
	MaxBatchBytes int
	// Linger is how long an event may wait for others to share its request. Default
	// 5 ms; negative: not at all, and then batches form only while all senders are
	// busy. More than an hour counts as one.
	Linger time.Duration
	// MaxEvents bounds how many events are held, queued and in flight together.
	// Default 10,000; negative: no bound but MaxBytes.
	MaxEvents int
	// MaxBytes bounds the bytes of those events: of channels, names, data and
	// options, not counting some 200 bytes of bookkeeping for each, nor requests as
	// they are sent, of which those that wait for a retry are kept too. A string is
	// kept as it is: one cut from a larger one keeps all of that (strings.Clone does
	// not). Default 16 MiB; negative: no bound but MaxEvents. An event that is larger
	// is refused.
	MaxBytes int
	// MaxInFlight bounds how many requests are under way at once, retries included.
	// Default 16.
	MaxInFlight int
	// Order is which events stay in order. Default [PerChannel].
	Order Order
	// Retry says what is sent again, and when. The zero value means
	// [backend.AtMostOnce], at most 5 attempts within 30 seconds. Its OnRetry is
	// called by a sender and holds it up.
	Retry backend.RetryPolicy
	// AtomicBatches says that the server checks all events of a batch before it
	// accepts any, as soketi and Reverb do and sockudo does not. The events of a
	// batch that is refused are then sent singly, so that only the bad ones fail.
	AtomicBatches bool
	// OnResult is told what became of each event, those of a channel in their order
	// unless Order is Unordered. It is called by the senders, several at a time, and
	// holds up the sender and the event's channel, so it should be quick. It may
	// call TryEnqueue and Stats; Enqueue and Publish may wait for room for ever
	// there, and Flush and Close wait for OnResult to return. A panic in it is
	// logged, to slog.Default() if there is no Config.Logger, and counted in the stats. Default: none.
	OnResult func(PublishResult)
}

// maxLinger keeps sums of times from overflowing.
const maxLinger = time.Hour

// settings is a PublisherConfig with its defaults, and without limits as numbers
// that nothing reaches.
type settings struct {
	maxBatch      int
	maxBatchBytes int
	maxEvents     int64
	maxBytes      int64
	maxInFlight   int
	linger        int64 // nanoseconds
	unordered     bool
	atomic        bool
	retry         backend.RetryPolicy
	onResult      func(PublishResult)
}

func (cfg *PublisherConfig) settings(limits *Limits) (settings, error) {
	const prefix = "PublisherConfig."
	switch {
	case cfg.MaxBatch > limits.BatchEvents:
		return settings{}, invalid(prefix+"MaxBatch", "%d is over the %d of Limits.BatchEvents; raise that too, if the server takes more", cfg.MaxBatch, limits.BatchEvents)
	case cfg.MaxInFlight < 0:
		return settings{}, invalid(prefix+"MaxInFlight", "%d: there must be at least one sender", cfg.MaxInFlight)
	case cfg.MaxEvents < 0 && cfg.MaxBytes < 0:
		return settings{}, invalid(prefix+"MaxBytes", "and MaxEvents are negative: leave one of them to bound the memory")
	case cfg.Order != PerChannel && cfg.Order != Unordered:
		return settings{}, invalid(prefix+"Order", "%d is neither PerChannel nor Unordered", cfg.Order)
	}
	s := settings{
		maxBatch:      or(cfg.MaxBatch, min(DefaultMaxBatch, limits.BatchEvents), 1),
		maxBatchBytes: min(or(cfg.MaxBatchBytes, DefaultMaxBatchBytes, math.MaxInt), limits.RequestBytes),
		maxEvents:     int64(or(cfg.MaxEvents, DefaultMaxEvents, math.MaxInt)),
		maxBytes:      int64(or(cfg.MaxBytes, DefaultMaxBytes, math.MaxInt)),
		maxInFlight:   or(cfg.MaxInFlight, DefaultMaxInFlight, 1),
		linger:        int64(min(or(cfg.Linger, DefaultLinger, 0), maxLinger)),
		unordered:     cfg.Order == Unordered,
		atomic:        cfg.AtomicBatches,
		retry:         cfg.Retry,
		onResult:      cfg.OnResult,
	}
	return s, nil
}

// or returns value, or what zero and a negative one stand for.
func or[T int | time.Duration](value, zero, negative T) T {
	switch {
	case value == 0:
		return zero
	case value < 0:
		return negative
	default:
		return value
	}
}
