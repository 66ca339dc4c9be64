package crmauth_test

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var codeBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// blocks returns the code blocks of a Markdown file that are in a language.
func blocks(t *testing.T, name, language string) (found []string) {
	for _, m := range codeBlock.FindAllStringSubmatch(readFile(t, name), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

// Each Go block of the README is a whole file, or declarations of one that only
// lack their imports. All are formatted, compiled and vetted, in a module as a
// user has it.
func TestReadmeCompiles(t *testing.T) {
	r := repository(t)
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	dir := t.TempDir()
	// The tests of real databases require a driver too.
	requires := readFile(t, "internal/integration/go.mod")
	sums := readFile(t, "internal/integration/go.sum") + readFile(t, "go.sum")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(requires), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), []byte(sums), 0o600))
	runGo(t, dir, "mod", "edit", "-module=readme", "-replace="+modulePath+"="+root)

	programs := blocks(t, "README.md", "go")
	require.NotEmpty(t, programs)
	for i, text := range programs {
		formatted, err := format.Source([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, string(formatted), text, "gofmt it")
		if !strings.HasPrefix(text, "package ") {
			text = withImports(t, r, text)
		}
		block := filepath.Join(dir, fmt.Sprintf("block%d", i+1))
		require.NoError(t, os.Mkdir(block, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(block, "block.go"), []byte(text), 0o600))
	}
	runGo(t, dir, "vet", "./...")
}

// withImports makes a file of declarations.
func withImports(t *testing.T, r *tree, text string) string {
	t.Helper()
	known := map[string]string{}
	for _, name := range []string{"context", "errors", "fmt", "log", "net/http", "os", "time"} {
		known[path.Base(name)] = name
	}
	for _, p := range r.packages {
		if p.public() {
			known[path.Base(p.dir)] = p.importPath()
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "README.md", "package readme\n"+text, 0)
	require.NoError(t, err, text)
	undeclared := map[string]bool{}
	for _, id := range file.Unresolved {
		undeclared[id.Name] = true
	}
	needed := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && undeclared[id.Name] && known[id.Name] != "" {
				needed[known[id.Name]] = true
			}
		}
		return true
	})
	head := "package readme\n\n"
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		head += fmt.Sprintf("import %q\n", name)
	}
	return head + "\n" + text
}

func runGo(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
}

// The README and the map of the module name every package there is, and no
// other.
func TestPackagesAreListed(t *testing.T) {
	var public []string
	doc := readFile(t, "doc.go")
	for _, p := range repository(t).packages {
		if p.public() && len(p.files) > 0 {
			public = append(public, p.dir)
			assert.Contains(t, doc, "["+p.importPath()+"]", "doc.go is the map: it names every package")
		}
	}
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(readFile(t, "README.md"), -1) {
		listed = append(listed, row[1])
	}
	assert.ElementsMatch(t, public, listed, "the table under \"Packages\" in README.md")
}

// What the README says to run is there; .ci/run takes its commands from here.
func TestReadmeCommands(t *testing.T) {
	commands := blocks(t, "README.md", "sh")
	require.NotEmpty(t, commands)
	lines := strings.Split(strings.Join(commands, "\n"), "\n")
	assert.Contains(t, lines, "go run ./examples/crm")
	assert.Contains(t, lines, "go test work")
	info, err := os.Stat("examples/crm")
	require.NoError(t, err)
	assert.True(t, info.IsDir())
}

var markdownLink = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)

// Links between the files of the repository lead somewhere.
func TestLinks(t *testing.T) {
	for _, name := range repository(t).texts {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, link := range markdownLink.FindAllStringSubmatch(readFile(t, name), -1) {
			_, err := os.Stat(filepath.FromSlash(path.Join(path.Dir(name), link[1])))
			assert.NoError(t, err, name)
		}
	}
}
