package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
)

// inbox is a notifier that fails as often as told.
type inbox struct {
	mu    sync.Mutex
	fails int
	got   []notify.Message
}

var errDown = errors.New("mail server is down")

func (i *inbox) Notify(_ context.Context, m notify.Message) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fails > 0 {
		i.fails--
		return errDown
	}
	i.got = append(i.got, m)
	return nil
}

func (i *inbox) count() int { i.mu.Lock(); defer i.mu.Unlock(); return len(i.got) }

func ring(t testing.TB) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(keyring.Generate())
	require.NoError(t, err)
	return r
}

func courier(t testing.TB, o notify.Outbox, n notify.Notifier, s notify.Sealer, cfg notify.CourierConfig) *notify.Courier {
	t.Helper()
	c, err := notify.NewCourier(o, n, s, cfg)
	require.NoError(t, err)
	return c
}

func TestCourierDeliversTheWholeMessage(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{Now: func() time.Time { return noon }})
	require.NoError(t, c.Send(t.Context(), invitation()))
	require.NoError(t, c.Send(t.Context(), invitation()), "the same ID again")
	n, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	require.Len(t, in.got, 1)
	got, want := in.got[0], invitation()
	assert.Equal(t, want.Link.Reveal(), got.Link.Reveal())
	assert.Equal(t, want.Token.Reveal(), got.Token.Reveal())
	assert.True(t, want.Time.Equal(got.Time))
	_, wantText, _, _ := notify.Render(want)
	_, gotText, _, err := notify.Render(got)
	require.NoError(t, err)
	assert.Equal(t, wantText, gotText, "the time zone counts too")
	assert.Equal(t, want.Params.IP, got.Params.IP)
	assert.Zero(t, o.Len())
}

func TestCourierFillsIDAndTime(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{Now: func() time.Time { return noon }})
	m := invitation()
	m.ID, m.Time = "", time.Time{}
	require.NoError(t, c.Send(t.Context(), m))
	require.NoError(t, c.Send(t.Context(), m))
	_, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	require.Len(t, in.got, 2, "without an ID each is a message of its own")
	assert.True(t, in.got[0].Time.Equal(noon))
	m.To = "x\ny"
	require.ErrorContains(t, c.Send(t.Context(), m), "To must")
}

func TestOutboxHoldsNothingReadable(t *testing.T) {
	c := courier(t, new(notify.MemoryOutbox), new(inbox), ring(t), notify.CourierConfig{})
	e, err := c.Prepare(invitation())
	require.NoError(t, err)
	for _, bad := range []string{"CANARY", "li.na", "example.com", "invitation"} {
		assert.NotContains(t, string(e.Payload), bad)
	}
}

func TestCourierRefusesAnotherMessagesPayload(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	var gaveUp []notify.Message
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{Attempts: 1, GaveUp: func(_ context.Context, m notify.Message, err error) {
		gaveUp = append(gaveUp, m)
		assert.ErrorIs(t, err, keyring.ErrNotSealed)
	}})
	e, err := c.Prepare(invitation())
	require.NoError(t, err)
	e.ID = "other"
	require.NoError(t, o.Add(t.Context(), e))
	_, err = c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.Empty(t, in.got)
	require.Len(t, gaveUp, 1)
	assert.Equal(t, "other", gaveUp[0].ID)
}

func TestCourierRetriesAndGivesUp(t *testing.T) {
	var o notify.MemoryOutbox
	in := inbox{fails: 100}
	now := noon
	var gaveUp []error
	var faults int
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{
		Now: func() time.Time { return now }, Attempts: 4,
		GaveUp: func(_ context.Context, m notify.Message, err error) {
			assert.Equal(t, "m1", m.ID)
			gaveUp = append(gaveUp, err)
		},
		Fault: func(err error) { faults++; assert.ErrorIs(t, err, errDown) },
	})
	require.NoError(t, c.Send(t.Context(), invitation()))
	for attempt := 1; attempt <= 4; attempt++ {
		n, err := c.RunOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n, "attempt %d", attempt)
		n, err = c.RunOnce(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, "must wait after attempt %d", attempt)
		now = now.Add(notify.DefaultBackoff(attempt))
	}
	require.Len(t, gaveUp, 1)
	assert.ErrorIs(t, gaveUp[0], errDown)
	assert.Equal(t, 4, faults)
	assert.Zero(t, o.Len())

	in.fails = 1
	m := invitation()
	m.ID = "m2"
	require.NoError(t, c.Send(t.Context(), m))
	_, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.Len(t, in.got, 1, "a later attempt delivers")
}

func TestCourierDropsExpiredMessages(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	now := noon
	var gaveUp error
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{
		Now: func() time.Time { return now }, GaveUp: func(_ context.Context, _ notify.Message, err error) { gaveUp = err },
	})
	require.NoError(t, c.Send(t.Context(), invitation()))
	now = invitation().Expires.Add(time.Second)
	_, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.ErrorIs(t, gaveUp, notify.ErrExpired)
	assert.Empty(t, in.got)
	assert.Zero(t, o.Len())
}

func TestCourierSurvivesPanics(t *testing.T) {
	var o notify.MemoryOutbox
	var fault error
	bad := notify.NotifierFunc(func(_ context.Context, m notify.Message) error { panic(m.Link.Reveal()) })
	c := courier(t, &o, bad, ring(t), notify.CourierConfig{Now: func() time.Time { return noon }, Fault: func(err error) { fault = err }})
	require.NoError(t, c.Send(t.Context(), invitation()))
	_, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, fault, "panicked")
	assert.NotContains(t, fault.Error(), "CANARY")
	assert.Equal(t, 1, o.Len())
}

// A claim whose process died leaves the entry to the next one, but not forever.
func TestCourierAfterACrash(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	now := noon
	var gaveUp int
	c := courier(t, &o, &in, ring(t), notify.CourierConfig{
		Now: func() time.Time { return now }, Attempts: 2, GaveUp: func(context.Context, notify.Message, error) { gaveUp++ },
	})
	crash := func() {
		got, err := o.Claim(t.Context(), now, time.Minute, 1)
		require.NoError(t, err)
		require.Len(t, got, 1)
		now = now.Add(time.Minute)
	}
	require.NoError(t, c.Send(t.Context(), invitation()))
	crash()
	_, err := c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.Len(t, in.got, 1)

	require.NoError(t, c.Send(t.Context(), invitation()))
	crash()
	crash()
	_, err = c.RunOnce(t.Context())
	require.NoError(t, err)
	assert.Len(t, in.got, 1, "a message that kills its process must not be tried for ever")
	assert.Equal(t, 1, gaveUp)
}

func TestParallelCouriersSendEachOnce(t *testing.T) {
	var o notify.MemoryOutbox
	var in inbox
	keys := ring(t)
	var couriers []*notify.Courier
	for range 4 {
		c := courier(t, &o, &in, keys, notify.CourierConfig{Now: func() time.Time { return noon }})
		for i := range 50 {
			m := invitation()
			m.ID = fmt.Sprint(i) // all four send the same
			require.NoError(t, c.Send(t.Context(), m))
		}
		couriers = append(couriers, c)
	}
	var wg sync.WaitGroup
	for _, c := range couriers {
		wg.Go(func() {
			for range 100 {
				if n, err := c.RunOnce(t.Context()); !assert.NoError(t, err) || n == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	perID := map[string]int{}
	for _, m := range in.got {
		perID[m.ID]++
	}
	assert.Len(t, perID, 50)
	assert.Len(t, in.got, 50, "a message was sent by two couriers")
	assert.Zero(t, o.Len())
}

func TestCourierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o notify.MemoryOutbox
		var in inbox
		c := courier(t, &o, &in, ring(t), notify.CourierConfig{Poll: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		synctest.Wait()
		began := time.Now()

		for i := range 20 {
			m := invitation()
			m.ID, m.Expires = fmt.Sprint("a", i), time.Time{}
			require.NoError(t, c.Send(ctx, m))
		}
		synctest.Wait()
		assert.Equal(t, 20, in.count(), "what Send adds must not wait for the poll")
		assert.Equal(t, began, time.Now())

		m := invitation()
		m.ID, m.Expires = "b", time.Time{}
		e, err := c.Prepare(m)
		require.NoError(t, err)
		require.NoError(t, o.Add(ctx, e)) // by another process
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 21, in.count())

		stop()
		require.NoError(t, <-done)
	})
}

func TestCourierEndsWithItsSendsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o notify.MemoryOutbox
		slow := notify.NotifierFunc(func(ctx context.Context, _ notify.Message) error {
			select {
			case <-time.After(10 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		var faults []error
		cfg := notify.CourierConfig{Attempts: 1, Fault: func(err error) { faults = append(faults, err) }}
		ctx, stop := context.WithCancel(t.Context())
		m := invitation()
		m.Expires = time.Time{}
		c := courier(t, &o, slow, ring(t), cfg)
		require.NoError(t, c.Send(ctx, m))
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		synctest.Wait()
		stop()
		require.NoError(t, <-done)
		assert.Empty(t, faults)
		assert.Zero(t, o.Len(), "what was sent must be marked as sent, or it is sent twice")

		cfg.Timeout = time.Second
		c = courier(t, &o, slow, ring(t), cfg)
		require.NoError(t, c.Send(t.Context(), m))
		_, err := c.RunOnce(t.Context())
		require.NoError(t, err)
		require.Len(t, faults, 1)
		assert.ErrorIs(t, faults[0], context.DeadlineExceeded)
	})
}

// brokenOutbox fails in one verb.
type brokenOutbox struct {
	notify.MemoryOutbox
	add, claim, done error
}

func (b *brokenOutbox) Add(ctx context.Context, e ...notify.Entry) error {
	return errors.Join(b.add, b.MemoryOutbox.Add(ctx, e...))
}

func (b *brokenOutbox) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]notify.Entry, error) {
	if b.claim != nil {
		return nil, b.claim
	}
	return b.MemoryOutbox.Claim(ctx, now, lease, n)
}

func (b *brokenOutbox) Done(ctx context.Context, id string) error {
	return errors.Join(b.done, b.MemoryOutbox.Done(ctx, id))
}

func TestCourierReportsTheOutbox(t *testing.T) {
	o := brokenOutbox{add: errDown}
	c := courier(t, &o, new(inbox), ring(t), notify.CourierConfig{})
	require.ErrorIs(t, c.Send(t.Context(), invitation()), errDown, "not queued must not look queued")
	o = brokenOutbox{claim: errDown}
	_, err := c.RunOnce(t.Context())
	require.ErrorIs(t, err, errDown)
	o = brokenOutbox{done: errDown}
	m := invitation()
	m.Expires = time.Time{}
	require.NoError(t, c.Send(t.Context(), m))
	_, err = c.RunOnce(t.Context())
	require.ErrorIs(t, err, errDown)
}

func TestNewCourierNamesWhatIsMissing(t *testing.T) {
	_, err := notify.NewCourier(nil, nil, nil, notify.CourierConfig{})
	require.ErrorContains(t, err, "Outbox")
	require.ErrorContains(t, err, "Notifier")
	require.ErrorContains(t, err, "Sealer")
}

func TestDefaultBackoff(t *testing.T) {
	var total time.Duration
	for attempt := 1; attempt < notify.DefaultAttempts; attempt++ {
		total += notify.DefaultBackoff(attempt)
	}
	assert.Equal(t, 7*time.Hour+42*time.Minute+40*time.Second, total)
	assert.Equal(t, 10*time.Second, notify.DefaultBackoff(-1))
	assert.Equal(t, 2*time.Hour, notify.DefaultBackoff(1000))
}
