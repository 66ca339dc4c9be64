package storetest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
	"github.com/crmauth/crmauth/store/storetest"
)

// fault is a store that is wrong in one way, as stores of other systems were,
// and the case that must find it.
type fault struct {
	what  string
	found string // part/name of the case that names the fault
	wrap  func(s *auth.Stores)
}

// TestBrokenStores breaks one thing at a time and shows that the suite finds
// each in the case that names it.
func TestBrokenStores(t *testing.T) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\na store that …\tis found by …\tother cases that fail")
	faults := slices.Concat(accountFaults(), securityFaults(), tokenFaults(), flowFaults(),
		sessionFaults(), counterFaults(), outboxFaults(), auditFaults())
	for _, f := range faults {
		t.Run(strings.Split(f.found, "/")[0]+" that "+f.what, func(t *testing.T) {
			failed := f.examine(t)
			assert.Contains(t, failed, f.found)
			fmt.Fprintf(w, "%s\t%s\t%d\n", f.what, f.found, len(failed)-1)
		})
	}
	require.NoError(t, w.Flush())
	t.Log(table.String())
}

// examine returns the names of the cases of the fault's part that fail.
func (f fault) examine(t *testing.T) (failed []string) {
	alone = runtime.NumGoroutine() + 3
	part, _, _ := strings.Cut(f.found, "/")
	o := storetest.Options{Contenders: 50, Patience: 5 * time.Second}
	if strings.HasSuffix(f.found, "while writing") {
		o.Patience = 200 * time.Millisecond // the faulty store hangs for ever
	}
	for _, c := range storetest.Cases() {
		if string(c.Part) != part {
			continue
		}
		s := new(memstore.Store).Stores()
		f.wrap(&s)
		if err := c.Examine(t.Context(), s, o); err != nil {
			failed = append(failed, c.String())
			require.ErrorContains(t, err, c.Promise)
			require.ErrorContains(t, err, c.Otherwise)
		}
	}
	return failed
}

// TestEveryCaseFindsAFault shows which cases no faulty store of these tests
// needs: there are none without a reason.
func TestEveryCaseFindsAFault(t *testing.T) {
	named := make(map[string]bool)
	for _, f := range slices.Concat(accountFaults(), securityFaults(), tokenFaults(), flowFaults(),
		sessionFaults(), counterFaults(), outboxFaults(), auditFaults()) {
		named[f.found] = true
	}
	var without []string
	for _, c := range storetest.Cases() {
		if !named[c.String()] {
			without = append(without, c.String())
		}
	}
	assert.Empty(t, without, "cases that no faulty store shows to work")
}

// dawdle stands between a check and the act that relies on it: in a race it
// waits for another caller, who has checked by then.
func dawdle() {
	mine := dawdlers.Add(1)
	await(func() bool { return dawdlers.Load() > mine })
}

var (
	dawdlers atomic.Int64
	alone    int // how many goroutines there are at most while none contend
)

// await lets others run until done, or until nobody else is there to bring that
// about.
func await(done func() bool) {
	for begin := time.Now(); !done() && runtime.NumGoroutine() > alone && time.Since(begin) < 20*time.Millisecond; {
		runtime.Gosched()
	}
}
