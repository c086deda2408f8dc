// Package imports_test shows what a program compiles that uses the SDK: of other
// people's modules only those of the backend that it chose.
package imports_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// What the programs import, so that no result is taken from the test cache after
	// any of it has changed.
	_ "github.com/seed-588517f9/pusher-go/backend/fasthttp"
	_ "github.com/seed-588517f9/pusher-go/backend/nethttp"
	_ "github.com/seed-588517f9/pusher-go/backend/resty"
	_ "github.com/seed-588517f9/pusher-go/backend/retryable"
	_ "github.com/seed-588517f9/pusher-go/pusher"
)

func TestProgramsCompileOnlyWhatTheyChose(t *testing.T) {
	t.Parallel()
	// The programs are in testdata, one for each backend; x/crypto seals events.
	for program, chosen := range map[string][]string{
		"default":   nil,
		"nethttp":   nil,
		"fasthttp":  {"github.com/klauspost/compress", "github.com/molecule-man/go-brrr", "github.com/valyala/bytebufferpool", "github.com/valyala/fasthttp", "golang.org/x/net", "golang.org/x/text"},
		"resty":     {"github.com/go-resty/resty/v2", "golang.org/x/net"},
		"retryable": {"github.com/hashicorp/go-cleanhttp", "github.com/hashicorp/go-retryablehttp"},
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			want := append([]string{"github.com/seed-588517f9/pusher-go", "golang.org/x/crypto"}, chosen...)
			slices.Sort(want)
			assert.Equal(t, want, modules(t, "./testdata/"+program))
		})
	}
}

// modules lists the modules that have a package in what a program compiles.
func modules(t *testing.T, program string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.Module.Path}}{{end}}", program)
	var problems strings.Builder
	list.Stderr = &problems
	out, err := list.Output()
	require.NoError(t, err, problems.String())
	paths := strings.Fields(string(out))
	slices.Sort(paths)
	return slices.Compact(paths)
}
