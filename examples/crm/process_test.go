package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The built program: SIGTERM ends it without an error, and it starts again.
func TestProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	folder := t.TempDir()
	binary := filepath.Join(folder, "crm")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for range 2 { // the second time on the same database
		cmd := exec.CommandContext(t.Context(), binary, "-addr", "localhost:0")
		cmd.Dir = folder
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		require.True(t, lines.Scan())
		require.True(t, strings.HasPrefix(lines.Text(), "first password for admin@example.com: http://localhost:"), lines.Text())
		require.True(t, lines.Scan())
		require.True(t, strings.HasPrefix(lines.Text(), "listening on http://localhost:"), lines.Text())
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.False(t, lines.Scan(), "nothing else on stdout")
		require.NoError(t, cmd.Wait())
	}
	require.Error(t, exec.Command(binary, "-db", "redis:x").Run())
}
