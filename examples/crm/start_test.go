package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/keyring"
)

// A demo is filled once: accounts of every role, whose random passwords open
// them. A second start leaves everything as it is.
func TestSeed(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder, "-seed", "demo")
	seen := map[string]bool{}
	for _, a := range s.accounts() {
		require.Len(t, a.Roles, 1)
		seen[a.Roles[0]] = true
		require.GreaterOrEqual(t, len(a.Password), 20)
		home := s.signedIn(a).get("/")
		require.Contains(t, home.body, "Booking terminals for 12 houses")
		require.Contains(t, home.body, "Peter Lindqvist")
		require.Contains(t, home.body, "¥186,000")
	}
	require.Equal(t, map[string]bool{roleSales: true, roleManager: true, roleAdmin: true}, seen)
	sales := s.account(roleSales)
	require.NoError(t, s.stop(), "asked to end, it ends without an error")

	again := start(t, folder, "-seed", "demo")
	require.Empty(t, again.lines, "passwords are shown when they are made, and not again")
	again.signedIn(sales)
	require.NoDirExists(t, filepath.Join(folder, "outbox"), "the demo's own invitations are sent to nobody")
}

// An empty installation has no password at all: the printed link chooses the
// first one, once.
func TestFirstPassword(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder, "-admin", "Boss@Example.com")
	require.Len(t, s.lines, 1)
	before, link, ok := strings.Cut(s.lines[0], ": ")
	require.True(t, ok)
	require.Equal(t, "first password for Boss@Example.com", before)
	path, ok := strings.CutPrefix(link, s.base)
	require.True(t, ok, link)

	v := s.visitor()
	page := v.get(path)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.body, "For boss@example.com")
	page = v.get(path) // a scanner of mail was here

	const phrase = "seven herons beneath a maple"
	refused := v.submit(page, "/password", "new", phrase, "repeat", phrase+"s")
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
	require.Contains(t, refused.body, "The two entries differ.")
	refused = v.submit(refused, "/password", "new", "qwerty", "repeat", "qwerty")
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
	require.Contains(t, refused.body, "It needs at least 15 characters.")
	require.Contains(t, refused.body, "words that are common in passwords")

	chosen := v.submit(refused, "/password", "new", phrase, "repeat", phrase)
	require.Equal(t, "/signin", chosen.path())
	require.Contains(t, chosen.body, "Your password is set. Please sign in.")
	require.Equal(t, http.StatusGone, v.submit(page, "/password", "new", phrase, "repeat", phrase).StatusCode)
	require.Equal(t, http.StatusGone, v.get(path).StatusCode)
	boss := demoAccount{Identifier: "boss@example.com", Password: phrase}
	require.Equal(t, http.StatusOK, s.signedIn(boss).get("/admin").StatusCode)

	require.NoError(t, s.stop())
	require.Empty(t, start(t, folder).lines, "there is an administrator")
}

// Without its key file a database is of no use: the program says so instead of
// making a fresh key beside it.
func TestKeyFile(t *testing.T) {
	folder := t.TempDir()
	db, keys := filepath.Join(folder, "crm.db"), filepath.Join(folder, "crm.db.keys")
	run := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // should it serve
		defer cancel()
		var printed bytes.Buffer
		err := program{stdout: &printed, stderr: new(bytes.Buffer), hashing: cheap}.
			run(ctx, []string{"-addr", "localhost:0", "-db", "sqlite:" + db})
		require.Empty(t, printed.String(), "refused before it serves or prints a link")
		return err
	}
	require.NoError(t, start(t, folder).stop())
	for _, name := range []string{db, keys} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), name)
	}

	require.NoError(t, os.Rename(keys, keys+".away"))
	require.ErrorContains(t, run(), "its key file "+keys+" does not")
	require.NoFileExists(t, keys)

	_, err := keyring.Open(keys) // somebody else's
	require.NoError(t, err)
	require.ErrorContains(t, run(), "which the key ring lacks")

	require.NoError(t, os.Rename(keys+".away", keys))
	start(t, folder)
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"-db postgres://crm:secret@db/crm", "-db: postgres is not available"},
		{"-db crm.db", "-db must name a file"},
		{"-db sqlite::memory:", "-db must name a file"},
		{"-profile lax", `-profile is "lax"`},
		{"-seed everything", `-seed is "everything"`},
		{"serve", `unexpected argument "serve"`},
		{"-x", "flag provided but not defined"},
	} {
		var stderr bytes.Buffer
		_, err := parseFlags(strings.Fields(c.args), &stderr)
		require.ErrorIs(t, err, errUsage, c.args)
		require.Contains(t, stderr.String(), c.says)
		require.NotContains(t, stderr.String(), "secret", "a password in -db is not repeated")
	}
	o, err := parseFlags(nil, new(bytes.Buffer))
	require.NoError(t, err)
	require.Equal(t, "crm.db.keys", o.keys)

	err = program{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}.run(t.Context(),
		[]string{"-addr", "localhost:0", "-url", "http://crm.example.com", "-db", "sqlite:" + filepath.Join(t.TempDir(), "crm.db")})
	require.ErrorContains(t, err, "must be https")
}
