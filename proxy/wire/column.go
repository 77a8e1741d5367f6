package wire

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Column is what a column definition says that the proxy wants to know.
type Column struct {
	Name     string
	Type     byte // enum_field_types in the server's field_types.h
	Unsigned bool
}

// unsignedFlag is the flag of a column without negative values.
const unsignedFlag = 0x20

// DecodeColumn decodes a column definition of a connection that negotiated
// MariaDB's extended capabilities.
func DecodeColumn(payload []byte, mariaDB uint32) (Column, error) {
	c := cursor{rest: payload}
	for range 4 { // catalog, schema, table, original table
		c.lenencBytes()
	}
	column := Column{Name: string(c.lenencBytes())}
	c.lenencBytes() // original name
	if mariaDB&MariaDBExtendedMetadata != 0 {
		c.lenencBytes()
	}
	c.lenencInt() // length of what follows
	c.bytes(2)    // character set
	c.bytes(4)    // width
	column.Type = c.uint8()
	column.Unsigned = c.uint16()&unsignedFlag != 0
	c.uint8() // decimals
	if c.bad {
		return Column{}, malformed("column definition")
	}
	return column, nil
}

// DecodeBinaryRow decodes a row of the binary protocol into values as the text
// protocol writes them; NULL is nil. Dates and times are malformed here: no
// question of the proxy's has them in its answer.
func DecodeBinaryRow(payload []byte, columns []Column) ([][]byte, error) {
	const offset = 2 // of the first column in the bitmap of NULLs
	c := cursor{rest: payload}
	c.uint8() // header
	nulls := c.bytes((len(columns) + 7 + offset) / 8)
	if c.bad {
		return nil, malformed("binary row")
	}
	values := make([][]byte, len(columns))
	for i, column := range columns {
		if bit := i + offset; nulls[bit/8]&(1<<(bit%8)) == 0 {
			values[i] = c.binary(column)
		}
	}
	if c.bad || len(c.rest) > 0 {
		return nil, malformed("binary row")
	}
	return values, nil
}

// binary reads one value and writes it as text.
func (c *cursor) binary(column Column) []byte {
	size := 0
	switch column.Type {
	case typeTiny:
		size = 1
	case typeShort:
		size = 2
	case typeLong, typeFloat:
		size = 4
	case typeLongLong, typeDouble:
		size = 8
	case typeDecimal, typeNewDecimal, typeVarchar, typeVarString, typeString, typeBlob:
		return append([]byte{}, c.lenencBytes()...)
	default:
		c.bad = true
		return nil
	}
	var raw [8]byte
	copy(raw[:], c.bytes(size))
	n := binary.LittleEndian.Uint64(raw[:])
	switch {
	case column.Type == typeFloat:
		return strconv.AppendFloat(nil, float64(math.Float32frombits(uint32(n))), 'g', -1, 32)
	case column.Type == typeDouble:
		return strconv.AppendFloat(nil, math.Float64frombits(n), 'g', -1, 64)
	case column.Unsigned:
		return strconv.AppendUint(nil, n, 10)
	}
	unused := 64 - 8*size
	return strconv.AppendInt(nil, int64(n<<unused)>>unused, 10)
}
