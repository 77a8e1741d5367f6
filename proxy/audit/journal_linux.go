package audit

import "golang.org/x/sys/unix"

// writeThrough has a write return when its bytes are on the disk, and what is
// needed to read them.
const writeThrough = unix.O_DSYNC
