// Package sqlstore keeps everything in an SQL database, over database/sql. It
// imports no driver: bring the one you have.
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("crm.db")) // modernc.org/sqlite
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite(), sqlstore.Options{})
//	svc, err := auth.New(auth.Config{Stores: store.Stores(), …})
//
// A CRM with a table of accounts of its own gives an adapter of four methods:
//
//	sqlstore.Options{Accounts: func(q sqlstore.Querier) auth.AccountStore { return users{q} }}
//
// # Tables
//
// [Open] makes and migrates the tables, whose names begin with [Options.Prefix].
// Where a team's own tool does that, it runs the files of [Dialect.Migrations].
// Within a major version migrations only add, so releases may run side by side.
// Times are microseconds since 1970 in UTC.
//
// # Atomic and durable
//
// Each verb is one statement, or one transaction of a few. Lists travel as one
// JSON parameter, so that any number of counters is reserved by one statement.
// What a verb acknowledged survives the death of the process and, with
// synchronous=FULL as demanded, of the machine.
//
// # SQLite
//
// The writers of one process stand in a queue that gives up with their context;
// other processes are waited for as long as busy_timeout says, and what comes
// back as busy is tried again. Readers wait for nobody. Give the pool as many
// idle connections as readers run at once (db.SetMaxIdleConns; the default is
// two): opening a file and preparing the statements costs more than any read.
package sqlstore
