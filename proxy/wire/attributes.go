package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Column types that a query attribute may have, enum_field_types in the
// server's field_types.h. Clients send no others, and how the server would
// measure those is not known: they are malformed here.
const (
	typeDecimal    = 0x00
	typeTiny       = 0x01
	typeShort      = 0x02
	typeLong       = 0x03
	typeFloat      = 0x04
	typeDouble     = 0x05
	typeNull       = 0x06
	typeTimestamp  = 0x07
	typeLongLong   = 0x08
	typeDate       = 0x0a
	typeTime       = 0x0b
	typeDatetime   = 0x0c
	typeVarchar    = 0x0f
	typeNewDecimal = 0xf6
	typeBlob       = 0xfc
	typeVarString  = 0xfd
	typeString     = 0xfe
)

// maxAttributes bounds the query attributes of one statement. The server's own
// bound is that of parameters, 65,535.
const maxAttributes = 1<<16 - 1

// QueryText returns the text of a COM_QUERY whose connection negotiated
// CLIENT_QUERY_ATTRIBUTES, from the payload behind the command byte: the
// attributes stand before the text, and are as long as the server takes them to be.
func QueryText(body []byte) ([]byte, error) {
	c := cursor{rest: body}
	count, sets := c.lenencInt(), c.lenencInt()
	if c.bad || sets != 1 || count > maxAttributes {
		return nil, malformed("query attributes")
	}
	if count > 0 {
		c.attributes(int(count))
	}
	if c.bad {
		return nil, malformed("query attributes")
	}
	return c.rest, nil
}

// AppendQuery appends a COM_QUERY of text, without attributes, for a connection
// that negotiated capabilities.
func AppendQuery(dst, text []byte, capabilities Capability) []byte {
	payload := append(make([]byte, 0, 3+len(text)), mysql.COM_QUERY)
	if capabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0 {
		payload = append(payload, 0, 1) // none, in one set
	}
	dst, _ = AppendPacket(dst, 0, append(payload, text...))
	return dst
}

// attributes skips n attributes: a bitmap of NULLs, a type and a name for each,
// the values.
func (c *cursor) attributes(n int) {
	nulls := c.bytes((n + 7) / 8)
	if c.uint8() != 1 { // new-params-bound: types and names follow
		c.bad = true
	}
	if c.bad {
		return
	}
	types := make([]byte, n)
	for i := range types {
		types[i] = c.uint8()
		if flags := c.uint8(); flags&^unsignedParam != 0 {
			c.bad = true // the server takes these bits for a part of the type
		}
		c.lenencBytes()
	}
	for i, t := range types {
		if nulls[i/8]&(1<<(i%8)) == 0 {
			c.attribute(t)
		}
	}
}

// unsignedParam is the only bit behind a parameter's type that means no other type.
const unsignedParam = 0x80

// mostDate is the longest value of a date or a time: days, time of day, microseconds.
const mostDate = 12

// attribute skips a value that is not NULL. One of the type NULL has no length
// that is told: the server reads a string.
func (c *cursor) attribute(t byte) {
	switch t {
	case typeTiny:
		c.bytes(1)
	case typeShort:
		c.bytes(2)
	case typeLong, typeFloat:
		c.bytes(4)
	case typeLongLong, typeDouble:
		c.bytes(8)
	case typeDate, typeTime, typeDatetime, typeTimestamp:
		n := c.uint8()
		if n > mostDate { // the server reads a length of several bytes
			c.bad = true
		}
		c.bytes(int(n))
	case typeDecimal, typeNewDecimal, typeVarchar, typeVarString, typeString, typeBlob:
		c.lenencBytes()
	default:
		c.bad = true
	}
}

// AppendAttribute appends a connection attribute, name and value, to a list of
// them as HandshakeResponse.Attributes holds it.
func AppendAttribute(dst []byte, name, value string) []byte {
	return AppendLenencBytes(AppendLenencBytes(dst, name), value)
}

// ProcessKill returns the thread id of a COM_PROCESS_KILL, from the payload
// behind the command byte.
func ProcessKill(body []byte) (id uint32, ok bool) {
	if len(body) != 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(body), true
}

// EachAttribute tells f the name and the value of each connection attribute of a
// list as HandshakeResponse.Attributes holds it.
func EachAttribute(attributes []byte, f func(name, value string)) error {
	c := cursor{rest: attributes}
	for len(c.rest) > 0 {
		name, value := c.lenencBytes(), c.lenencBytes()
		if c.bad {
			return malformed("connection attributes")
		}
		f(string(name), string(value))
	}
	return nil
}

// WithQueryAttributes adds attributes of text, names and values, to those of a
// COM_QUERY whose connection negotiated CLIENT_QUERY_ATTRIBUTES. body is the
// payload behind the command byte.
func WithQueryAttributes(body []byte, pairs ...[2]string) ([]byte, error) {
	c := cursor{rest: body}
	count, sets := c.lenencInt(), c.lenencInt()
	if c.bad || sets != 1 || count+uint64(len(pairs)) > maxAttributes {
		return nil, malformed("query attributes")
	}
	n := int(count)
	nulls := make([]byte, (n+len(pairs)+7)/8)
	var types, values []byte
	if n > 0 {
		old := c.bytes((n + 7) / 8)
		for i := range n {
			if !c.bad {
				nulls[i/8] |= old[i/8] & (1 << (i % 8))
			}
		}
		c.uint8()
		types = c.rest
		for range n {
			c.bytes(2)
			c.lenencBytes()
		}
		types = types[:len(types)-len(c.rest)]
		values = c.rest
	}
	text, err := QueryText(body)
	if err != nil {
		return nil, err
	}
	values = values[:max(0, len(values)-len(text))]
	out := AppendLenencInt(AppendLenencInt(nil, count+uint64(len(pairs))), 1)
	out = append(append(append(out, nulls...), 1), types...)
	for _, p := range pairs {
		out = AppendLenencBytes(append(out, typeVarString, 0), p[0])
	}
	out = append(out, values...)
	for _, p := range pairs {
		out = AppendLenencBytes(out, p[1])
	}
	return append(out, text...), nil
}
