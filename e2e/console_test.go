package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// served is a "pusher serve" in a process of its own.
type served struct {
	ConsoleURL string `json:"console_url"`
	PusherURL  string `json:"pusher_url"`
}

// serve builds the program and runs its server until the test ends.
func serve(t *testing.T, args ...string) served {
	t.Helper()
	program := filepath.Join(t.TempDir(), "pusher")
	build := exec.Command("go", "build", "-o", program, "./cmd/pusher")
	build.Dir = ".."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	cmd := exec.Command(program, append([]string{"serve", "--port", "0", "--json"}, args...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		overdue := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer overdue.Stop()
		assert.NoError(t, cmd.Process.Signal(os.Interrupt))
		assert.NoError(t, cmd.Wait())
		assert.Empty(t, complaints.String())
	})
	var s served
	require.NoError(t, json.NewDecoder(output).Decode(&s))
	return s
}

func TestConsole(t *testing.T) {
	t.Parallel()
	s := serve(t)
	cfg, err := pusher.ConfigFromURL(s.PusherURL)
	require.NoError(t, err)
	a := &app{client: newClient(t, cfg)}
	a.web = newWeb(t, a.client)

	console := openPage(t, s.ConsoleURL)
	console.waitFor(t, "#status", "live")
	console.waitFor(t, "#app-key", cfg.Key)
	console.waitFor(t, "#snippets", s.PusherURL)
	console.waitFor(t, "#no-channels", "Nobody")
	visitor := a.openSubscriberOf(t, cfg, "zoë", "/pusher/auth", "ajax", "my-channel", "presence-room")
	console.waitFor(t, "#channels li", "my-channel1 connection")
	console.waitFor(t, "#channels li", "presence-room1 user, 1 connection")
	console.waitFor(t, "#connections li", "2 channels")
	console.waitFor(t, `#stream [data-kind="client"]`, "subscribed to presence-room as zoë")

	for event, data := range map[string]string{
		"greeting":                  `{"hello":"żółw 🐢","n":12345678901234567890}`,
		"<script>alert(1)</script>": `"<img src=x onerror=alert(1)>"`,
	} {
		console.fill(t, "#event", event)
		console.fill(t, "#data", data)
		console.click(t, "#send")
		console.waitFor(t, "#outcome", "accepted")
		console.waitFor(t, `#stream [data-kind="event"]`, event+" on my-channel  "+data+"to 1")
		console.waitFor(t, `#stream [data-kind="request"]`, "POST /apps/"+cfg.AppID+"/events200")
		visitor.waitFor(t, "#seen li", "my-channel "+event)
	}
	visitor.waitFor(t, "#seen li", `my-channel <script>alert(1)</script> "<img src=x onerror=alert(1)>"`)
	console.requireScript(t, `document.querySelectorAll("script").length === 1 && document.images.length === 0`)
	requireTidy(t, console)
}

// requireTidy uses what stands above the stream, after [TestConsole] has triggered
// two events.
func requireTidy(t *testing.T, console *page) {
	t.Helper()
	console.fill(t, "#filter", "greeting")
	console.waitFor(t, "#row-count", "1 of ")
	console.click(t, "#stream li:not([hidden]) summary")
	console.waitFor(t, "#stream li:not([hidden]) pre", "{\n  \"hello\": \"żółw 🐢\",\n  \"n\": 12345678901234567890\n}")
	console.click(t, "#clear")
	console.waitFor(t, "#no-activity", "Nothing yet")

	console.click(t, "#pause")
	console.fill(t, "#event", "greeting again")
	// With the keyboard alone.
	console.do(t, chromedp.SendKeys(chromedp.CSS("#event"), "\r"))
	console.waitFor(t, "#pause", "Resume (2)")
	console.requireScript(t, `document.querySelector("#stream").children.length === 0`)
	console.click(t, "#pause")
	console.waitFor(t, "#stream li:not([hidden])", "greeting again")
}

// requireScript requires a condition in JavaScript to hold.
func (p *page) requireScript(t *testing.T, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, patience)
	defer cancel()
	holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
	require.NoError(t, err)
	require.True(t, holds, condition)
}
