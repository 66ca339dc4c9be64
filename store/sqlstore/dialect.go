package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
)

// Dialect is one kind of database: its statements, its migrations and its
// habits. Take it from [SQLite]; the zero Dialect is refused by [Open].
type Dialect struct {
	name       string
	queries    fs.FS // one statement behind each "-- name:" line
	migrations fs.FS

	// oneWriter: the database has one writer at a time, so that writers of this
	// process stand in a queue here, instead of polling for its lock.
	oneWriter bool

	// check refuses a database that is not set up for the promises of a store.
	check func(ctx context.Context, c *sql.Conn, o Options) error

	// busy reports that a statement did nothing because another process was in
	// the way, so that it may be tried again.
	busy func(error) bool
}

// Migrations returns the files that make the tables, 0001_….sql and on, as they
// are run by [Open] with the default prefix. Teams that have a migration tool
// copy them and set [Options.NoDDL]; the last statement of each file records its
// version. A published file never changes.
func (d Dialect) Migrations() fs.FS { return d.migrations }

//go:embed sqlite
var files embed.FS

// directory is fs.Sub for a directory that go:embed has checked.
func directory(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		return embed.FS{}
	}
	return sub
}
