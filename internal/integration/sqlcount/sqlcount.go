// Package sqlcount counts the statements that a program sends to its database:
//
//	connector, err := sqlite.NewConnector(dsn)
//	db, statements := sqlcount.Open(connector)
//	…
//	statements.Reset()
//	_, err = svc.Login(ctx, …)
//	statements.Count() // how many that took
//
// What begins and ends transactions, and what only prepares a statement, is not
// counted.
package sqlcount

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync"
)

// Counter tells which statements ran. It is safe for concurrent use.
type Counter struct {
	mu     sync.Mutex
	count  int64
	recent []string
}

// maxRecent bounds the texts that are kept.
const maxRecent = 256

// Count is how many statements ran since the latest Reset.
func (c *Counter) Count() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Recent returns the texts of the first 256 statements since the latest Reset.
func (c *Counter) Recent() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.recent)
}

// Reset begins anew.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count, c.recent = 0, nil
}

func (c *Counter) ran(query string) {
	for _, control := range []string{"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"} {
		if len(query) >= len(control) && strings.EqualFold(query[:len(control)], control) {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if len(c.recent) < maxRecent {
		c.recent = append(c.recent, query)
	}
}

// Open is [sql.OpenDB] with a counter of all its connections.
func Open(connector driver.Connector) (*sql.DB, *Counter) {
	c := new(Counter)
	return sql.OpenDB(counted{connector, c}), c
}

type counted struct {
	driver.Connector
	counter *Counter
}

func (c counted) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := inner.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("sqlcount: the driver's connections lack an interface that counting needs"), inner.Close())
	}
	return conn{full, c.counter}, nil
}

// fullConn is what the connections of today's drivers have.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type conn struct {
	fullConn
	counter *Counter
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.counter.ran(query)
	return c.fullConn.ExecContext(ctx, query, args)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.counter.ran(query)
	return c.fullConn.QueryContext(ctx, query, args)
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	inner, err := c.fullConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := inner.(fullStmt)
	if !ok {
		return nil, errors.Join(errors.New("sqlcount: the driver's statements lack an interface that counting needs"), inner.Close())
	}
	return stmt{full, query, c.counter}, nil
}

type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type stmt struct {
	fullStmt
	query   string
	counter *Counter
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.counter.ran(s.query)
	return s.fullStmt.ExecContext(ctx, args)
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.counter.ran(s.query)
	return s.fullStmt.QueryContext(ctx, args)
}
