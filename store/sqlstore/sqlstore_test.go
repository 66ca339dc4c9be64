package sqlstore_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/store/sqlstore"
)

func TestSQLiteDSN(t *testing.T) {
	const settings = "?_txlock=immediate&_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1"
	for path, want := range map[string]string{
		"crm.db":        "file:crm.db",
		"/var/crm.db":   "file:///var/crm.db",
		"//odd/crm.db":  "file:////odd/crm.db",
		"a b?c#d%41.db": "file:a b%3fc%23d%2541.db",
	} {
		assert.Equal(t, want+settings, sqlstore.SQLiteDSN(path))
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	_, err := sqlstore.Open(t.Context(), nil, sqlstore.SQLite(), sqlstore.Options{})
	require.ErrorContains(t, err, "db is nil")
	_, err = sqlstore.Open(t.Context(), new(sql.DB), sqlstore.Dialect{}, sqlstore.Options{})
	require.ErrorContains(t, err, "the zero Dialect")
	_, err = sqlstore.Open(t.Context(), new(sql.DB), sqlstore.SQLite(), sqlstore.Options{Prefix: "Crm"})
	require.ErrorContains(t, err, `prefix "Crm"`)
}
