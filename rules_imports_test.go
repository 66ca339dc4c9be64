package crmauth_test

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The leaves of this repository import nothing of it, so that each is worth
// importing alone; what composes them imports them and never the other way
// round; a store is imported by programs only.
//
// mayImport lists, for each package, what its files may import beside the
// standard library; tests are free. A package of the repository is named by its
// directory, a module of somebody else by its path.
var mayImport = map[string][]string{
	".": {},

	"password":     {"golang.org/x/crypto", "golang.org/x/text"},
	"lockout":      {},
	"session":      {},
	"auth/keyring": {"golang.org/x/crypto"},
	"auth/audit":   {},
	"auth/notify":  {"golang.org/x/text"},

	"auth": {"password", "lockout", "session", "auth/keyring", "auth/audit", "auth/notify", "golang.org/x/text"},

	// It shows what auth returns, so it knows the types of the leaves.
	"auth/authhttp": {"auth", "lockout", "password", "session", "auth/audit", "auth/keyring", "auth/notify"},

	"store":           {},
	"store/memstore":  storeImports,
	"store/sqlstore":  storeImports, // and no driver
	"store/storetest": storeImports, // and no framework for tests, which would come into every module that uses it

	// Test code that several packages share.
	"internal/logintest": {
		"auth", "password", "lockout", "session", "auth/keyring", "auth/audit", "auth/notify",
		"github.com/stretchr/testify", "golang.org/x/crypto", // hashes as another system makes them
	},
}

// storeImports are the packages that declare the interfaces of stores.
var storeImports = []string{"auth", "lockout", "session", "auth/audit", "auth/notify"}

// A program and the tests of real databases may import every public package and
// whatever their own module requires.
var leafModules = []string{"examples", "internal/integration"}

func TestImports(t *testing.T) {
	r := repository(t)
	public := map[string]bool{}
	for _, p := range r.packages {
		public[p.dir] = p.public()
	}
	for _, p := range r.packages {
		if len(p.files) == 0 {
			continue
		}
		leaf := slices.IndexFunc(leafModules, func(m string) bool { return p.dir == m || strings.HasPrefix(p.dir, m+"/") })
		allowed, listed := mayImport[p.dir]
		if leaf < 0 && !assert.True(t, listed, "package %s is new: say in mayImport what it may import", p.dir) {
			continue
		}
		for file, imported := range imports(t, p.files) {
			ours, isOurs := strings.CutPrefix(imported, modulePath+"/")
			switch {
			case !isOurs && !strings.Contains(strings.Split(imported, "/")[0], "."):
				// the standard library
			case leaf >= 0 && isOurs:
				own := strings.HasPrefix(ours, leafModules[leaf]+"/")
				assert.True(t, own || public[ours], "%s imports %s: programs show the public packages, and use nothing else", file, ours)
			case leaf >= 0:
				// what the module may require is in mayRequire
			case isOurs:
				assert.Contains(t, allowed, ours, "%s imports %s, against the direction of imports: docs/architecture.md, \"Shape\"", file, ours)
			default:
				assert.True(t, slices.ContainsFunc(allowed, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }),
					"%s imports %s: say in mayImport why this package needs it", file, imported)
			}
		}
	}
	for dir := range mayImport {
		assert.Contains(t, public, dir, "mayImport lists %s, which is not there", dir)
	}
}

// imports yields the files with each of their imports.
func imports(t *testing.T, files map[string]*ast.File) func(yield func(file, imported string) bool) {
	return func(yield func(file, imported string) bool) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			for _, spec := range files[name].Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				if !yield(path.Clean(name), imported) {
					return
				}
			}
		}
	}
}
