package crmauth_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mayRequire lists what each module requires itself, and why. Whoever adds a
// line makes everybody who imports the module download and trust it.
var mayRequire = map[string]map[string]string{
	".": {
		"golang.org/x/crypto":         "Argon2id, bcrypt, scrypt and XChaCha20-Poly1305, by the authors of Go",
		"golang.org/x/text":           "Unicode normalization of passwords and names, and which language a browser prefers",
		"github.com/stretchr/testify": "assertions, in tests only",
	},
	"examples": {
		modulePath:                     "what the programs show",
		"modernc.org/sqlite":           "SQLite without a C compiler, so that the programs run with Go alone",
		"github.com/chromedp/chromedp": "drives a browser over the demonstration, in tests only",
		"github.com/stretchr/testify":  "assertions, in tests only",
	},
	"internal/integration": {
		modulePath:                    "what is tested",
		"modernc.org/sqlite":          "the real SQLite",
		"github.com/stretchr/testify": "assertions",
	},
}

func TestRequirements(t *testing.T) {
	for _, m := range repository(t).modules {
		reasons, listed := mayRequire[m.dir]
		if !assert.True(t, listed, "module %s is new: say in mayRequire what it may require", m.dir) {
			continue
		}
		direct := map[string]bool{}
		for _, r := range m.file.Require {
			if !r.Indirect {
				direct[r.Path] = true
				assert.NotEmpty(t, reasons[r.Path], "module %s requires %s: say in mayRequire why", m.dir, r.Path)
			}
		}
		for name := range reasons {
			assert.True(t, direct[name], "module %s no longer requires %s: take it out of mayRequire", m.dir, name)
		}
	}
}

// Tests of a package are compiled by nobody who imports it: what only they need
// must not reach a file that is no test.
func TestTestingIsForTests(t *testing.T) {
	for _, p := range repository(t).packages {
		if !p.public() {
			continue
		}
		for file, imported := range imports(t, p.files) {
			assert.NotContains(t, imported, "testify", file)
			if p.dir != "store/storetest" {
				assert.NotEqual(t, "testing", imported, file)
			}
		}
	}
}

// Every module builds from a clone without a release, with one version of the
// language, and carries no tools or exclusions that its users would inherit.
func TestModules(t *testing.T) {
	r := repository(t)
	var core string
	for _, m := range r.modules {
		if m.dir == "." {
			core = m.file.Go
		}
	}
	var used []string
	for _, m := range r.modules {
		used = append(used, m.dir)
		assert.Equal(t, path.Join(modulePath, m.dir), m.file.Module.Path)
		assert.Equal(t, core, m.file.Go, "module %s", m.dir)
		assert.Empty(t, m.file.Tool, "module %s: tools run as go run tool@version", m.dir)
		assert.Empty(t, m.file.Exclude, "module %s", m.dir)
		if m.dir == "." {
			assert.Empty(t, m.file.Replace, "the core module: a replacement is ignored by those who import it")
			continue
		}
		if assert.Len(t, m.file.Replace, 1, "module %s", m.dir) {
			replace := m.file.Replace[0]
			assert.Equal(t, modulePath, replace.Old.Path, "module %s", m.dir)
			assert.Equal(t, ".", path.Join(m.dir, replace.New.Path), "module %s replaces the core by another directory", m.dir)
		}
	}

	out, err := exec.Command("go", "work", "edit", "-json", "go.work").Output()
	require.NoError(t, err)
	var work struct {
		Go  string
		Use []struct{ DiskPath string }
	}
	require.NoError(t, json.Unmarshal(out, &work))
	assert.Equal(t, core, work.Go)
	uses := map[string]bool{}
	for _, u := range work.Use {
		uses[path.Clean(filepath.ToSlash(u.DiskPath))] = true
	}
	assert.ElementsMatch(t, used, slices.Collect(maps.Keys(uses)), "go.work lists every module")
}
