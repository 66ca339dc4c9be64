package keyring_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/keyring"
)

func TestOpenMakesTheFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			r, err := keyring.Open(path)
			if assert.NoError(t, err) {
				ids[i] = r.Current()
			}
		})
	}
	wg.Wait()
	assert.Len(t, slices.Compact(ids), 1, "programs that started together use different keys")

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "temporary files stay behind")
}

func TestOpenReadsWhatItWrote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	first, err := keyring.Open(path)
	require.NoError(t, err)
	sealed, err := first.Seal("p", []byte("x"))
	require.NoError(t, err)
	second, err := keyring.OpenExisting(path)
	require.NoError(t, err)
	plain, err := second.Unseal("p", sealed)
	require.NoError(t, err)
	assert.Equal(t, "x", string(plain))
}

func TestOpenExistingMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	_, err := keyring.OpenExisting(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = os.Stat(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = keyring.RotateFile(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = keyring.Open(filepath.Join(path, "no", "folder"))
	require.ErrorContains(t, err, "keyring: ")
}

func TestOpenRefusesFilesOthersCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	_, err := keyring.Open(path)
	require.NoError(t, err)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o610} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := keyring.Open(path)
		require.ErrorContains(t, err, "chmod 600", "mode %o", mode)
		_, err = keyring.RotateFile(path)
		require.ErrorContains(t, err, "chmod 600", "mode %o", mode)
	}
	require.NoError(t, os.Chmod(path, 0o400))
	_, err = keyring.Open(path)
	require.NoError(t, err)
}

func TestOpenRefusesWhatIsNoKeyFile(t *testing.T) {
	folder := t.TempDir()
	_, err := keyring.Open(folder)
	require.ErrorContains(t, err, "no regular file")

	path := filepath.Join(folder, "f")
	for want, text := range map[string]string{
		"is missing":    "",
		"line 1":        "hello\n",
		"at least one":  "crmauth-keyring 1\n",
		"more than":     "crmauth-keyring 1\n" + strings.Repeat("# x\n", keyring.MaxFileSize/4),
		"newer version": "crmauth-keyring 2\n",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := keyring.Open(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(got), "a refused file was changed")
	}
}

func TestRotateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	link := path + ".link"
	first, err := keyring.Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(path, link))

	second, err := keyring.RotateFile(link)
	require.NoError(t, err)
	assert.Equal(t, first.Current(), second.IDs()[1])
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&fs.ModeSymlink, "the link was replaced by a file")

	staged, err := keyring.StageFile(path)
	require.NoError(t, err)
	assert.Equal(t, second.Current(), staged.Current(), "a staged key must not seal yet")
	next := staged.IDs()[2]
	sealed, err := staged.Seal("p", nil)
	require.NoError(t, err)

	promoted, err := keyring.PromoteFile(path, next)
	require.NoError(t, err)
	assert.Equal(t, []string{next, second.Current(), first.Current()}, promoted.IDs())
	_, err = promoted.Unseal("p", sealed)
	require.NoError(t, err)
	fresh, err := promoted.Seal("p", nil)
	require.NoError(t, err)
	_, err = staged.Unseal("p", fresh)
	require.NoError(t, err, "a node that read the staged file must understand the promoted one")

	_, err = keyring.PromoteFile(path, "nosuch")
	unknown, ok := errors.AsType[*keyring.UnknownKeyError](err)
	require.True(t, ok)
	assert.Equal(t, "nosuch", unknown.ID)
	reread, err := keyring.OpenExisting(path)
	require.NoError(t, err)
	assert.Equal(t, promoted.IDs(), reread.IDs())
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())
}

func TestParallelRotationsLoseNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	_, err := keyring.Open(path)
	require.NoError(t, err)
	var mu sync.Mutex
	var made []string
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := keyring.RotateFile(path)
			if err != nil {
				assert.ErrorIs(t, err, fs.ErrExist)
				return
			}
			mu.Lock()
			made = append(made, r.Current())
			mu.Unlock()
		})
	}
	wg.Wait()
	require.NotEmpty(t, made)
	r, err := keyring.OpenExisting(path)
	require.NoError(t, err)
	assert.Subset(t, r.IDs(), made, "a rotation that succeeded was overwritten")
	assert.Len(t, r.IDs(), len(made)+1)
}

func TestDeadRotationSaysWhatToRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.keys")
	_, err := keyring.Open(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", nil, 0o600))
	_, err = keyring.RotateFile(path)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, "remove "+path+".new")
	require.NoError(t, os.Remove(path+".new"))
	_, err = keyring.RotateFile(path)
	require.NoError(t, err)
}

const goodFile = "crmauth-keyring 1\n# note\n\nk2 2026-01-02T03:04:05Z //////////////////////////////////////////A=\r\nk1 2026-01-02T03:04:05+08:00 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

func TestParse(t *testing.T) {
	r, err := keyring.Parse([]byte(goodFile))
	require.NoError(t, err)
	assert.Equal(t, []string{"k2", "k1"}, r.IDs())
	assert.True(t, r.Verify("p", ringOf(t, fixed()).Sign("p")), "the secret was read as other bytes")
}

func TestParseErrorsShowNoSecret(t *testing.T) {
	const canary = "CanaryCanaryCanaryCanaryCanaryCanaryCanaryC="
	for _, line := range []string{
		canary,
		"k1 " + canary,
		"k1 " + canary + " 2026-01-02T03:04:05Z",
		canary + " 2026-01-02T03:04:05Z k1",
		"k1 2026-01-02T03:04:05Z " + canary[:40],
		"k1 2026-01-02T03:04:05Z " + canary + "x",
		"k1 2026-01-02T03:04:05Z " + canary + " x",
		"k1 2026-01-02T03:04:05Z " + strings.Repeat(canary[:40], 10),
	} {
		_, err := keyring.Parse([]byte("crmauth-keyring 1\n" + line))
		require.ErrorContains(t, err, "line 2", line)
		require.NotContains(t, err.Error(), "Canary")
	}
	_, err := keyring.Parse([]byte(canary))
	require.NotContains(t, err.Error(), "Canary")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(goodFile))
	f.Add([]byte("crmauth-keyring 1\nk1 2026-01-02T03:04:05Z AAAA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := keyring.Parse(text)
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.LessOrEqual(t, len(text), keyring.MaxFileSize)
		require.NotEmpty(t, r.IDs())
		require.True(t, r.Verify("p", r.Sign("p")))
	})
}
