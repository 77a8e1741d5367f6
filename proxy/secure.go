package proxy

import (
	"crypto/tls"
	"net"
)

// replaceable is what TLS runs over: a connection, until an event loop puts its
// own bytes in its place.
type replaceable struct{ net.Conn }

// inFullRecords returns config for connections that write what there is at once:
// crypto/tls would otherwise begin with many small records. Nil stays nil.
func inFullRecords(config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.DynamicRecordSizingDisabled = true
	return config
}
