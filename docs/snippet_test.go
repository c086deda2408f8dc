package docs_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/seed-588517f9/pusher-go"

// inferred are the packages that a snippet may use without importing them, by
// the name it uses. Everything else needs an import in the snippet.
var inferred = map[string]string{
	"assert":          "github.com/stretchr/testify/assert",
	"async":           module + "/backend/async",
	"atomic":          "sync/atomic",
	"backend":         module + "/backend",
	"backendtest":     module + "/backend/backendtest",
	"base64":          "encoding/base64",
	"bytes":           "bytes",
	"context":         "context",
	"crypto":          module + "/crypto",
	"errors":          "errors",
	"fasthttp":        "github.com/valyala/fasthttp",
	"fasthttpproxy":   "github.com/valyala/fasthttp/fasthttpproxy",
	"fmt":             "fmt",
	"goleak":          "go.uber.org/goleak",
	"http":            "net/http",
	"httptest":        "net/http/httptest",
	"io":              "io",
	"json":            "encoding/json",
	"log":             "log",
	"maps":            "maps",
	"net":             "net",
	"nethttp":         module + "/backend/nethttp",
	"os":              "os",
	"pusher":          module + "/pusher",
	"pushertest":      module + "/pusher/pushertest",
	"pusherfasthttp":  module + "/backend/fasthttp",
	"pusherresty":     module + "/backend/resty",
	"pusherretryable": module + "/backend/retryable",
	"rate":            "golang.org/x/time/rate",
	"ratelimit":       module + "/backend/ratelimit",
	"require":         "github.com/stretchr/testify/require",
	"resty":           "github.com/go-resty/resty/v2",
	"retryablehttp":   "github.com/hashicorp/go-retryablehttp",
	"signal":          "os/signal",
	"slices":          "slices",
	"slog":            "log/slog",
	"strconv":         "strconv",
	"strings":         "strings",
	"sync":            "sync",
	"testing":         "testing",
	"time":            "time",
	"tls":             "crypto/tls",
	"url":             "net/url",
	"x509":            "crypto/x509",
}

// predeclared are the variables that every snippet may use. They give way to a
// declaration of the same name in the snippet, as those of a page's set-up do.
const predeclared = `
var (
	ctx       context.Context
	client    *pusher.Client
	cfg       pusher.Config
	err       error
	w         http.ResponseWriter
	r         *http.Request
	mux       *http.ServeMux
	t         *testing.T
	header    http.Header
	body      []byte
	data      any
	logger    *slog.Logger
	channel   string
	event     string
	userID    string
	socketID  string
	secret    string
)
`

// compile type-checks a block of p. One that begins with a package clause is a
// program and must compile as it stands. Any other is a snippet: declarations, or
// the statements of a function that may return nothing or an error; imports are
// inferred, and variables and imports may go unused.
func compile(p *page, b block) error {
	fset := token.NewFileSet()
	if strings.HasPrefix(stripComments(b.code), "package ") {
		file, err := parser.ParseFile(fset, "block", position(p, b)+b.code, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		return check(fset, []*ast.File{file}, false)
	}
	file, err := parseSnippet(fset, p, b, "")
	if err != nil {
		return err
	}
	prelude, err := parser.ParseFile(fset, p.name+" (go:setup)", "package snippet\n"+predeclared+p.setup, 0)
	if err != nil {
		return err
	}
	giveWay(prelude, file)
	addImports(prelude)
	first := check(fset, []*ast.File{file, prelude}, true)
	if first == nil {
		return nil
	}
	if returning, err := parseSnippet(fset, p, b, "error"); err == nil && check(fset, []*ast.File{returning, prelude}, true) == nil {
		return nil
	}
	return first
}

var (
	commentPattern = regexp.MustCompile(`(?m)\A(?:\s*//.*\n|\s*\n)*`)
	importPattern  = regexp.MustCompile(`(?ms)^import (?:\(.*?^\)|[^\n]*)\n`)
	// hoistedPattern finds the functions and types at a snippet's left margin.
	hoistedPattern = regexp.MustCompile(`(?ms)^(?:func (?:\([^)\n]*\) )?[A-Za-z_]|type )` +
		`(?:[^\n]*\{\n.*?^\}\n|[^\n]*\(\n.*?^[)}]\n|[^\n]*\n)`)
)

func stripComments(code string) string { return commentPattern.ReplaceAllString(code, "") }

// parseSnippet makes a file of a snippet: imports and declarations first, then
// the statements, each at the line that they have in the page.
func parseSnippet(fset *token.FileSet, p *page, b block, result string) (*ast.File, error) {
	rest, imports := cut(b.code, importPattern)
	var source strings.Builder
	source.WriteString("package snippet\n")
	writeParts(&source, p, b, imports)
	if whole, err := parser.ParseFile(fset, "snippet", source.String()+position(p, b)+rest, 0); err == nil {
		addImports(whole)
		return whole, nil
	}
	rest, declarations := cut(rest, hoistedPattern)
	writeParts(&source, p, b, declarations)
	end := ""
	if result != "" {
		end = "return nil\n"
	}
	fmt.Fprintf(&source, "func _() %s {\n%s%s%s}\n", result, position(p, b), rest, end)
	file, err := parser.ParseFile(fset, "snippet", source.String(), 0)
	if err != nil {
		return nil, err
	}
	addImports(file)
	return file, nil
}

// part is a piece of a block, and how many lines of the block stand before it.
type part struct {
	offset int
	code   string
}

// cut takes what matches out of code, leaving its lines empty.
func cut(code string, pattern *regexp.Regexp) (string, []part) {
	var parts []part
	for _, at := range pattern.FindAllStringIndex(code, -1) {
		taken := code[at[0]:at[1]]
		parts = append(parts, part{offset: strings.Count(code[:at[0]], "\n"), code: taken})
	}
	rest := pattern.ReplaceAllStringFunc(code, func(taken string) string {
		return strings.Repeat("\n", strings.Count(taken, "\n"))
	})
	return rest, parts
}

func writeParts(dst *strings.Builder, p *page, b block, parts []part) {
	for _, part := range parts {
		dst.WriteString(position(p, block{line: b.line + part.offset}) + part.code)
	}
}

// position makes errors point into the page.
func position(p *page, b block) string { return fmt.Sprintf("//line %s:%d:1\n", p.name, b.line) }

// addImports imports what file uses and neither declares nor imports.
func addImports(file *ast.File) {
	var specs []ast.Spec
	names := map[string]bool{}
	for _, ident := range file.Unresolved {
		path, known := inferred[ident.Name]
		if !known || names[ident.Name] || imports(file, ident.Name) {
			continue
		}
		names[ident.Name] = true
		specs = append(specs, &ast.ImportSpec{Name: ast.NewIdent(ident.Name), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(path)}})
	}
	if len(specs) == 0 {
		return
	}
	for _, spec := range specs {
		file.Imports = append(file.Imports, spec.(*ast.ImportSpec))
	}
	file.Decls = append([]ast.Decl{&ast.GenDecl{Tok: token.IMPORT, Specs: specs}}, file.Decls...)
}

func imports(file *ast.File, name string) bool {
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		path, _ := strconv.Unquote(spec.Path.Value)
		if spec.Name != nil {
			return spec.Name.Name == name
		}
		return path == inferred[name] || path[strings.LastIndex(path, "/")+1:] == name
	})
}

// giveWay takes out of prelude what file declares itself.
func giveWay(prelude, file *ast.File) {
	declared := topLevel(file)
	prelude.Decls = slices.DeleteFunc(prelude.Decls, func(decl ast.Decl) bool {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			return d.Recv == nil && declared[d.Name.Name]
		case *ast.GenDecl:
			d.Specs = slices.DeleteFunc(d.Specs, func(spec ast.Spec) bool {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					return declared[s.Name.Name]
				case *ast.ValueSpec:
					return slices.ContainsFunc(s.Names, func(name *ast.Ident) bool { return declared[name.Name] })
				}
				return false
			})
		}
		return false
	})
}

// topLevel returns the names that file declares, methods aside.
func topLevel(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range s.Names {
						names[name.Name] = true
					}
				}
			}
		}
	}
	delete(names, "_")
	return names
}

// check reports every error that go/types finds in files, but for what a snippet
// leaves unused.
func check(fset *token.FileSet, files []*ast.File, snippet bool) error {
	var found []error
	config := types.Config{Importer: packages, Error: func(err error) {
		if !snippet || !unused(err) {
			found = append(found, err)
		}
	}}
	packages.Lock()
	defer packages.Unlock()
	_, _ = config.Check("snippet", fset, files, nil) // every error goes to config.Error
	return errors.Join(found...)
}

func unused(err error) bool {
	message := err.Error()
	return strings.Contains(message, "declared and not used") || strings.Contains(message, "imported and not used")
}
