package sqlstore

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"
)

// runner runs the dialect's named statements. Each was prepared when the store
// was opened, so that a call costs no parsing; lists travel as one JSON
// parameter, so that there is one statement whatever their length.
type runner struct {
	db      *sql.DB
	dialect Dialect
	stmts   map[string]*sql.Stmt // read-only
	writer  chan struct{}        // a place for one; nil if writers need no queue
}

// conn is where statements run: on their own, or within a transaction.
type conn struct {
	*runner
	tx *sql.Tx // nil = each statement on its own
}

func (c conn) stmt(ctx context.Context, name string) (*sql.Stmt, error) {
	stmt, ok := c.stmts[name]
	if !ok {
		return nil, fmt.Errorf("sqlstore: no statement %q", name)
	}
	if c.tx != nil {
		stmt = c.tx.StmtContext(ctx, stmt)
	}
	return stmt, nil
}

// exec runs a statement that returns no rows and tells how many it changed.
func (c conn) exec(ctx context.Context, name string, args ...any) (int64, error) {
	stmt, err := c.stmt(ctx, name)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each runs a statement and calls scan for each row. It always reads to the end:
// SQLite commits an INSERT … RETURNING in the step behind its last row.
func (c conn) each(ctx context.Context, name string, args []any, scan func(row) error) (err error) {
	stmt, err := c.stmt(ctx, name)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	var failed error
	for rows.Next() {
		if failed == nil {
			failed = scan(rows)
		}
	}
	return errors.Join(failed, rows.Err(), rows.Close())
}

// one is each for a statement with at most one row, and reports whether there
// was one.
func (c conn) one(ctx context.Context, name string, args []any, into ...any) (found bool, err error) {
	err = c.each(ctx, name, args, func(r row) error {
		found = true
		return r.Scan(into...)
	})
	return found && err == nil, err
}

type row interface{ Scan(into ...any) error }

// reader is where statements run that only read. They wait for no writer.
func (r *runner) reader() conn { return conn{runner: r} }

// write runs one writing statement.
func (r *runner) write(ctx context.Context, statement func(c conn) error) error {
	return r.alone(ctx, func() error { return statement(conn{runner: r}) })
}

// count runs one writing statement and tells how many rows it changed.
func (r *runner) count(ctx context.Context, name string, args ...any) (int, error) {
	var n int64
	err := r.write(ctx, func(c conn) (err error) {
		n, err = c.exec(ctx, name, args...)
		return err
	})
	return int(n), err
}

// changed is count for a statement on at most one row.
func (r *runner) changed(ctx context.Context, name string, args ...any) (bool, error) {
	n, err := r.count(ctx, name, args...)
	return n > 0 && err == nil, err
}

// inTx runs several statements, all or none. The first of them must write: that
// takes SQLite's write lock even if the data source name lacks
// _txlock=immediate, and so nothing that was read can have gone stale. The
// function may run more than once.
func (r *runner) inTx(ctx context.Context, statements func(c conn) error) error {
	return r.alone(ctx, func() error {
		tx, err := r.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := statements(conn{runner: r, tx: tx}); err != nil {
			// Once ctx is done the transaction is over already.
			if failed := tx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
				return errors.Join(err, failed)
			}
			return err
		}
		return tx.Commit()
	})
}

// The driver itself waits for other processes as long as busy_timeout says. What
// comes back as busy all the same, at once, is mostly a conflict that is gone at
// the next attempt.
const (
	attempts    = 12
	firstPause  = time.Millisecond
	longestWait = 100 * time.Millisecond
)

// alone calls f as the only writer of this process, and again while the database
// is busy. A ctx that is done before its turn changes nothing.
func (r *runner) alone(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.writer != nil {
		select {
		case r.writer <- struct{}{}:
			defer func() { <-r.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	pause := firstPause
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if attempt == attempts || !r.dialect.busy(err) {
			return err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, longestWait)
	}
}

// prepare makes a statement of each "-- name:" section of the dialect's files.
// That also proves that the tables and columns are there.
func (r *runner) prepare(ctx context.Context, prefix string) error {
	texts, err := statements(r.dialect.queries, prefix)
	if err != nil {
		return err
	}
	r.stmts = make(map[string]*sql.Stmt, len(texts))
	for name, text := range texts {
		stmt, err := r.db.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("sqlstore: statement %s: are the tables made by the migrations of this version? %w", name, err)
		}
		r.stmts[name] = stmt
	}
	return nil
}

func (r *runner) closeStatements() {
	for _, stmt := range r.stmts {
		stmt.Close()
	}
}

// statements reads the named statements of all files.
func statements(dir fs.FS, prefix string) (map[string]string, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string)
	for _, file := range names {
		f, err := dir.Open(file)
		if err != nil {
			return nil, err
		}
		var name string
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			line := lines.Text()
			if s, ok := strings.CutPrefix(line, "-- name: "); ok {
				name = s
			} else if name != "" && !strings.HasPrefix(line, "--") {
				texts[name] += strings.ReplaceAll(line, defaultPrefix, prefix) + "\n"
			}
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, fmt.Errorf("sqlstore: %s: %w", file, err)
		}
	}
	for name, text := range texts {
		// What follows a statement, be it a line break, makes drivers take it for
		// a script, which they parse anew at each call.
		texts[name] = strings.TrimSuffix(strings.TrimSpace(text), ";")
	}
	return texts, nil
}
