package async

// What a [Config] uses where it says nothing.
const (
	DefaultWorkers   = 16
	DefaultQueueSize = 1024
)

// Config sets up a queue. The zero value is ready for use.
type Config struct {
	// Workers is how many calls are under way at most, retries included: there are
	// as many goroutines. Default: 16. Negative: one, so that calls are sent one
	// after the other, in the order in which they were accepted.
	Workers int
	// QueueSize is how many accepted calls wait for a worker at most. What waits
	// keeps its encoded payload in memory, some 10 KB at most for an event.
	// Default: 1024. Negative: none, so that a call is accepted only if a worker
	// is free.
	QueueSize int
	// WhenFull says what becomes of a call for which the queue has no room.
	// Default: [Block].
	WhenFull Overflow
	// OnError is told of each failure whose future nobody waits for at the moment
	// at which it is resolved: Done has not been called, and no Wait is under way.
	// A failure that a later Wait returns has then been reported too; so has every
	// refusal, since its future is resolved before the caller gets it.
	//
	// It is called by the goroutine that resolves the future, with no lock held: by
	// a worker, or by the caller whose call is refused or drops another. Of what
	// Close fails it is told one call after the other, by a goroutine that ends
	// then. It may be called by several at once, keeps a worker from its next call,
	// and must neither wait for the queue nor close it. [Backend.Flush] waits for
	// it, and so does [Backend.Close], but not for long once its context has ended:
	// what is left is reported after Close has returned. A panic in it is logged to
	// [slog.Default] and counted. Default: none, failures are only counted in
	// [Stats].
	//
	// [slog.Default]: https://pkg.go.dev/log/slog#Default
	OnError func(error)
}

// Overflow says what becomes of a call for which the queue has no room.
type Overflow int

const (
	// Block makes the caller wait for room until its context ends. Those who wait
	// are let in first come, first served.
	Block Overflow = iota
	// DropNewest refuses the new call with [ErrQueueFull]. No call waits.
	DropNewest
	// DropOldest takes the new call in and drops the one that has waited longest,
	// which fails with [ErrQueueFull]. With nothing waiting (a QueueSize of none)
	// it is the same as DropNewest. No call waits.
	DropOldest
)

// String returns "block", "drop newest" or "drop oldest".
func (o Overflow) String() string {
	switch o {
	case DropNewest:
		return "drop newest"
	case DropOldest:
		return "drop oldest"
	default:
		return "block"
	}
}

func (c Config) withDefaults() Config {
	switch {
	case c.Workers == 0:
		c.Workers = DefaultWorkers
	case c.Workers < 0:
		c.Workers = 1
	}
	switch {
	case c.QueueSize == 0:
		c.QueueSize = DefaultQueueSize
	case c.QueueSize < 0:
		c.QueueSize = 0
	}
	return c
}
