package integration

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// The tests of several processes run this binary again, told by the environment
// what to do as a child.
const (
	roleVariable = "CRMAUTH_TEST_ROLE"
	fileVariable = "CRMAUTH_TEST_FILE"
)

var roles = map[string]func(ctx context.Context, path string) error{
	"open":    childOpens,
	"contend": childContends,
	"write":   childWrites,
	"guess":   childGuesses,
	"login":   childLogsIn,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles[role](context.Background(), os.Getenv(fileVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a process with a role on a file. It waits for go before it begins.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Scanner
}

func startChild(t *testing.T, role, path string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, fileVariable+"="+path)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{t, cmd, input, bufio.NewScanner(output)}
	require.Equal(t, "ready", c.line())
	return c
}

func (c *child) begin() {
	_, err := io.WriteString(c.input, "go\n")
	require.NoError(c.t, err)
}

func (c *child) line() string {
	if !c.output.Scan() {
		return ""
	}
	return c.output.Text()
}

func (c *child) finish() {
	assert.NoError(c.t, c.cmd.Wait())
}

// ready tells the parent, and waits for its go.
func ready() {
	fmt.Println("ready")
	bufio.NewScanner(os.Stdin).Scan()
}

func childStores(ctx context.Context, path string) (*sql.DB, auth.Stores, error) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		return nil, auth.Stores{}, err
	}
	db.SetMaxIdleConns(8)
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite(), sqlstore.Options{})
	if err != nil {
		return nil, auth.Stores{}, err
	}
	return db, store.Stores(), nil
}

func childOpens(ctx context.Context, path string) error {
	ready()
	db, _, err := childStores(ctx, path)
	if err != nil {
		return err
	}
	fmt.Println("opened")
	return db.Close()
}

func TestProcessesMakeOneNewDatabaseAtOnce(t *testing.T) {
	path := newFile(t)
	var children []*child
	for range 6 {
		children = append(children, startChild(t, "open", path))
	}
	for _, c := range children {
		c.begin()
	}
	for _, c := range children {
		assert.Equal(t, "opened", c.line())
		c.finish()
	}
	db, _ := openFile(t, path)
	var files int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM crmauth_migrations WHERE checksum IS NOT NULL").Scan(&files))
	assert.Equal(t, 1, files)
}

const contenders = 100 // of each process

func childContends(ctx context.Context, path string) error {
	db, stores, err := childStores(ctx, path)
	if err != nil {
		return err
	}
	policy, err := lockout.Policy{}.Complete()
	if err != nil {
		return err
	}
	ready()
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		granted int
		failed  error
	)
	for range contenders {
		group.Go(func() {
			counts, err := stores.Counters.Reserve(ctx, start, lockout.Request{Key: "li", Policy: policy})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			} else if counts[0].Granted {
				granted++
			}
		})
	}
	group.Wait()
	if failed != nil {
		return failed
	}
	fmt.Println(granted)
	return db.Close()
}

func TestTwoProcessesGrantTheLimitExactly(t *testing.T) {
	path := newFile(t)
	first, second := startChild(t, "contend", path), startChild(t, "contend", path)
	first.begin()
	second.begin()
	var granted int
	for _, c := range []*child{first, second} {
		n, err := strconv.Atoi(c.line())
		require.NoError(t, err)
		granted += n
		c.finish()
	}
	assert.Equal(t, complete(t, lockout.Policy{}).Free, granted)
}
