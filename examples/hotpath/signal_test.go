package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// childVariable makes the test's binary the program.
const childVariable = "HOTPATH_TEST_CHILD"

// A deploy under load: SIGTERM comes in the middle, while the server refuses every
// twentieth request for a moment. Nothing is lost, repeated or overtaken.
func TestSIGTERM_losesNothing(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Faults: []pushertest.Fault{
		{Status: 503, RetryAfter: 10 * time.Millisecond, Probability: 0.05, Seed: 1},
		{Latency: time.Millisecond},
	}})
	c := startChild(t, srv)
	p := startPosters(t, c.url)
	p.await(t, 1000)
	c.terminate(t)
	<-p.gone
	code, report := c.wait(t)

	assert.Zero(t, code, "%s", report)
	got := parseReport(t, report)
	assert.Zero(t, got.failed)
	assert.Zero(t, p.refused.Load(), "requests that were taken are finished first")
	assert.GreaterOrEqual(t, got.accepted, 1000)
	assert.Zero(t, got.accepted-len(srv.Events()), "sent − accepted by the server")
	arrived := byChannel(srv.Events())
	for client, answered := range p.answered {
		messages := arrived["room-"+strconv.Itoa(client)]
		assert.GreaterOrEqual(t, len(messages), answered, "who was answered 202 was delivered")
		for i, message := range messages {
			require.Equal(t, strconv.Itoa(i), message, "client %d", client)
		}
	}
}

// The server is gone, and SIGTERM comes: what cannot be delivered is printed by
// outcome, and accounts for every event that is not at the server.
func TestSIGTERM_saysWhatIsLost(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	c := startChild(t, srv, "-drain", "500ms")
	p := startPosters(t, c.url)
	p.await(t, 500)
	srv.RefuseConnections()
	p.await(t, 1000)
	c.terminate(t)
	<-p.gone
	code, report := c.wait(t)

	assert.Equal(t, 1, code, "%s", report)
	got := parseReport(t, report)
	assert.Equal(t, got.accepted, got.delivered+got.failed)
	assert.Equal(t, got.failed, got.notSent+got.rejected+got.acceptedAfter+got.unknown)
	lost := got.accepted - len(srv.Events())
	assert.Positive(t, lost)
	assert.GreaterOrEqual(t, lost, got.notSent+got.rejected, "none of these arrived")
	assert.LessOrEqual(t, lost, got.notSent+got.rejected+got.unknown, "all of the others did")
}

func byChannel(events []pushertest.Event) map[string][]string {
	channels := map[string][]string{}
	for _, e := range events {
		channels[e.Channel] = append(channels[e.Channel], e.Data)
	}
	return channels
}

// child is the program as a process of its own.
type child struct {
	cmd    *exec.Cmd
	url    string
	stdout *bufio.Reader
	stderr bytes.Buffer
}

func startChild(t *testing.T, srv *pushertest.Server, args ...string) *child {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM to send")
	}
	cfg := srv.Config()
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0], append(args, "-addr", "127.0.0.1:0")...)}
	c.cmd.Env = append(os.Environ(), childVariable+"=1", fmt.Sprintf("%s=http://%s:%s@%s:%d/apps/%s",
		pusher.DefaultURLVariable, cfg.Key, cfg.Secret, cfg.Host, cfg.Port, cfg.AppID))
	c.cmd.Stderr = &c.stderr
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil { // the test has failed before wait
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
	})
	c.stdout = bufio.NewReader(stdout)
	line, err := c.stdout.ReadString('\n')
	require.NoError(t, err, "%s", line)
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, found, "%s", line)
	c.url = url
	return c
}

func (c *child) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
}

// wait returns the exit status and what was printed.
func (c *child) wait(t *testing.T) (code int, report string) {
	t.Helper()
	printed, err := io.ReadAll(c.stdout)
	require.NoError(t, err)
	_ = c.cmd.Wait() // its error is the status
	return c.cmd.ProcessState.ExitCode(), string(printed) + c.stderr.String()
}

// posters are clients of the service, each with a room of its own, to which it
// posts 0, 1, 2 and so on, each after the answer to the one before.
type posters struct {
	clients  sync.WaitGroup
	answered [8]int // with 202, by client; read when they are gone
	total    atomic.Int64
	refused  atomic.Int64 // answered otherwise
	progress chan struct{}
	gone     chan struct{} // closed when all clients have ended
}

func startPosters(t *testing.T, url string) *posters {
	t.Helper()
	p := &posters{progress: make(chan struct{}, 1), gone: make(chan struct{})}
	for i := range p.answered {
		p.clients.Go(func() { p.post(t.Context(), url, i) })
	}
	go func() {
		defer close(p.gone)
		p.clients.Wait()
	}()
	return p
}

// post goes on until the service is gone.
func (p *posters) post(ctx context.Context, url string, i int) {
	// One each, so that no connection is opened and not used: the service would wait
	// for it.
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for n := 0; ; n++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/rooms/%d", url, i), strings.NewReader(strconv.Itoa(n)))
		if err != nil {
			return
		}
		res, err := client.Do(req)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			p.refused.Add(1)
			return
		}
		p.answered[i]++
		p.total.Add(1)
		select {
		case p.progress <- struct{}{}:
		default:
		}
	}
}

// await waits until so many messages were accepted.
func (p *posters) await(t *testing.T, total int64) {
	t.Helper()
	for p.total.Load() < total {
		select {
		case <-p.progress:
		case <-p.gone:
			require.FailNow(t, "the service is gone", "%d of %d messages were accepted", p.total.Load(), total)
		}
	}
}
