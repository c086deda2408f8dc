package docs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample writes a page with ” for a backtick.
func sample(t *testing.T, text string) *page {
	t.Helper()
	p, err := parsePage("docs/sample.md", strings.ReplaceAll(text, "”", "`"))
	require.NoError(t, err)
	return p
}

func TestParsePage_blocks(t *testing.T) {
	t.Parallel()
	p := sample(t, `# Sample
”””go
one()
”””
”””sh
not go
”””
”””go ignore
framework()
”””
<!-- go:ignore: another module -->

”””go
framework()
”””
<!-- go:ignore: only for a fence that follows at once -->
text
- item
  ”””go
  two()
  ”””
”””golang
not this spelling
”””
`)
	assert.Equal(t, []block{{line: 3, code: "one()\n"}, {line: 20, code: "two()\n"}}, p.blocks)
}

func TestParsePage_unclosed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"```go\none()\n", "```go\none()\n~~~\n", "<!-- go:setup\nvar a int\n"} {
		_, err := parsePage("docs/sample.md", text)
		require.ErrorContains(t, err, "never closed", text)
	}
}

func TestParsePage_linksAndAnchors(t *testing.T) {
	t.Parallel()
	p := sample(t, `# What ”Trigger(ctx, …)” does, & why
## Twice
## Twice
### [Linked](a.md) heading ##
<a id="named"></a>
See [one](b.md "title"), ![two](<c.png>) and ”[code](no.md)”. <img src="d.png">
[ref]: e.md
”””md
[fenced](no.md)
# fenced
”””
`)
	assert.Equal(t, map[string]bool{
		"what-triggerctx--does--why": true, "twice": true, "twice-1": true, "linked-heading": true, "named": true,
	}, p.anchors)
	var targets []string
	for _, l := range p.links {
		targets = append(targets, l.target)
	}
	assert.Equal(t, []string{"a.md", "b.md", "c.png", "d.png", "e.md"}, targets)
}

func TestCompile_accepts(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"statements":        "result, err := client.Trigger(ctx, \"c\", \"e\", data)\n",
		"return":            "if err := client.Ping(ctx); err != nil {\n\treturn err\n}\n",
		"bare return":       "if err != nil {\n\thttp.Error(w, \"no\", 500)\n\treturn\n}\n",
		"declarations":      "func notify(c *pusher.Client) error {\n\treturn c.Ping(ctx)\n}\n",
		"grouped":           "type (\n\ta int\n\tb = a\n)\n\nfunc long(\n\tx b,\n) a {\n\treturn x\n}\n\nlong(1)\n",
		"mixed":             "type app struct {\n\tname string\n}\n\nfunc (a app) say() { fmt.Println(a.name) }\n\nfor range 3 {\n\tapp{\"a\"}.say()\n}\n",
		"imports":           "import (\n\tstdlog \"log\"\n\t\"net/mail\"\n)\n\nstdlog.Println(mail.Address{})\n",
		"shadowed":          "client := \"mine\"\nfmt.Println(len(client))\n",
		"redeclared":        "var client = \"mine\"\n\nfunc f() int { return len(client) }\n",
		"a name like a url": "url := \"https://example.com\"\nfmt.Println(url + \"/a\")\n",
		"program":           "// Command x.\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n",
		"set-up":            "fmt.Println(currentUser(r) + \"!\")\n",
		"set-up redeclared": "func currentUser() int { return 1 }\n\nvar one int = currentUser()\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &page{name: "docs/sample.md", setup: "func currentUser(r *http.Request) string { return r.Host }\n"}
			assert.NoError(t, compile(p, block{line: 1, code: code}))
		})
	}
}

func TestCompile_refuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ code, want string }{
		"unknown method":      {"x := 1\nclient.Tirgger(ctx)\n", "docs/sample.md:41:8: client.Tirgger undefined"},
		"unknown field":       {"_ = pusher.Config{Apppid: \"4\"}\n", "docs/sample.md:40:19: unknown field Apppid"},
		"wrong arguments":     {"err := client.Ping()\n", "not enough arguments"},
		"unknown package":     {"frobnicate.Do()\n", "undefined: frobnicate"},
		"unknown name":        {"fmt.Println(nobody)\n", "undefined: nobody"},
		"syntax":              {"if client {\n", "docs/sample.md"},
		"type":                {"var n int = \"a\"\n", "cannot use \"a\""},
		"returns two":         {"return 1, nil\n", "too many return values"},
		"in a hoisted func":   {"fmt.Println()\n\nfunc f() {\n\tnobody()\n}\n\nfmt.Println()\n", "docs/sample.md:43:2: undefined: nobody"},
		"no such import":      {"import \"github.com/seed-588517f9/pusher-go/nowhere\"\n\nnowhere.Do()\n", "nowhere"},
		"program, unused":     {"package main\n\nfunc main() {\n\tn := 1\n}\n", "docs/sample.md:43:2: declared and not used: n"},
		"program, no import":  {"package main\n\nfunc main() { fmt.Println() }\n", "undefined: fmt"},
		"program, not parsed": {"package main\n\nfunc main( {}\n", "docs/sample.md:42"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := compile(&page{name: "docs/sample.md"}, block{line: 40, code: test.code})
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	here := &page{name: "docs/sample.md", anchors: map[string]bool{"here": true}}
	readme := &page{name: "README.md", anchors: map[string]bool{"install": true}}
	pages := map[string]*page{here.name: here, readme.name: readme}
	for target, want := range map[string]string{
		"#here":                    "",
		"../README.md#install":     "",
		"/README.md":               "",
		"../pusher/":               "",
		"../go.mod":                "",
		"https://example.com/none": "",
		"mailto:a@example.com":     "",
		"#gone":                    "no heading #gone",
		"../README.md#gone":        "no heading #gone",
		"gone.md":                  "there is no docs/gone.md",
		"/gone.go":                 "there is no gone.go",
		"../../elsewhere":          "leaves the repository",
		"%zz":                      "invalid URL escape",
	} {
		err := follow(pages, here, link{target: target})
		if want == "" {
			assert.NoError(t, err, target)
		} else {
			assert.ErrorContains(t, err, want, target)
		}
	}
}
