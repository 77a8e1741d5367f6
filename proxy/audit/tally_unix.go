//go:build unix

package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tally counts the events that were taken in, in a file that is mapped into
// memory: after a kill -9 the count is there, and what the store lacks of it is
// known to be lost. The file's lock keeps a second process from the store. A
// nil tally counts nothing.
type tally struct {
	file   *os.File
	opened os.FileInfo // of file
	mapped []byte
	count  *int64
	refuse *int64 // the number of the entry that is disowned; 0 for none
}

// The file: 8 bytes of magic, the count in the machine's byte order, the writer's
// name, and from byte 48 on the number of the entry that is disowned.
const (
	tallyMagic    = "GRTALLY1"
	tallySize     = 4096
	tallyName     = 16
	tallyDisowned = 48
)

// openTally maps a tally file, which is made if it is not there. The empty name is none.
func openTally(name string) (*tally, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	t := &tally{file: f}
	if err := t.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return t, nil
}

func (t *tally) open() error {
	fd := int(t.file.Fd())
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errInUse
	}
	if err := t.allocate(); err != nil {
		return err
	}
	var err error
	if t.opened, err = t.file.Stat(); err != nil {
		return err
	}
	if t.mapped, err = unix.Mmap(fd, 0, tallySize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return err
	}
	t.count = (*int64)(unsafe.Pointer(&t.mapped[len(tallyMagic)]))
	t.refuse = (*int64)(unsafe.Pointer(&t.mapped[tallyDisowned]))
	if string(t.mapped[:len(tallyMagic)]) != tallyMagic {
		clear(t.mapped)
		copy(t.mapped[tallyName:], rand.Text())
		copy(t.mapped, tallyMagic)
	}
	return nil
}

// allocate gives the file its blocks: a mapped page without one would end the
// process when the disk is full.
func (t *tally) allocate() error {
	info, err := t.file.Stat()
	if err != nil || info.Size() >= tallySize {
		return err
	}
	if _, err := t.file.WriteAt(make([]byte, tallySize), 0); err != nil {
		return err
	}
	return t.file.Sync()
}

// name is what the store knows the writer by, from process to process.
func (t *tally) name() string {
	if t == nil {
		return ""
	}
	return string(t.mapped[tallyName : tallyName+26])
}

func (t *tally) add(n int64) {
	if t != nil {
		atomic.AddInt64(t.count, n)
	}
}

// disown notes the number of the entry whose statements are refused, which may
// come to be written nevertheless. It is one at most: after it nothing is written
// ahead until a batch is stored.
func (t *tally) disown(entry int64) {
	if t != nil {
		atomic.StoreInt64(t.refuse, entry)
	}
}

func (t *tally) disowned() int64 {
	if t == nil {
		return 0
	}
	return atomic.LoadInt64(t.refuse)
}

// settle compares the count with what is stored and what is in memory, and
// returns how many events are in neither. A count that is behind, as after a
// power cut, is set right.
func (t *tally) settle(stored, inMemory int64) (lost int64) {
	if t == nil {
		return 0
	}
	lost = atomic.LoadInt64(t.count) - stored - inMemory
	if lost < 0 {
		atomic.AddInt64(t.count, -lost)
		return 0
	}
	return lost
}

// present reports whether the file is there.
func (t *tally) present() error {
	if t == nil || here(t.file.Name(), t.opened) {
		return nil
	}
	return gone(t.file.Name())
}

// renewed is the tally in the file that stands at the name now, in place of this one.
func (t *tally) renewed() (*tally, error) {
	fresh, err := openTally(t.file.Name())
	if err == nil {
		copy(fresh.mapped, t.mapped)
		t.close()
	}
	return fresh, err
}

func (t *tally) close() {
	if t != nil {
		_ = unix.Munmap(t.mapped)
		t.mapped, t.count, t.refuse = nil, nil, nil
		_ = t.file.Close()
	}
}
