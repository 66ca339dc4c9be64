package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/notify"
)

func TestDirectoryWritesTheDocumentedForm(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	n := notify.Directory(dir)
	m := invitation()
	require.NoError(t, n.Notify(t.Context(), m))
	require.NoError(t, n.Notify(t.Context(), m), "sent twice")

	name := filepath.Join(dir, "20261102T040000.123456Z-m1.json")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	var got map[string]string
	require.NoError(t, json.Unmarshal(b, &got))
	subject, text, _, err := notify.Render(m)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"time": "2026-11-02T12:00:00.123456+08:00", "channel": "email", "to": "li.na@example.com", "kind": "invitation",
		"subject": subject, "body": text, "secret": "CANARY",
	}, got)
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())
	info, err = os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
}

func TestDirectoryNamesSortByTime(t *testing.T) {
	dir := t.TempDir()
	n := notify.Directory(dir)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			m := invitation()
			m.ID, m.Token = "", notify.Secret{}
			m.Time = noon.Add(time.Duration(i) * 137 * time.Minute)
			assert.NoError(t, n.Notify(t.Context(), m))
		})
	}
	wg.Wait()
	files, err := os.ReadDir(dir) // sorted by name
	require.NoError(t, err)
	require.Len(t, files, 20)
	var last time.Time
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		var got struct {
			Time   time.Time
			Secret *string
		}
		require.NoError(t, json.Unmarshal(b, &got))
		assert.True(t, got.Time.After(last))
		assert.Nil(t, got.Secret)
		last = got.Time
	}
}

func TestDirectoryFails(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	err := notify.Directory(blocked).Notify(t.Context(), invitation())
	require.ErrorContains(t, err, "m1")
	assert.NotContains(t, err.Error(), "CANARY")
	m := invitation()
	m.ID = "../../x"
	require.Error(t, notify.Directory(t.TempDir()).Notify(t.Context(), m))
}

func TestInsecureConsole(t *testing.T) {
	var b bytes.Buffer
	n := notify.InsecureConsole(&b)
	require.NoError(t, n.Notify(t.Context(), invitation()))
	assert.Contains(t, b.String(), "https://crm.example.com/set#token=CANARY")
	assert.Contains(t, b.String(), "Subject: [Acme CRM] Set your password\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, n.Notify(ctx, invitation()), context.Canceled)
	require.ErrorIs(t, notify.Directory(t.TempDir()).Notify(ctx, invitation()), context.Canceled)
}

func TestTeeStopsAtTheFirstError(t *testing.T) {
	var calls []string
	add := func(name string, err error) notify.Notifier {
		return notify.NotifierFunc(func(context.Context, notify.Message) error { calls = append(calls, name); return err })
	}
	down := errors.New("down")
	require.NoError(t, notify.Tee(add("a", nil), add("b", nil)).Notify(t.Context(), invitation()))
	require.ErrorIs(t, notify.Tee(add("c", nil), add("d", down), add("e", nil)).Notify(t.Context(), invitation()), down)
	assert.Equal(t, []string{"a", "b", "c", "d"}, calls)
	require.Error(t, notify.Tee().Notify(t.Context(), invitation()))
	require.Error(t, notify.Tee(nil).Notify(t.Context(), invitation()))
}
