//go:build !race

package proxy

// Raced says that the race detector runs, which makes everything several times slower.
const Raced = false
