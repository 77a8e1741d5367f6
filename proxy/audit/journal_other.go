//go:build !linux

package audit

import "os"

// writeThrough has a write return when its bytes are on the disk.
const writeThrough = os.O_SYNC
