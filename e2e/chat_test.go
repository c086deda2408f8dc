package e2e_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChat runs examples/chat as its users do: two people in browsers talk in every
// room, then one of them comes back as somebody whom only the lobby admits.
func TestChat(t *testing.T) {
	t.Parallel()
	c := startChat(t)
	ada, grace := openPage(t, c.url), openPage(t, c.url)
	logIn(t, ada, "ada")
	ada.waitFor(t, "#members li", "ada (you)")
	logIn(t, grace, "grace")
	ada.waitFor(t, "#members li", "grace")
	grace.waitFor(t, "#members li", "ada")
	ada.waitFor(t, "#messages .system", "grace has come.")

	ada.do(t, chromedp.SendKeys(chromedp.CSS("#text"), "I wonder"))
	grace.waitFor(t, "#typing", "ada is typing …")
	say(t, ada, "żółw 🐢 <b>&amp;")
	require.Equal(t, 1, count(t, ada, "#messages li:not(.system)"), "the sender sees it once")
	grace.waitFor(t, "#messages li", "adażółw 🐢 <b>&amp;")
	require.Zero(t, count(t, grace, "#messages b"), "what users write is text")
	require.Equal(t, 1, count(t, grace, "#typing:empty"), "who has sent is no longer typing")

	for _, room := range []string{"team", "vault"} {
		enter(t, ada, room)
		say(t, ada, "to the "+room)
		grace.waitFor(t, "#room-"+room, "1 new")
		enter(t, grace, room)
		grace.waitFor(t, "#messages li", "adato the "+room)
		say(t, grace, "from the "+room)
		ada.waitFor(t, "#messages li", "gracefrom the "+room)
	}
	seen := c.waitFor(t, "message", "private-encrypted-vault")
	require.Contains(t, seen, `{"nonce":`)
	require.NotContains(t, strings.Join(c.printed(), "\n"), "to the vault")
	require.Contains(t, strings.Join(c.printed(), "\n"), "to the team")

	enter(t, ada, "lobby")
	say(t, grace, "where is @ada?")
	ada.waitFor(t, "#notice", "grace mentioned you in Vault.")

	leave(t, grace, "#logout button")
	ada.waitFor(t, "#messages .system", "grace has gone.")
	logIn(t, grace, "mallory")
	for _, room := range []string{"team", "vault"} {
		grace.waitFor(t, "#room-"+room, "members only")
		require.Equal(t, 1, count(t, grace, "#room-"+room+":disabled"))
	}
	say(t, ada, "hello, stranger")
	grace.waitFor(t, "#messages li", "adahello, stranger")

	elsewhere := c.visit(t, "ada")
	require.Equal(t, http.StatusOK, elsewhere("/logout", "application/x-www-form-urlencoded", ""))
	ada.waitFor(t, "#notice", "You have been logged out.")
	grace.waitFor(t, "#messages .system", "ada has gone.")
}

// TestChatRefuses what a page would not ask for.
func TestChatRefuses(t *testing.T) {
	t.Parallel()
	c := startChat(t)
	mallory := c.visit(t, "mallory")
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for channel, want := range map[string]int{
		"presence-lobby": http.StatusOK, "private-team": http.StatusForbidden, "private-encrypted-vault": http.StatusForbidden,
	} {
		require.Equal(t, want, mallory("/pusher/auth", form, "socket_id=1.2&channel_name="+channel), channel)
	}
	for room, want := range map[string]int{"lobby": http.StatusOK, "team": http.StatusForbidden, "vault": http.StatusForbidden} {
		require.Equal(t, want, mallory("/messages", json, `{"room":"`+room+`","text":"hello"}`), room)
	}
}

// TestChatRefusesSubscription has a page of one who is not on the team subscribe
// nevertheless. Chromium reports the refusal as an error on the console.
func TestChatRefusesSubscription(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	p.open(t, startChat(t).url)
	logIn(t, p, "mallory")
	p.do(t, chromedp.Evaluate[chromedp.Void](`subscribe(Object.assign(current, { channel: "private-team" })), undefined`))
	p.waitFor(t, "#messages .system", "You may not enter.")
	require.Len(t, p.consoleErrors(), 1)
	require.Contains(t, p.consoleErrors()[0], "403")
}

func logIn(t *testing.T, p *page, name string) {
	t.Helper()
	p.fill(t, "#name", name)
	leave(t, p, "#login button")
	p.waitFor(t, "#me", name)
	p.waitFor(t, "#state", "connected")
	p.waitFor(t, "#members li", name+" (you)")
}

// leave clicks on what leads to another page, and returns once that has loaded.
func leave(t *testing.T, p *page, selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	require.NoError(t, err)
	require.EqualValues(t, http.StatusOK, answer.Status)
}

func enter(t *testing.T, p *page, room string) {
	t.Helper()
	p.click(t, "#room-"+room)
	p.waitFor(t, "#room-"+room+"[aria-current]", "")
}

// say writes a message, sends it with the Enter key and returns once it is shown.
func say(t *testing.T, p *page, text string) {
	t.Helper()
	p.fill(t, "#text", text+"\r")
	p.waitFor(t, "#messages li", text)
}

func count(t *testing.T, p *page, selector string) int {
	t.Helper()
	n, err := chromedp.Run(p.browser, chromedp.Evaluate[int]("document.querySelectorAll("+quote(t, selector)+").length"))
	require.NoError(t, err)
	return n
}

// chat is the program examples/chat.
type chat struct {
	url string

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed when there is another line, or no more
	ended bool
}

// visit logs in without a browser. It returns a function that posts, and returns the
// status of the answer.
func (c *chat) visit(t *testing.T, name string) func(path, contentType, body string) int {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Jar: jar}
	post := func(path, contentType, body string) int {
		answer, err := client.Post(c.url+path, contentType, strings.NewReader(body))
		require.NoError(t, err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	require.Equal(t, http.StatusOK, post("/login", "application/x-www-form-urlencoded", url.Values{"name": {name}}.Encode()))
	return post
}

// startChat builds the program and runs it until the test ends. It must then end
// well when it is interrupted.
func startChat(t *testing.T) *chat {
	t.Helper()
	program := filepath.Join(t.TempDir(), "chat")
	build := exec.Command("go", "build", "-o", program, "./examples/chat")
	build.Dir = ".."
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	run := exec.Command(program, "-addr", "127.0.0.1:0")
	run.Dir = ".." // where it finds pusher-js by itself
	run.Env = append(os.Environ(), "PUSHER_URL=")
	run.Stderr = os.Stderr
	printed, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	c := &chat{more: make(chan struct{})}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(printed); lines.Scan(); {
			c.add(lines.Text(), false)
		}
		c.add("", true)
	}()
	t.Cleanup(func() {
		overdue := time.AfterFunc(patience, func() { _ = run.Process.Kill() })
		defer overdue.Stop()
		assert.NoError(t, run.Process.Signal(os.Interrupt))
		<-read
		assert.NoError(t, run.Wait())
	})
	_, address, found := strings.Cut(c.waitFor(t, "The chat is at "), " at ")
	require.True(t, found)
	c.url = address
	require.Contains(t, c.waitFor(t, "pusher-js comes from"), "node_modules")
	return c
}

func (c *chat) add(line string, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !last {
		c.lines = append(c.lines, line)
	}
	c.ended = last
	close(c.more)
	c.more = make(chan struct{})
}

func (c *chat) printed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines
}

// waitFor returns the first line that contains all parts, once there is one.
func (c *chat) waitFor(t *testing.T, parts ...string) string {
	t.Helper()
	for ctx := deadline(t); ; {
		c.mu.Lock()
		lines, more, ended := c.lines, c.more, c.ended
		c.mu.Unlock()
	search:
		for _, line := range lines {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue search
				}
			}
			return line
		}
		require.False(t, ended, "the chat has ended without printing %q:\n%s", parts, strings.Join(lines, "\n"))
		select {
		case <-more:
		case <-ctx.Done():
			require.FailNow(t, "the chat does not print", "%q, but\n%s", parts, strings.Join(lines, "\n"))
		}
	}
}
