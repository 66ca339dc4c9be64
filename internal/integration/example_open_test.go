package integration

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// Everything of a login in one SQLite file.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "crm")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "crm.db")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite(), sqlstore.Options{})
	if err != nil {
		fmt.Println(err) // names what to change in the data source name
		return
	}

	stores := store.Stores()
	accounts := stores.Accounts.(auth.AccountCreator)
	if _, err := accounts.Create(ctx, auth.Account{Identifier: "li.na@example.com", Name: "李娜"}, "li.na"); err != nil {
		fmt.Println(err)
		return
	}
	a, err := stores.Accounts.Find(ctx, "", "li.na")
	fmt.Println(a.Name, a.Identifier, err)
	// Output: 李娜 li.na@example.com <nil>
}
