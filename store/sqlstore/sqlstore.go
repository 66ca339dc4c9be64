package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/crmauth/crmauth/auth"
)

// Options refine a [Store]. The zero Options are right for most programs.
type Options struct {
	// Prefix begins the name of every table and index; "" means "crmauth_". At
	// most 32 of a–z, 0–9 and "_", no digit first.
	Prefix string

	// NoDDL leaves the tables to the team's own migration tool, which runs the
	// files of [Dialect.Migrations]: Open only checks that it has.
	NoDDL bool

	// Accounts makes the adapter to the CRM's own table of accounts, in the same
	// database; nil means a table of ours. The adapter does everything through
	// q, whose ExecContext waits for its turn among this process's writers and
	// tries again while the database is busy. The function may be called more
	// than once.
	Accounts func(q Querier) auth.AccountStore

	// InsecureLossyCommits accepts an SQLite database with synchronous=NORMAL. A
	// commit is then ten times faster, and a loss of power (not a crash of the
	// program) undoes the last ones: what was ended, consumed or counted in the
	// last seconds is live, unused and uncounted again.
	InsecureLossyCommits bool
}

const defaultPrefix = "crmauth_"

var validPrefix = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`)

// Querier runs SQL: a *sql.DB, *sql.Conn and *sql.Tx are some.
type Querier interface {
	// ExecContext is [sql.DB.ExecContext].
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	// QueryContext is [sql.DB.QueryContext].
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// QueryRowContext is [sql.DB.QueryRowContext].
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Store keeps everything in one database. It is safe for concurrent use, and
// several stores, in several processes, may share a database. It owns nothing
// but prepared statements, which end with the *sql.DB.
type Store struct {
	run    *runner
	stores auth.Stores
}

// Open checks that db is set up as the promises need it (the error names what to
// change), makes or migrates the tables, and prepares every statement. Several
// processes may open one new database at once. db remains the caller's.
func Open(ctx context.Context, db *sql.DB, d Dialect, o Options) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: db is nil")
	}
	if d.name == "" {
		return nil, errors.New("sqlstore: the zero Dialect, use SQLite()")
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if !validPrefix.MatchString(o.Prefix) {
		return nil, fmt.Errorf("sqlstore: prefix %q: 1 to 32 of a–z, 0–9 and _, no digit first", o.Prefix)
	}
	run := &runner{db: db, dialect: d}
	if d.oneWriter {
		run.writer = make(chan struct{}, 1)
	}
	if err := run.open(ctx, o); err != nil {
		run.closeStatements()
		return nil, err
	}
	return newStore(run, o), nil
}

func (r *runner) open(ctx context.Context, o Options) error {
	// The first connection to a new file changes its journal mode, for which
	// SQLite doesn't wait: alone tries again.
	err := r.alone(ctx, func() error {
		c, err := r.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("sqlstore: connecting: %w", err)
		}
		defer c.Close()
		return r.dialect.check(ctx, c, o)
	})
	if err != nil {
		return err
	}
	list, err := migrations(r.dialect, o.Prefix)
	if err != nil {
		return err
	}
	if !o.NoDDL {
		if err := r.migrate(ctx, list, o.Prefix); err != nil {
			return err
		}
	}
	if err := r.verify(ctx, list, o.Prefix); err != nil {
		return err
	}
	return r.prepare(ctx, o.Prefix)
}

func newStore(run *runner, o Options) *Store {
	s := &Store{run: run}
	own := &accounts{run}
	security := &security{run}
	s.stores = auth.Stores{
		Accounts: own,
		Security: security,
		Tokens:   &tokens{run},
		Flows:    &flows{run},
		Sessions: &sessions{run, own, security},
		Counters: &counters{run},
		Outbox:   &outbox{run},
		Audit:    &events{run},
	}
	if o.Accounts != nil {
		s.stores.Accounts = o.Accounts(queue{run})
	}
	return s
}

// Stores returns everything that [auth.New] needs. Replace single fields by your
// own, for instance sessions and counters by a store on Redis.
//
// The session store is an [auth.Joiner] for the accounts and security records of
// this same store, unless [Options.Accounts] is set.
func (s *Store) Stores() auth.Stores { return s.stores }

// queue is the Querier of Options.Accounts.
type queue struct{ run *runner }

func (q queue) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = q.run.alone(ctx, func() error {
		result, err = q.run.db.ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

func (q queue) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.run.db.QueryContext(ctx, query, args...)
}

func (q queue) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return q.run.db.QueryRowContext(ctx, query, args...)
}
