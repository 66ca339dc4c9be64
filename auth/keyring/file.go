package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Open reads the key file at path. If there is none, it makes one with a single
// fresh key, mode 0600: complete and on disk before Open returns, and only once,
// however many processes start together. The folder must exist.
//
// It refuses a file that group or others may read or write (not checked on
// Windows), one of more than [MaxFileSize] bytes and a malformed one, and says
// what to do. See [Parse] for the format.
//
// A program whose database exists already should use [OpenExisting]: a fresh key
// opens nothing that an earlier one sealed.
func Open(path string) (*Ring, error) {
	r, err := OpenExisting(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if err := create(path, []Key{Generate()}); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keyring: making the key file: %w", err)
	}
	return OpenExisting(path) // ours, or that of a process that was faster
}

// OpenExisting is [Open] for a file that must be there already; otherwise the
// error is an [fs.ErrNotExist].
func OpenExisting(path string) (*Ring, error) {
	keys, err := readKeys(path)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	r, err := newRing(keys)
	if err != nil {
		return nil, fmt.Errorf("keyring: %s: %w", path, err)
	}
	return r, nil
}

// RotateFile puts a fresh key in front of those in the file, so that it becomes
// the current one, and returns the new ring. Programs that have the file open go
// on with the ring they read. Where several share it, see [StageFile].
//
// The file is replaced in one step: a crash leaves the old one or the new one.
// While another process changes the same file the error is an [fs.ErrExist].
func RotateFile(path string) (*Ring, error) {
	return edit(path, func(keys []Key) ([]Key, error) {
		return slices.Insert(keys, 0, Generate()), nil
	})
}

// StageFile adds a fresh key at the end of the file and returns the new ring,
// the last of whose [Ring.IDs] is the new one. It is the first of the two steps
// of a rotation on several nodes: once every node has read the new file, each of
// them understands what [PromoteFile] will make the others write. Otherwise as
// [RotateFile].
func StageFile(path string) (*Ring, error) {
	return edit(path, func(keys []Key) ([]Key, error) {
		return append(keys, Generate()), nil
	})
}

// PromoteFile makes the key with this id the current one and returns the new
// ring. The error is an [*UnknownKeyError] if the file lacks it. Otherwise as
// [RotateFile].
func PromoteFile(path, id string) (*Ring, error) {
	return edit(path, func(keys []Key) ([]Key, error) {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
		if i < 0 {
			return nil, &UnknownKeyError{ID: id}
		}
		k := keys[i]
		return slices.Insert(slices.Delete(keys, i, i+1), 0, k), nil
	})
}

// edit changes a key file under a lock that is also its successor: path.new,
// which only one process can create. The file is read under that lock, so that
// of two rotations at once neither loses the other's key.
func edit(path string, change func([]Key) ([]Key, error)) (*Ring, error) {
	r, err := editLocked(path, change)
	if _, ok := errors.AsType[*UnknownKeyError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("keyring: changing the key file: %w", err)
	}
	return r, nil
}

func editLocked(path string, change func([]Key) ([]Key, error)) (*Ring, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: another process changes the file now, or died doing so: in that case remove %s", err, next)
	}
	if err != nil {
		return nil, err
	}
	r, err := writeSuccessor(f, path, change)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		os.Remove(next)
		return nil, err
	}
	return r, syncFolder(path)
}

func writeSuccessor(f *os.File, path string, change func([]Key) ([]Key, error)) (*Ring, error) {
	defer f.Close()
	keys, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	r, err := newRing(keys)
	if err != nil {
		return nil, err
	}
	return r, writeKeys(f, keys)
}

// create writes a whole file under a name of its own and then links it to path,
// which fails if path exists: nobody ever sees half a key file.
func create(path string, keys []Key) error {
	whole := path + "." + rand.Text()[:8] + ".new"
	f, err := os.OpenFile(whole, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(whole)
	defer f.Close()
	if err := writeKeys(f, keys); err != nil {
		return err
	}
	if err := os.Link(whole, path); err != nil {
		return err
	}
	return syncFolder(path)
}

// writeKeys returns once the keys are on disk.
func writeKeys(f *os.File, keys []Key) error {
	text, err := formatKeys(keys)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func readKeys(path string) ([]Key, error) {
	info, err := os.Stat(path) // before opening: a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s is open to other users (mode %#o): run chmod 600 on it, and rotate the key if others had access", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// syncFolder makes the file's name as durable as its content, where folders can
// be synced.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
