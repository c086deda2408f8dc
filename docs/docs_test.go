// Package docs_test keeps the guides true: every Go block in them compiles, and
// every link leads somewhere.
//
// A block that begins with a package clause is a whole program. Any other is a
// snippet, with the variables of [predeclared] and the imports of [inferred] at
// hand. What else a page's snippets need, and its readers do not, stands in a
// comment of the page:
//
//	<!-- go:setup
//	func currentUser(r *http.Request) (string, error) { return "", nil }
//	-->
//
// A block that cannot compile here, such as one for a framework, is fenced as
// "go ignore" or follows a <!-- go:ignore --> comment.
package docs_test

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository's, seen from this package.
const root = ".."

// readPages takes the repository's pages: those at its root and the guides.
func readPages(t *testing.T) map[string]*page {
	t.Helper()
	pages := map[string]*page{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md", "examples/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			name, err := filepath.Rel(root, file)
			require.NoError(t, err)
			name = filepath.ToSlash(name)
			pages[name], err = parsePage(name, string(text))
			require.NoError(t, err)
		}
	}
	require.Contains(t, pages, "README.md")
	return pages
}

func TestBlocksCompile(t *testing.T) {
	t.Parallel()
	pages := readPages(t)
	require.NotEmpty(t, pages["README.md"].blocks, "the README shows how to use the SDK")
	for _, p := range pages {
		for _, b := range p.blocks {
			t.Run(fmt.Sprintf("%s:%d", p.name, b.line), func(t *testing.T) {
				t.Parallel()
				assert.NoError(t, compile(p, b))
			})
		}
	}
}

func TestLinksLead(t *testing.T) {
	t.Parallel()
	pages := readPages(t)
	for _, p := range pages {
		for _, l := range p.links {
			assert.NoError(t, follow(pages, p, l), "%s:%d", p.name, l.line)
		}
	}
}

// follow reports a link that leads nowhere. Other sites are not asked.
func follow(pages map[string]*page, from *page, l link) error {
	target, err := url.Parse(l.target)
	if err != nil {
		return fmt.Errorf("link %q: %w", l.target, err)
	}
	if target.Scheme != "" || target.Host != "" {
		return nil
	}
	name := from.name
	switch {
	case strings.HasPrefix(target.Path, "/"):
		name = path.Clean(target.Path[1:])
	case target.Path != "":
		name = path.Join(path.Dir(from.name), target.Path)
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("link %q leaves the repository", l.target)
	}
	if _, err := os.Stat(filepath.Join(root, name)); err != nil && pages[name] == nil {
		return fmt.Errorf("link %q: there is no %s", l.target, name)
	}
	to, isPage := pages[name]
	if target.Fragment != "" && isPage && !to.anchors[target.Fragment] {
		return fmt.Errorf("link %q: %s has no heading #%s", l.target, name, target.Fragment)
	}
	return nil
}
