package mysqltest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// errNotInstalled says that this machine has no server of the flavour that was asked for.
var errNotInstalled = errors.New("not installed")

// flavour is MySQL or MariaDB.
type flavour int

const (
	mysqlFlavour flavour = iota + 1
	mariadbFlavour
)

func (f flavour) String() string {
	switch f {
	case mysqlFlavour:
		return "mysql"
	case mariadbFlavour:
		return "mariadb"
	default:
		return "no server"
	}
}

// installation is a server's program on this machine. Its paths are as the program sees them: inside root.
type installation struct {
	flavour flavour
	root    string // the folder the program is chrooted to; empty for none
	program string
	client  string // the flavour's own command-line client, in the same root
	data    string // the folder for data directories
	plugins string // the folder of plug-ins; empty for the program's own
	version string // what the program says of itself
}

// outside returns a path of the installation as this process sees it.
func (i installation) outside(path string) string { return filepath.Join(i.root, path) }

// command returns the program, ready to run inside root.
func (i installation) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if i.root != "" {
		cmd.SysProcAttr.Chroot = i.root
		cmd.Dir = "/"
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8"}
	}
	return cmd
}

// find returns the machine's installation of a flavour: the one its variable names, the one the install script made,
// or the one on the PATH.
func find(f flavour) (installation, error) {
	var i installation
	var err error
	if f == mysqlFlavour {
		i, err = findMySQL()
	} else {
		i, err = findMariaDB()
	}
	if err != nil {
		return installation{}, err
	}
	out, err := i.command(i.program, "--no-defaults", "--version").CombinedOutput()
	if err != nil {
		return installation{}, fmt.Errorf("%s --version: %w: %s", i.program, err, out)
	}
	i.version = strings.TrimSpace(string(out))
	if got := strings.Contains(i.version, "MariaDB"); got != (f == mariadbFlavour) {
		return installation{}, fmt.Errorf("%s is another flavour: %s", i.program, i.version)
	}
	return i, nil
}

func findMySQL() (installation, error) {
	cache, err := cacheDir()
	if err != nil {
		return installation{}, err
	}
	if program := os.Getenv("GUARDRAIL_MYSQLD"); program != "" {
		return unchrooted(mysqlFlavour, program, cache), nil
	}
	i := installation{
		flavour: mysqlFlavour,
		root:    filepath.Join(cache, "mysql-sid"),
		program: "/usr/sbin/mysqld",
		client:  "/usr/bin/mysql",
		data:    "/var/lib/guardrail",
	}
	if _, err := os.Stat(i.outside(i.program)); err == nil {
		if os.Geteuid() != 0 {
			return installation{}, fmt.Errorf("%w for a user other than root (set GUARDRAIL_MYSQLD)", errNotInstalled)
		}
		return i, nil
	}
	program, err := exec.LookPath("mysqld")
	if err != nil {
		return installation{}, fmt.Errorf("%w (no mysqld)", errNotInstalled)
	}
	// Debian's MariaDB ships a link of this name.
	if out, err := exec.Command(program, "--no-defaults", "--version").Output(); err != nil || strings.Contains(string(out), "MariaDB") {
		return installation{}, fmt.Errorf("%w (%s is not MySQL's)", errNotInstalled, program)
	}
	return unchrooted(mysqlFlavour, program, cache), nil
}

func findMariaDB() (installation, error) {
	cache, err := cacheDir()
	if err != nil {
		return installation{}, err
	}
	program := os.Getenv("GUARDRAIL_MARIADBD")
	if program == "" {
		if program, err = exec.LookPath("mariadbd"); err != nil {
			return installation{}, fmt.Errorf("%w (no mariadbd)", errNotInstalled)
		}
	}
	i := unchrooted(mariadbFlavour, program, cache)
	i.plugins = filepath.Join(cache, "mariadb-plugins")
	if _, err := os.Stat(i.plugins); err != nil {
		i.plugins = "" // the server's own folder
	}
	return i, nil
}

// unchrooted describes a program that runs in the machine's own root.
func unchrooted(f flavour, program, cache string) installation {
	client, err := exec.LookPath(filepath.Join(filepath.Dir(filepath.Dir(program)), "bin", f.String()))
	if err != nil {
		client = f.String()
	}
	return installation{
		flavour: f,
		program: program,
		client:  client,
		data:    filepath.Join(cache, f.String()+"-data"),
	}
}

// cacheDir is where this machine keeps what is slow to make: GUARDRAIL_CACHE, or guardrail in the user's cache folder.
func cacheDir() (string, error) {
	if dir := os.Getenv("GUARDRAIL_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir := os.Getenv("XDG_CACHE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".cache")
	}
	return filepath.Join(dir, "guardrail"), nil
}
