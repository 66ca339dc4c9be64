package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// migration is one file of a dialect, with the store's table prefix.
type migration struct {
	version    int64
	file       string
	statements []string
	checksum   string // of the file as published
}

// migrations lists the dialect's files, the oldest first.
func migrations(d Dialect, prefix string) ([]migration, error) {
	files, err := fs.Glob(d.migrations, "*.sql")
	if err != nil {
		return nil, err
	}
	var list []migration
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: migration %s: the name must begin with its number: %w", file, err)
		}
		text, err := fs.ReadFile(d.migrations, file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		var statements []string
		for part := range strings.SplitSeq(strings.ReplaceAll(string(text), defaultPrefix, prefix), ";\n") {
			if part = strings.TrimSpace(part); part != "" {
				statements = append(statements, part)
			}
		}
		list = append(list, migration{version, file, statements, hex.EncodeToString(sum[:])})
	}
	return list, nil
}

// migrate runs what is missing, one transaction a file. Several processes may do
// so at once: each file begins by taking the write lock, and then looks whether
// another process has run it.
func (r *runner) migrate(ctx context.Context, list []migration, prefix string) error {
	table := prefix + "migrations"
	err := r.alone(ctx, func() error {
		_, err := r.db.ExecContext(ctx, list[0].statements[0]) // CREATE TABLE IF NOT EXISTS …migrations
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlstore: making the table %s: %w", table, err)
	}
	applied, err := versions(ctx, r.db, table)
	if err != nil {
		return err
	}
	for _, m := range list {
		if _, done := applied[m.version]; done {
			continue
		}
		if err := r.apply(ctx, m, table); err != nil {
			return fmt.Errorf("sqlstore: migration %s: %w", m.file, err)
		}
	}
	return nil
}

func (r *runner) apply(ctx context.Context, m migration, table string) error {
	return r.inTx(ctx, func(c conn) error {
		// This changes nothing but takes the write lock.
		if _, err := c.tx.ExecContext(ctx, "UPDATE "+table+" SET version = version WHERE version < 0"); err != nil {
			return err
		}
		applied, err := versions(ctx, c.tx, table)
		if err != nil {
			return err
		}
		if _, done := applied[m.version]; done {
			return nil
		}
		for _, statement := range m.statements {
			if _, err := c.tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		_, err = c.tx.ExecContext(ctx, "UPDATE "+table+" SET checksum = ?, applied = ? WHERE version = ?",
			m.checksum, time.Now().UnixMicro(), m.version)
		return err
	})
}

// verify refuses a database that lacks a migration, or had one of another
// content. Versions that this program does not know are fine: a newer release
// runs beside it, and migrations only add.
func (r *runner) verify(ctx context.Context, list []migration, prefix string) error {
	applied, err := versions(ctx, r.db, prefix+"migrations")
	if err != nil {
		return err
	}
	for _, m := range list {
		checksum, done := applied[m.version]
		if !done {
			return fmt.Errorf("sqlstore: migration %s has not been run: run it, or open without NoDDL", m.file)
		}
		if checksum != "" && checksum != m.checksum {
			return fmt.Errorf("sqlstore: the database was made by another content of migration %s: these files are never edited, put changes of your own into files of your own", m.file)
		}
	}
	return nil
}

// versions returns the checksum of each migration that was run, "" where
// another tool ran it.
func versions(ctx context.Context, q Querier, table string) (map[int64]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT version, checksum FROM "+table)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: reading the table %s, have the migrations been run? %w", table, err)
	}
	defer rows.Close()
	applied := make(map[int64]string)
	for rows.Next() {
		var version int64
		var checksum sql.NullString
		if err := rows.Scan(&version, &checksum); err != nil {
			return nil, err
		}
		applied[version] = checksum.String
	}
	return applied, rows.Err()
}
