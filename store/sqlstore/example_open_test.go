package sqlstore_test

import (
	"context"
	"database/sql"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// Everything of a login in one SQLite file. The program imports the driver:
//
//	import _ "modernc.org/sqlite"
func ExampleOpen() {
	open := func(ctx context.Context, path string) (auth.Stores, error) {
		db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
		if err != nil {
			return auth.Stores{}, err
		}
		db.SetMaxIdleConns(16) // as many as requests that read at once
		store, err := sqlstore.Open(ctx, db, sqlstore.SQLite(), sqlstore.Options{})
		if err != nil {
			return auth.Stores{}, err
		}
		return store.Stores(), nil
	}
	_ = open
}
