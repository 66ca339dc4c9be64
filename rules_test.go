package crmauth_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules of this repository are tests: which package may import which, what
// the modules may require, that every exported name is documented, that the code
// in the README compiles. They read the source and run in seconds.

// modulePath is what the packages of the repository are named below.
const modulePath = "github.com/crmauth/crmauth"

// tree is the repository as the rules see it.
type tree struct {
	fset     *token.FileSet
	modules  []*module
	packages []*pkg
	texts    []string // every file that is read by people or compiled, by path
}

// module is one go.mod.
type module struct {
	dir  string // slash-separated, "." for the core
	file modFile
}

// pkg is one directory of Go files.
type pkg struct {
	dir   string // slash-separated, "." for the root
	files map[string]*ast.File
	tests map[string]*ast.File
}

// importPath is what p is imported as.
func (p *pkg) importPath() string { return path.Join(modulePath, p.dir) }

// public reports whether applications may import p.
func (p *pkg) public() bool {
	return p.dir != "." && !strings.HasPrefix(p.dir, "internal/") && !strings.HasPrefix(p.dir, "examples/")
}

// modFile is what "go mod edit -json" prints, as far as the rules look at it.
type modFile struct {
	Module  struct{ Path string }
	Go      string
	Require []struct {
		Path, Version string
		Indirect      bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Exclude []any
	Tool    []any
}

var readTree = sync.OnceValues(func() (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	packages := map[string]*pkg{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		slashed := filepath.ToSlash(name)
		switch base := entry.Name(); {
		case entry.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".") && base != ".ci"):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case base == "go.mod":
			m, err := readModule(path.Dir(slashed))
			if err != nil {
				return err
			}
			t.modules = append(t.modules, m)
		case strings.HasSuffix(base, ".go"):
			file, err := parser.ParseFile(t.fset, slashed, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			dir := path.Dir(slashed)
			p := packages[dir]
			if p == nil {
				p = &pkg{dir: dir, files: map[string]*ast.File{}, tests: map[string]*ast.File{}}
				packages[dir] = p
			}
			if strings.HasSuffix(base, "_test.go") {
				p.tests[slashed] = file
			} else {
				p.files[slashed] = file
			}
		}
		if isText(slashed) {
			t.texts = append(t.texts, slashed)
		}
		return nil
	})
	delete(packages, ".ci")
	t.packages = slices.SortedFunc(maps.Values(packages), func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	return t, err
})

func isText(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".sql", ".html", ".css", ".mod", ".work":
		return true
	}
	return path.Dir(name) == ".ci"
}

func readModule(dir string) (*module, error) {
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = filepath.FromSlash(dir)
	out, err := cmd.Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			return nil, errors.New(string(failed.Stderr))
		}
		return nil, err
	}
	m := &module{dir: dir}
	return m, json.Unmarshal(out, &m.file)
}

// repository returns the tree, read once for all rules.
func repository(t *testing.T) *tree {
	t.Helper()
	r, err := readTree()
	require.NoError(t, err)
	require.NotEmpty(t, r.packages)
	return r
}

// at is where a node stands, for messages.
func (t *tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return p.String()
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
