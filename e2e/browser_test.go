package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is a page in a Chromium of its own, without a window. The test fails if
// anything goes wrong on it: an error on the console, an exception that nobody
// caught, a resource that does not load.
type page struct {
	browser context.Context //nolint:containedctx // chromedp's handle for a tab

	mu     sync.Mutex
	errors []string
}

func openPage(t *testing.T, url string) *page {
	t.Helper()
	p := newPage(t)
	t.Cleanup(func() { assert.Empty(t, p.consoleErrors(), "errors on the console of %s", url) })
	p.open(t, url)
	return p
}

// newPage returns an empty page, whose errors are the caller's business.
func newPage(t *testing.T) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		// Chromium's sandbox refuses to run as root.
		chromedp.Flag("no-sandbox", os.Geteuid() == 0),
	)
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	p := &page{}
	browser, end := chromedp.NewContext(allocator, chromedp.WithListener(p.watch))
	p.browser = browser
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(browser, patience)
		defer cancel()
		assert.NoError(t, chromedp.Cancel(ctx))
		end()
		release()
	})
	require.NoError(t, chromedp.Do(browser), "start Chromium")
	return p
}

// chromium is the path of the browser: $CHROMIUM if that is set.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.FailNow(t, "there is no Chromium", "run make e2e")
	return ""
}

// watch notes what goes wrong.
func (p *page) watch(event any) {
	note := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			parts := make([]string, len(e.Args))
			for i, arg := range e.Args {
				parts[i] = string(arg.Value) + arg.Description
			}
			note = strings.Join(parts, " ")
		}
	case *runtime.EventExceptionThrown:
		note = e.ExceptionDetails.Text
		if exception := e.ExceptionDetails.Exception; exception != nil {
			note += " " + exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			note = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if note != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.errors = append(p.errors, note)
	}
}

func (p *page) consoleErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errors
}

func (p *page) open(t *testing.T, url string) {
	t.Helper()
	p.do(t, chromedp.Navigate(url))
}

// fill types into an element, named by a CSS selector, in place of what is there.
func (p *page) fill(t *testing.T, selector, text string) {
	t.Helper()
	_, err := chromedp.Run(p.browser, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%s).value = ""`, quote(t, selector))))
	require.NoError(t, err, selector)
	p.do(t, chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (p *page) click(t *testing.T, selector string) {
	t.Helper()
	p.do(t, chromedp.Click(chromedp.CSS(selector)))
}

// waitFor returns once an element says text, among other things.
func (p *page) waitFor(t *testing.T, selector, text string) {
	t.Helper()
	condition := fmt.Sprintf("[...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))",
		quote(t, selector), quote(t, text))
	ctx, cancel := context.WithTimeout(p.browser, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		shown, _ := chromedp.Run(p.browser, chromedp.TextContent(chromedp.CSS("body")))
		require.NoError(t, err, "%q is not in %s; the page says\n%s\nand its console\n%s",
			text, selector, shown, strings.Join(p.consoleErrors(), "\n"))
	}
}

func (p *page) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, patience)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, steps...))
}

// quote returns text as JavaScript has it.
func quote(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	return string(quoted)
}
