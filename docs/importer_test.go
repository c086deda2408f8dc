package docs_test

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// packages imports what blocks import, from the export data that the build
// leaves: no source is type-checked twice.
var packages = newPackageImporter()

// packageImporter is a types.Importer that asks the go command where a package's
// export data is. Whoever type-checks with it holds its lock until the check is done:
// an import writes to packages that were imported before, which a check reads.
type packageImporter struct {
	sync.Mutex

	gc     types.Importer
	export map[string]string // files by import path
}

func newPackageImporter() *packageImporter {
	p := &packageImporter{export: map[string]string{}}
	p.gc = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, ok := p.export[path]
		if !ok {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(file)
	})
	return p
}

// Import returns the package at path, building it where that is needed.
func (p *packageImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if _, ok := p.export[path]; !ok {
		if err := p.list(path); err != nil {
			return nil, err
		}
	}
	return p.gc.Import(path)
}

// list finds the export data of path and everything that it imports.
func (p *packageImporter) list(path string) error {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}\t{{.Export}}{{end}}", "--", path)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list %s: %w: %s", path, err, strings.TrimSpace(stderr.String()))
	}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			p.export[path] = file
		}
	}
	return nil
}
