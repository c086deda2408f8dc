package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process is a client that runs in a process of its own and speaks JSON, one
// object a line.
type process struct {
	name  string
	ended chan struct{}

	writing sync.Mutex
	input   io.WriteCloser

	mu      sync.Mutex
	lastID  int
	calls   map[int]chan<- answer
	notices map[string]chan notice
}

// arguments are what a command is given, by name.
type arguments map[string]any

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// notice is what a process saw of its own accord.
type notice struct {
	// On is where: a channel, "connection", "user" or "watchlist".
	On    string          `json:"on"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
	// Sender is the user who sent a client event on a presence channel.
	Sender string `json:"sender"`
}

// noticesKept is how many notices from one place may wait to be looked at.
const noticesKept = 1_024

// start runs a program until the test ends.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	require.NoError(t, cmd.Start())
	p := &process{
		name:    filepath.Base(args[len(args)-1]),
		ended:   make(chan struct{}),
		input:   input,
		calls:   map[int]chan<- answer{},
		notices: map[string]chan notice{},
	}
	go p.read(t, output)
	t.Cleanup(func() {
		overdue := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer overdue.Stop()
		_ = input.Close()
		<-p.ended
		assert.NoError(t, cmd.Wait(), p.name)
		if complaints.Len() > 0 {
			t.Logf("%s said:\n%s", p.name, complaints.String())
		}
	})
	return p
}

func (p *process) read(t *testing.T, output io.Reader) {
	t.Helper()
	defer close(p.ended)
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var message struct {
			notice
			answer

			ID int `json:"id"`
		}
		switch err := json.Unmarshal(line, &message); {
		case err != nil:
			t.Errorf("%s: %v in %s", p.name, err, line)
		case message.ID != 0:
			p.answered(message.ID) <- message.answer
		default:
			select {
			case p.seen(message.On) <- message.notice:
			default:
				t.Errorf("%s: more than %d notices from %s", p.name, noticesKept, message.On)
			}
		}
	}
}

// try has the process do something, and returns what came of it.
func (p *process) try(t *testing.T, command string, args arguments) answer {
	t.Helper()
	answered := make(chan answer, 1)
	p.mu.Lock()
	p.lastID++
	id := p.lastID
	p.calls[id] = answered
	p.mu.Unlock()
	request := maps.Clone(args)
	if request == nil {
		request = arguments{}
	}
	request["id"], request["do"] = id, command
	line, err := json.Marshal(request)
	require.NoError(t, err)
	p.writing.Lock()
	_, err = p.input.Write(append(line, '\n'))
	p.writing.Unlock()
	require.NoError(t, err)
	select {
	case a := <-answered:
		return a
	case <-p.ended:
		require.FailNow(t, "the client has ended", "%s during %s", p.name, command)
	case <-deadline(t).Done():
		require.FailNow(t, "no answer", "%s to %s", p.name, command)
	}
	return answer{}
}

// do has the process do something that must succeed, and returns the result.
func (p *process) do(t *testing.T, command string, args arguments) json.RawMessage {
	t.Helper()
	a := p.try(t, command, args)
	require.Empty(t, a.Error, "%s: %s", p.name, command)
	return a.Result
}

// next returns the next notice from one place.
func (p *process) next(t *testing.T, on string) notice {
	t.Helper()
	select {
	case n := <-p.seen(on):
		return n
	case <-p.ended:
		require.FailNow(t, "the client has ended", p.name)
	case <-deadline(t).Done():
		require.FailNow(t, "nothing more was seen", "by %s on %s", p.name, on)
	}
	return notice{}
}

// expect requires the next notice from one place to be of this event, with data
// that is the same JSON as this.
func (p *process) expect(t *testing.T, on, event string, data any) {
	t.Helper()
	n := p.next(t, on)
	require.Equal(t, event, n.Event, "on %s, with %s", on, n.Data)
	requireSame(t, data, n.Data)
}

// quiet requires that nothing has been seen on one place but what was looked at.
func (p *process) quiet(t *testing.T, on string) {
	t.Helper()
	select {
	case n := <-p.seen(on):
		require.Failf(t, "unexpected", "%s on %s: %s", n.Event, on, n.Data)
	default:
	}
}

func (p *process) answered(id int) chan<- answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer delete(p.calls, id)
	return p.calls[id]
}

func (p *process) seen(on string) chan notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.notices[on] == nil {
		p.notices[on] = make(chan notice, noticesKept)
	}
	return p.notices[on]
}

// requireSame requires text to be the JSON of want.
func requireSame(t *testing.T, want any, text json.RawMessage) {
	t.Helper()
	expected, err := json.Marshal(want)
	require.NoError(t, err)
	require.JSONEq(t, string(expected), string(text))
}
