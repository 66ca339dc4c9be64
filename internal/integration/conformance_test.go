package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/sqlstore"
	"github.com/crmauth/crmauth/store/storetest"
)

// TestSQLiteKeepsThePromises spreads the contenders of every race over two pools
// of connections. It leaves out the wait for the disk, which changes nothing
// but how long it takes.
func TestSQLiteKeepsThePromises(t *testing.T) {
	var current testing.TB
	var path string
	open := func() auth.Stores {
		dsn := strings.Replace(sqlstore.SQLiteDSN(path), "_synchronous=FULL", "_synchronous=NORMAL", 1)
		db, _ := openDSN(current, dsn)
		store, err := sqlstore.Open(current.Context(), db, sqlstore.SQLite(), sqlstore.Options{InsecureLossyCommits: true})
		require.NoError(current, err)
		return store.Stores()
	}
	storetest.Run(t, func(t *testing.T) auth.Stores {
		current, path = t, newFile(t)
		return open()
	}, storetest.Options{Contenders: suiteContenders, Peer: func(auth.Stores) (auth.Stores, error) { return open(), nil }})
}
