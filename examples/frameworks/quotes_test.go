package frameworks_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocsQuoteTheseHandlers keeps docs/authorization.md and the handlers alike.
func TestDocsQuoteTheseHandlers(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/authorization.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"ginauth/auth.go", "echoauth/auth.go", "fiberauth/auth.go"} {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, handler, found := strings.Cut(string(source), "\nfunc ChannelAuth(")
		if !found {
			t.Fatalf("%s has no ChannelAuth", path)
		}
		if !strings.Contains(string(docs), "\nfunc ChannelAuth("+handler) {
			t.Errorf("docs/authorization.md does not quote ChannelAuth of %s as it is", path)
		}
	}
}
