package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errBusy = errors.New("busy")

func newRunner() *runner {
	return &runner{
		dialect: Dialect{busy: func(err error) bool { return errors.Is(err, errBusy) }},
		writer:  make(chan struct{}, 1),
	}
}

func TestABusyDatabaseIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, calls := newRunner(), 0
		err := r.alone(t.Context(), func() error {
			if calls++; calls < attempts {
				return fmt.Errorf("wrapped: %w", errBusy)
			}
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, attempts, calls)

		calls = 0
		err = r.alone(t.Context(), func() error { calls++; return errBusy })
		require.ErrorIs(t, err, errBusy, "not for ever")
		assert.Equal(t, attempts, calls)

		calls = 0
		err = r.alone(t.Context(), func() error { calls++; return errors.ErrUnsupported })
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Equal(t, 1, calls, "another error is the answer")
	})
}

func TestTryingAgainEndsWithItsContext(t *testing.T) {
	r := newRunner()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := r.alone(ctx, func() error { calls++; cancel(); return errBusy })
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, calls)
}

func TestWaitingForATurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner()
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var ran atomic.Bool
		go r.alone(t.Context(), func() error { <-release; return nil })
		synctest.Wait()
		waited := make(chan error)
		go func() { waited <- r.alone(ctx, func() error { ran.Store(true); return nil }) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-waited, context.Canceled)
		assert.False(t, ran.Load())
		close(release)
		require.NoError(t, r.alone(t.Context(), func() error { return nil }), "the queue goes on")
	})
}

func TestWritersOfAProcessStandInAQueue(t *testing.T) {
	r := newRunner()
	var inside, most atomic.Int32
	failed := make(chan error)
	for range 50 {
		go func() {
			failed <- r.alone(t.Context(), func() error {
				most.Store(max(most.Load(), inside.Add(1)))
				inside.Add(-1)
				return nil
			})
		}()
	}
	for range 50 {
		require.NoError(t, <-failed)
	}
	assert.EqualValues(t, 1, most.Load())
}

func TestACancelledContextBeginsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := newRunner().alone(ctx, func() error { t.Error("it began"); return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestStatements(t *testing.T) {
	dir := fstest.MapFS{"a.sql": {Data: []byte(`-- a comment
-- name: one
-- what it does
SELECT a
FROM crmauth_a;

-- name: two
SELECT 2;
`)}}
	texts, err := statements(dir, "x_")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"one": "SELECT a\nFROM x_a", "two": "SELECT 2"}, texts,
		"nothing follows a statement, or the driver parses it at each call")
}

func TestMigrationsAreNumberedAndRecordThemselves(t *testing.T) {
	list, err := migrations(SQLite(), "x_")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	for i, m := range list {
		assert.EqualValues(t, i+1, m.version)
		assert.Equal(t, fmt.Sprintf("INSERT INTO x_migrations (version) VALUES (%d)", m.version), m.statements[len(m.statements)-1], m.file)
		assert.Len(t, m.checksum, 64)
	}
}

// coded is an error as modernc.org/sqlite has them.
type coded int

func (c coded) Error() string { return "an error of SQLite" }
func (c coded) Code() int     { return int(c) }

func TestWhatIsBusy(t *testing.T) {
	for err, want := range map[error]bool{
		nil:                                false,
		coded(5):                           true,
		coded(5 | 2<<8):                    true, // SQLITE_BUSY_SNAPSHOT
		coded(6):                           true,
		coded(19):                          false, // SQLITE_CONSTRAINT
		fmt.Errorf("a verb: %w", coded(5)): true,
		errors.Join(errors.ErrUnsupported, coded(5)): true,
		errors.New("database is locked"):             true,
		context.DeadlineExceeded:                     false,
	} {
		assert.Equal(t, want, sqliteBusy(err), "%v", err)
	}
}
