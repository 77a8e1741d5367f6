package app

import (
	"os"
	"path/filepath"
	"slices"
)

// listing is what tells the files of a directory from what they are later, without
// reading them. It is nil where there is no directory.
type listing []listed

// listed is one file, wherever its name leads; its info is nil where it leads nowhere.
type listed struct {
	name string
	info os.FileInfo
}

// listingOf looks at the files of a directory that decide.
func listingOf(dir string) listing {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	files := make(listing, 0, len(entries))
	for _, e := range entries {
		if decides(e.Name()) {
			info, _ := os.Stat(filepath.Join(dir, e.Name())) // nil where it leads nowhere
			files = append(files, listed{e.Name(), info})
		}
	}
	return files
}

// is reports whether the files are the same ones, and written at the same time.
// Of a folder only which it is counts: the record may be written into it.
func (p listing) is(q listing) bool { return slices.EqualFunc(p, q, listed.is) }

func (f listed) is(g listed) bool {
	if f.name != g.name || f.info == nil || g.info == nil {
		return f.name == g.name && f.info == nil && g.info == nil
	}
	written := f.info.Size() == g.info.Size() && f.info.ModTime().Equal(g.info.ModTime())
	return os.SameFile(f.info, g.info) && (written || f.info.IsDir())
}

// glance reports whether the files are others than at the last reload, and puts
// the watch anew where the directory leads elsewhere.
func (w *Watcher) glance() bool {
	if leads, err := filepath.EvalSymlinks(w.dir); err == nil && leads != w.leads {
		_ = w.put() // tried again at the next glance
	}
	return !w.seen.is(listingOf(w.dir))
}
