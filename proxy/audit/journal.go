package audit

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// journal is the file beside an SQLite store that destructive statements are
// written ahead to. A transaction of SQLite's makes its log longer, which the
// file system has to note down for good as well; here one write to blocks that
// are there already does, at half the time.
//
// Entries follow each other, each with its length and checksum. When a batch has
// stored them, the next is written over the first; those behind it are known by
// their numbers, which do not follow on. Which of them a batch has stored says
// the batch's number, in the store.
type journal struct {
	name   string
	file   journalFile // nil until it is opened
	opened os.FileInfo // of file
	left   []entry     // what was found in it
	last   entry       // without its events; the zero entry before the first
	end    int64       // of the last entry
	text   bytes.Buffer
}

// journalFile is what a journal does with its file once it is read.
type journalFile interface {
	io.WriterAt
	io.Closer
}

// The file: entries, then what is left of older ones or zeros. An entry: 8 bytes
// of magic, the length of its text and the CRC-32C of that, the JSON text.
const (
	journalMagic  = "GRAHEAD1"
	journalHeader = len(journalMagic) + 4 + 4
	journalSize   = 1 << 20 // of a new file, in bytes; it grows where a second needs more
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// open reads what the file has, once, or makes it.
func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	f, err := os.OpenFile(j.name, os.O_RDWR|os.O_CREATE|writeThrough, 0o600)
	if err != nil {
		return err
	}
	opened, err := f.Stat()
	if err == nil {
		err = j.read(f)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", j.name, err), f.Close())
	}
	j.file, j.opened = f, opened
	return nil
}

func (j *journal) read(f *os.File) error {
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	j.left, j.end = entries(content)
	if len(j.left) > 0 {
		j.last = j.left[len(j.left)-1].head()
		return nil
	}
	// Numbers begin anew, so that none of an older entry may follow on by chance.
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, journalSize), 0); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(j.name))
}

// syncFolder makes a new file's name last.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// entries reads the entries of a file that follow each other, and where the last ends.
func entries(content []byte) (all []entry, end int64) {
	for {
		text, ok := entryText(content[end:])
		if !ok {
			return all, end
		}
		var e entry
		if json.Unmarshal(text, &e) != nil || len(all) > 0 && e.Number != all[len(all)-1].Number+1 {
			return all, end
		}
		all = append(all, e)
		end += int64(journalHeader + len(text))
	}
}

// entryText is the text of the entry that content begins with.
func entryText(content []byte) (text []byte, ok bool) {
	header, ok := bytes.CutPrefix(content, []byte(journalMagic))
	if !ok || len(header) < 8 {
		return nil, false
	}
	size, sum, text := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[4:]), header[8:]
	if uint64(size) > uint64(len(text)) {
		return nil, false
	}
	text = text[:size]
	return text, crc32.Checksum(text, castagnoli) == sum
}

// write appends an entry. It is on the disk when write returns.
func (j *journal) write(e entry) error {
	if err := j.open(); err != nil {
		return err
	}
	j.text.Reset()
	j.text.Write(make([]byte, journalHeader))
	if err := json.NewEncoder(&j.text).Encode(e); err != nil {
		return err
	}
	all := j.text.Bytes()
	text := all[journalHeader:]
	copy(all, journalMagic)
	binary.BigEndian.PutUint32(all[len(journalMagic):], uint32(len(text)))
	binary.BigEndian.PutUint32(all[len(journalMagic)+4:], crc32.Checksum(text, castagnoli))
	if _, err := j.file.WriteAt(all, j.end); err != nil {
		return err
	}
	j.last, j.end = e.head(), j.end+int64(len(all))
	return nil
}

// since hands out the events that were found and are in no batch up to a number,
// but for those of the entry that is disowned.
func (j *journal) since(batch, disowned int64) (events []Event) {
	for _, e := range j.left {
		if e.Batch > batch && e.Number != disowned {
			events = append(events, e.Events...)
		}
	}
	j.left = nil
	return events
}

// stored notes that a batch, and all before it, are in the store.
func (j *journal) stored(batch int64) {
	if j.last.Batch <= batch {
		j.end = 0
	}
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// present reports whether the file is there, if it was opened.
func (j *journal) present() bool { return j.file == nil || here(j.name, j.opened) }

// forget lets the file be opened anew.
func (j *journal) forget() {
	_ = j.close()
	j.file = nil
}

// journalled finds an event in a journal that this or another process writes to.
func journalled(name, id string) (Event, error) {
	content, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) || err == nil && !bytes.Contains(content, []byte(id)) {
		return Event{}, ErrNotFound
	}
	if err != nil {
		return Event{}, err
	}
	all, _ := entries(content)
	for i := range all {
		if e, err := withID(all[i].Events, id); err == nil {
			return e, nil
		}
	}
	return Event{}, ErrNotFound
}
