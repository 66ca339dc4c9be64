package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// SQLite is the dialect of SQLite 3.38 or newer, by any driver. Tested with
// modernc.org/sqlite.
//
// One process, or several on one machine, may use a file at a time; a file on a
// network share is not safe. Open it with [SQLiteDSN].
func SQLite() Dialect {
	return Dialect{
		name:       "sqlite",
		queries:    directory("sqlite/queries"),
		migrations: directory("sqlite/migrations"),
		oneWriter:  true,
		check:      checkSQLite,
		busy:       sqliteBusy,
	}
}

// SQLiteDSN is the data source name that opens the file at path the way [Open]
// demands: write-ahead log, every commit synced to the disk, 10 seconds of
// patience with other processes, foreign keys, write transactions that take the
// write lock when they begin. It is spelled for modernc.org/sqlite.
//
// The path is that of a file, taken literally: "?", "%" and "#" mean themselves.
// ":memory:" is no file: each connection of the pool would see a database of its
// own, so Open refuses it; store/memstore keeps everything in memory.
func SQLiteDSN(path string) string {
	path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
	switch {
	case filepath.VolumeName(path) != "":
		path = "///" + path
	case strings.HasPrefix(path, "/"):
		path = "//" + path
	}
	return "file:" + path + "?_txlock=immediate&_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1"
}

func checkSQLite(ctx context.Context, c *sql.Conn, o Options) error {
	var version, file, journal string
	var timeout, synchronous, foreignKeys int
	read := func(query string, into any) error {
		if err := c.QueryRowContext(ctx, query).Scan(into); err != nil {
			return fmt.Errorf("sqlstore: %s: %w", query, err)
		}
		return nil
	}
	err := cmp.Or(
		read("SELECT sqlite_version()", &version),
		read("SELECT file FROM pragma_database_list WHERE name = 'main'", &file),
		read("PRAGMA journal_mode", &journal),
		read("PRAGMA busy_timeout", &timeout),
		read("PRAGMA synchronous", &synchronous),
		read("PRAGMA foreign_keys", &foreignKeys),
	)
	if err != nil {
		return err
	}
	if file == "" {
		return errors.New("sqlstore: the database is in memory, of which each connection has one of its own; name a file, or use store/memstore")
	}
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil || major < 3 || major == 3 && minor < 38 {
		return fmt.Errorf("sqlstore: the driver brings SQLite %s, 3.38 or newer is needed", version)
	}

	var problems []error
	if journal != "wal" {
		problems = append(problems, fmt.Errorf("journal_mode is %s, not WAL", journal))
	}
	if timeout < 1000 {
		problems = append(problems, fmt.Errorf("busy_timeout is %d ms, less than 1000", timeout))
	}
	if synchronous < 2 && !o.InsecureLossyCommits {
		problems = append(problems, fmt.Errorf("synchronous is %d, not FULL", synchronous))
	}
	if foreignKeys != 1 {
		problems = append(problems, errors.New("foreign_keys is off"))
	}
	if len(problems) > 0 {
		return fmt.Errorf("sqlstore: open the database with SQLiteDSN, as %q: %w", SQLiteDSN(file), errors.Join(problems...))
	}
	return nil
}

// SQLite's result codes SQLITE_BUSY and SQLITE_LOCKED; the upper bytes of a code
// only tell details.
const (
	resultBusy   = 5
	resultLocked = 6
)

// sqliteBusy asks the error for its result code by the method that
// modernc.org/sqlite and others give it. Drivers that have the code in a field
// can't be asked without importing them; what remains is SQLite's own sentence,
// which has not changed since 2004.
func sqliteBusy(err error) bool {
	if err == nil {
		return false
	}
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		code := coded.Code() & 0xff
		return code == resultBusy || code == resultLocked
	}
	return strings.Contains(err.Error(), "database is locked")
}
