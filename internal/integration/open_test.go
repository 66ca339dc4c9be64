package integration

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/sqlstore"
)

func open(t testing.TB, db *sql.DB, o sqlstore.Options) (auth.Stores, error) {
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite(), o)
	if err != nil {
		return auth.Stores{}, err
	}
	return store.Stores(), nil
}

func TestOpenRefusesWhatBreaksThePromises(t *testing.T) {
	for setting, want := range map[string]string{
		"_journal_mode=WAL":   "journal_mode is delete",
		"_busy_timeout=10000": "busy_timeout is 0 ms",
		"_synchronous=FULL":   "synchronous is 1",
		"_foreign_keys=1":     "foreign_keys is off",
	} {
		replacement := ""
		if setting == "_synchronous=FULL" {
			replacement = "_synchronous=NORMAL"
		}
		path := newFile(t)
		db, _ := openDSN(t, strings.Replace(sqlstore.SQLiteDSN(path), setting, replacement, 1))
		_, err := open(t, db, sqlstore.Options{})
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, sqlstore.SQLiteDSN(path), "the error names what to use")
	}

	memory, _ := openDSN(t, ":memory:")
	_, err := open(t, memory, sqlstore.Options{})
	assert.ErrorContains(t, err, "in memory")

	db, _ := openFile(t, newFile(t))
	for _, prefix := range []string{"Crm_", "crm-", "1crm", `x"; DROP TABLE accounts; --`, strings.Repeat("a", 33)} {
		_, err := open(t, db, sqlstore.Options{Prefix: prefix})
		assert.ErrorContains(t, err, "prefix", prefix)
	}
}

func TestSQLiteDSNTakesThePathLiterally(t *testing.T) {
	for _, name := range []string{"crm.db", "a b.db", "50%.db", "what?.db", "#1.db", "%41.db", "客户.db"} {
		path := filepath.Join(t.TempDir(), name)
		db, _ := openFile(t, path)
		_, err := open(t, db, sqlstore.Options{})
		require.NoError(t, err, name)
		assert.FileExists(t, path)
	}
	t.Chdir(t.TempDir())
	db, _ := openFile(t, "relative.db")
	_, err := open(t, db, sqlstore.Options{})
	require.NoError(t, err)
	assert.FileExists(t, "relative.db")
}

func TestStoresOfTwoPrefixesNeverMeet(t *testing.T) {
	db, _ := openFile(t, newFile(t))
	a, err := open(t, db, sqlstore.Options{Prefix: "a_"})
	require.NoError(t, err)
	b, err := open(t, db, sqlstore.Options{Prefix: "b_"})
	require.NoError(t, err)
	for _, s := range []auth.Stores{a, b} {
		_, err := s.Accounts.(auth.AccountCreator).Create(t.Context(), auth.Account{Identifier: "li"})
		require.NoError(t, err)
	}
	var others int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%crmauth%'").Scan(&others))
	assert.Zero(t, others)
}

func TestMigrationsByAnotherTool(t *testing.T) {
	db, _ := openFile(t, newFile(t))
	_, err := open(t, db, sqlstore.Options{NoDDL: true})
	require.ErrorContains(t, err, "have the migrations been run?")

	migrations := sqlstore.SQLite().Migrations()
	files, err := fs.Glob(migrations, "*.sql")
	require.NoError(t, err)
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		require.NoError(t, err)
		_, err = db.Exec(string(text))
		require.NoError(t, err)
	}
	_, err = open(t, db, sqlstore.Options{NoDDL: true})
	require.NoError(t, err)
	_, err = open(t, db, sqlstore.Options{})
	require.NoError(t, err, "Open after another tool runs nothing twice")

	_, err = db.Exec("INSERT INTO crmauth_migrations (version) VALUES (999)")
	require.NoError(t, err)
	_, err = open(t, db, sqlstore.Options{})
	require.NoError(t, err, "a newer release runs beside this one")

	_, err = db.Exec("UPDATE crmauth_migrations SET checksum = 'another' WHERE version = 1")
	require.NoError(t, err)
	_, err = open(t, db, sqlstore.Options{})
	require.ErrorContains(t, err, "another content of migration 0001_init.sql")
}

func TestOneConnectionIsEnough(t *testing.T) {
	db, _ := openFile(t, newFile(t))
	db.SetMaxOpenConns(1)
	stores, err := open(t, db, sqlstore.Options{})
	require.NoError(t, err)
	accounts := stores.Accounts.(auth.AccountCreator)
	for _, name := range []string{"a", "b", "c"} {
		_, err := accounts.Create(t.Context(), auth.Account{ID: name, Identifier: name})
		require.NoError(t, err)
	}
	listed := 0
	for a, err := range stores.Accounts.(auth.AccountLister).List(t.Context(), "", "", "") {
		require.NoError(t, err)
		changed, err := stores.Accounts.SetDisabled(t.Context(), "", a.ID, true) // within the loop
		require.NoError(t, err)
		assert.True(t, changed)
		listed++
	}
	assert.Equal(t, 3, listed)
}

// users is a CRM's own table.
type users struct{ q sqlstore.Querier }

func (u users) Find(ctx context.Context, _, identifier string) (auth.Account, error) {
	return u.one(ctx, "SELECT id, login, hash, off FROM users WHERE login = ?", identifier)
}

func (u users) Get(ctx context.Context, _, id string) (auth.Account, error) {
	return u.one(ctx, "SELECT id, login, hash, off FROM users WHERE id = ?", id)
}

func (u users) one(ctx context.Context, query, arg string) (a auth.Account, err error) {
	err = u.q.QueryRowContext(ctx, query, arg).Scan(&a.ID, &a.Identifier, &a.PasswordHash, &a.Disabled)
	if err == sql.ErrNoRows {
		err = auth.ErrNotFound
	}
	return a, err
}

func (u users) ReplacePassword(ctx context.Context, _, id, oldHash, newHash string) (bool, error) {
	return u.change(ctx, "UPDATE users SET hash = ? WHERE id = ? AND hash = ?", newHash, id, oldHash)
}

func (u users) SetDisabled(ctx context.Context, _, id string, disabled bool) (bool, error) {
	return u.change(ctx, "UPDATE users SET off = ?1 WHERE id = ?2 AND off <> ?1", disabled, id)
}

func (u users) change(ctx context.Context, query string, args ...any) (bool, error) {
	result, err := u.q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

func TestAccountsInTheCRMsOwnTable(t *testing.T) {
	db, _ := openFile(t, newFile(t))
	_, err := db.Exec("CREATE TABLE users (id TEXT PRIMARY KEY, login TEXT UNIQUE, hash TEXT, off INTEGER); INSERT INTO users VALUES ('7', 'li', 'old', 0)")
	require.NoError(t, err)
	stores, err := open(t, db, sqlstore.Options{Accounts: func(q sqlstore.Querier) auth.AccountStore { return users{q} }})
	require.NoError(t, err)

	won, err := stores.Accounts.ReplacePassword(t.Context(), "", "7", "old", "new")
	require.NoError(t, err)
	assert.True(t, won)
	a, err := stores.Accounts.Find(t.Context(), "", "li")
	require.NoError(t, err)
	assert.Equal(t, auth.Account{ID: "7", Identifier: "li", PasswordHash: "new"}, a)
	assert.Nil(t, stores.Sessions.(auth.Joiner).Join(stores.Accounts, stores.Security), "nothing of ours to join")
}

func TestJoinOnlyWithTheStoresOwn(t *testing.T) {
	path := newFile(t)
	mine, _ := openStores(t, path)
	other, _ := openStores(t, path)
	joiner := mine.Sessions.(auth.Joiner)
	assert.NotNil(t, joiner.Join(mine.Accounts, mine.Security))
	assert.Nil(t, joiner.Join(other.Accounts, mine.Security))
	assert.Nil(t, joiner.Join(mine.Accounts, other.Security))
	assert.Nil(t, joiner.Join(nil, nil))
}

func TestADamagedRecordIsAnError(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	db, _ := openFile(t, path)
	_, err := db.Exec("INSERT INTO crmauth_security VALUES ('', 'li', 1, '{')")
	require.NoError(t, err)
	_, err = stores.Security.Load(t.Context(), "", "li")
	assert.ErrorContains(t, err, "damaged record")

	_, err = db.Exec(`UPDATE crmauth_security SET record = '{"epoch":3,"of_a_newer_release":true}'`)
	require.NoError(t, err)
	record, err := stores.Security.Load(t.Context(), "", "li")
	require.NoError(t, err)
	assert.EqualValues(t, 3, record.Epoch)

	record.NotAfter = start.AddDate(10_000, 0, 0) // not possible in JSON
	_, err = stores.Security.Save(t.Context(), record, 1)
	assert.ErrorContains(t, err, "security record")
}

func TestOpenOfAFileThatIsNoDatabase(t *testing.T) {
	path := newFile(t)
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600))
	db, _ := openFile(t, path)
	_, err := open(t, db, sqlstore.Options{})
	assert.ErrorContains(t, err, "sqlstore: connecting")
}
