package crmauth_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mostLines is how long a file may be: one concept, read in one sitting.
const mostLines = 600

func TestFilesAreShort(t *testing.T) {
	for _, p := range repository(t).packages {
		for _, files := range []map[string]*ast.File{p.files, p.tests} {
			for name := range files {
				lines := bytes.Count([]byte(readFile(t, name)), []byte("\n"))
				assert.LessOrEqual(t, lines, mostLines, "%s: give its second concept a file of its own", name)
			}
		}
	}
}

// Importing a package does nothing: no registration, no file, no goroutine.
func TestNoInit(t *testing.T) {
	r := repository(t)
	for _, p := range r.packages {
		for _, file := range p.files {
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
					assert.NotEqual(t, "init", f.Name.Name, "%s: an importer can't choose whether this runs", r.at(f))
				}
			}
		}
	}
}

// A test that sleeps is slow where it passes and wrong where it is slow. Within
// a bubble of testing/synctest the clock is the test's own.
func TestNoSleep(t *testing.T) {
	r := repository(t)
	for _, p := range r.packages {
		for _, file := range p.tests {
			var bubbles []ast.Node
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					switch {
					case isSelector(call.Fun, "synctest", "Test"):
						bubbles = append(bubbles, call)
					case isSelector(call.Fun, "time", "Sleep"):
						inside := slices.ContainsFunc(bubbles, func(b ast.Node) bool { return b.Pos() <= call.Pos() && call.End() <= b.End() })
						assert.True(t, inside, "%s: inject the time, or use testing/synctest", r.at(call))
					}
				}
				return true
			})
		}
	}
}

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// What is not done is not in the code: it would be promised by nobody.
func TestNothingIsLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}
	for _, name := range repository(t).texts {
		for i, line := range strings.Split(readFile(t, name), "\n") {
			for _, mark := range marks {
				assert.NotContains(t, line, mark, "%s:%d", name, i+1)
			}
		}
	}
}

// Packages are named by what they provide.
func TestPackageNames(t *testing.T) {
	for _, p := range repository(t).packages {
		for _, refused := range []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"} {
			assert.NotContains(t, strings.Split(p.dir, "/"), refused)
		}
	}
}

// Packages that stand alone, and those that most programs enter by, show
// themselves at work.
func TestExamples(t *testing.T) {
	for _, p := range repository(t).packages {
		if !slices.Contains([]string{"password", "lockout", "session", "auth", "auth/authhttp", "auth/keyring"}, p.dir) {
			continue
		}
		running := 0
		for _, name := range slices.Sorted(maps.Keys(p.tests)) {
			file := p.tests[name]
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
					continue
				}
				for _, c := range file.Comments {
					if f.Pos() <= c.Pos() && c.End() <= f.End() && strings.HasPrefix(c.Text(), "Output:") {
						running++
					}
				}
			}
		}
		assert.Positive(t, running, "package %s has no example that runs", p.dir)
	}
}

// The licence is on every copy, and no test leaves files in the repository.
func TestRootFiles(t *testing.T) {
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "docs/architecture.md"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Positive(t, info.Size(), name)
	}
	run, err := os.Stat(".ci/run")
	require.NoError(t, err)
	assert.NotZero(t, run.Mode()&0o111, ".ci/run is executable")
	for _, p := range repository(t).packages {
		if p.dir == "." {
			require.Len(t, p.files, 1, "the root is the map of the module, nothing else")
			for _, file := range p.files {
				for _, decl := range file.Decls {
					d, ok := decl.(*ast.GenDecl)
					assert.True(t, ok && d.Tok == token.IMPORT, "doc.go holds no code")
				}
			}
		}
	}
}
