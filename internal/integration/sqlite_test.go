package integration

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/integration/sqlcount"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// openFile opens a database file and counts its statements.
func openFile(t testing.TB, path string) (*sql.DB, *sqlcount.Counter) {
	t.Helper()
	return openDSN(t, sqlstore.SQLiteDSN(path))
}

func openDSN(t testing.TB, dsn string) (*sql.DB, *sqlcount.Counter) {
	t.Helper()
	connector, err := sqlite.NewConnector(dsn)
	require.NoError(t, err)
	db, counter := sqlcount.Open(connector)
	db.SetMaxIdleConns(8)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, counter
}

// openStores opens the stores of a database file.
func openStores(t testing.TB, path string) (auth.Stores, *sqlcount.Counter) {
	t.Helper()
	db, counter := openFile(t, path)
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite(), sqlstore.Options{})
	require.NoError(t, err)
	counter.Reset()
	return store.Stores(), counter
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "crm.db") }
