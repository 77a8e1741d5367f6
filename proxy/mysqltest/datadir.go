package mysqltest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// templateFormat changes when the making of a template does, so that older ones are not used.
const templateFormat = "1"

// directory is one throw-away data directory. Its lock is held while this process lives: a directory whose lock is
// free was left behind by a process that was killed, and is removed by the next that comes.
type directory struct {
	inside string // as the server sees it
	path   string // as this process sees it
	lock   *os.File
}

// data is the server's data directory inside the throw-away one, as the server sees it.
func (d directory) data() string { return path.Join(d.inside, "data") }

// log is the server's error log, as this process sees it.
func (d directory) log() string { return filepath.Join(d.path, "error.log") }

// remove deletes the directory and frees its lock.
func (d directory) remove() error {
	return errors.Join(os.RemoveAll(d.path), d.lock.Close())
}

// newDirectory copies a fresh data directory from this machine's template, which its first caller makes.
func newDirectory(i installation, initArgs []string) (directory, error) {
	d, template, err := reserve(i, initArgs)
	if err != nil {
		return directory{}, err
	}
	if err := os.CopyFS(filepath.Join(d.path, "data"), os.DirFS(template)); err != nil {
		return directory{}, errors.Join(err, d.remove())
	}
	return d, nil
}

// reserve makes an empty directory and finds its template, one process at a time.
func reserve(i installation, initArgs []string) (directory, string, error) {
	base := i.outside(i.data)
	if err := os.MkdirAll(base, 0o755); err != nil {
		return directory{}, "", err
	}
	lock, err := lockFile(filepath.Join(base, "lock"), os.O_CREATE, syscall.LOCK_EX)
	if err != nil {
		return directory{}, "", err
	}
	defer lock.Close()
	if err := sweep(base); err != nil {
		return directory{}, "", err
	}
	template, err := findTemplate(i, initArgs)
	if err != nil {
		return directory{}, "", err
	}
	created, err := os.MkdirTemp(base, "run-")
	if err != nil {
		return directory{}, "", err
	}
	d := directory{path: created, inside: path.Join(i.data, filepath.Base(created))}
	d.lock, err = lockFile(filepath.Join(created, "lock"), os.O_CREATE, syscall.LOCK_EX)
	return d, template, err
}

// sweep removes the directories of processes that ended without removing theirs.
func sweep(base string) error {
	locks, err := filepath.Glob(filepath.Join(base, "run-*", "lock"))
	if err != nil {
		return err
	}
	for _, name := range locks {
		f, err := lockFile(name, 0, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			continue // in use, or just removed by its owner
		}
		if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(filepath.Dir(name)), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// findTemplate returns the path of an initialised data directory, made once per machine, version and options. Its
// caller holds the installation's lock.
func findTemplate(i installation, initArgs []string) (string, error) {
	key := append([]string{templateFormat, i.program, i.version}, initArgs...)
	sum := sha256.Sum256([]byte(strings.Join(key, "\x00")))
	name := "template-" + hex.EncodeToString(sum[:6])
	made := i.outside(path.Join(i.data, name))
	if _, err := os.Stat(made); err == nil {
		return made, nil
	}
	part := made + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", err
	}
	if err := initialise(i, path.Join(i.data, name+".part"), initArgs); err != nil {
		return "", err
	}
	if err := writeCertificates(part); err != nil {
		return "", err
	}
	return made, os.Rename(part, made)
}

// initialise lets the flavour's own program make a data directory.
func initialise(i installation, dir string, initArgs []string) error {
	var program string
	var args []string
	switch i.flavour {
	case mysqlFlavour:
		program = i.program
		args = append([]string{"--no-defaults", "--initialize-insecure", "--datadir=" + dir}, engineArgs(i)...)
	case mariadbFlavour:
		var err error
		if program, err = mariadbInstallDB(i); err != nil {
			return err
		}
		args = append([]string{"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
			"--basedir=" + baseDir(i), "--datadir=" + dir}, engineArgs(i)...)
	default:
		return fmt.Errorf("%v has no data directory", i.flavour)
	}
	out, err := i.command(program, append(args, initArgs...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("making a data directory: %w: %s", err, tail(out))
	}
	return nil
}

// mariadbInstallDB finds the script that makes a data directory: packages and tarballs differ in its place and name.
func mariadbInstallDB(i installation) (string, error) {
	for _, name := range []string{"bin/mariadb-install-db", "scripts/mariadb-install-db", "bin/mysql_install_db", "scripts/mysql_install_db"} {
		script := filepath.Join(baseDir(i), name)
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
	}
	return "", fmt.Errorf("%w (no mariadb-install-db under %s)", errNotInstalled, baseDir(i))
}

// lockFile opens a file and locks it. The lock ends with the returned file, so with the process at the latest.
func lockFile(name string, flag, how int) (*os.File, error) {
	f, err := os.OpenFile(name, flag|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	return f, nil
}

// tail returns the end of a program's output.
func tail(out []byte) string {
	const limit = 4000
	if len(out) > limit {
		out = out[len(out)-limit:]
	}
	return string(out)
}
