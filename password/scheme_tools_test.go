package password

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tool runs a program of the system with the password on its standard input.
func tool(t *testing.T, debian, password string, command ...string) string {
	path, err := exec.LookPath(command[0])
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", command[0], debian)
	}
	cmd := exec.CommandContext(t.Context(), path, command[1:]...)
	cmd.Stdin = strings.NewReader(password)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

func TestAgreesWithArgon2Tool(t *testing.T) {
	const password = "Tr0ub4dor & 马"
	for _, p := range []Params{{256, 2, 1}, {1024, 1, 1}, {1000, 3, 4}} {
		args := []string{"argon2", "sixteen byte slt", "-id", "-k", fmt.Sprint(p.Memory), "-t", fmt.Sprint(p.Time), "-p", fmt.Sprint(p.Threads), "-l", "32", "-e"}
		theirs := tool(t, "argon2", password, args...)

		v, err := Argon2id(p).Parse(theirs)
		require.NoError(t, err)
		ok, err := v.Verify([]byte(password))
		require.NoError(t, err)
		assert.True(t, ok, theirs)

		own := &argon2Scheme{usual: p, memory: p.Memory, work: p.work()}
		ours, err := own.hash([]byte(password), []byte("sixteen byte slt"))
		require.NoError(t, err)
		assert.Equal(t, theirs, ours)
	}
}

func TestAgreesWithHtpasswd(t *testing.T) {
	const password = "Tr0ub4dor & 马"
	theirs := strings.TrimPrefix(tool(t, "apache2-utils", password, "htpasswd", "-niB", "-C", "5", "u"), "u:")
	v, err := Bcrypt(5).Parse(theirs)
	require.NoError(t, err)
	ok, err := v.Verify([]byte(password))
	require.NoError(t, err)
	assert.True(t, ok, theirs)
	ok, err = v.Verify([]byte(password + "."))
	require.NoError(t, err)
	assert.False(t, ok)
}
