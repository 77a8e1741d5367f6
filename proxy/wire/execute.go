package wire

import "strconv"

// executeHead is the length of what stands before the parameters of a
// COM_STMT_EXECUTE, behind the command byte: statement id, flags, iterations.
const executeHead = 9

// ExecuteFlags is where the flags of a COM_STMT_EXECUTE stand, behind the command byte.
const ExecuteFlags = 4

// ExecuteParameterCount is the flag of a COM_STMT_EXECUTE that carries query
// attributes; the others ask for a cursor.
const ExecuteParameterCount = 0x08

// ParamTypes finds in a COM_STMT_EXECUTE, from behind the command byte, the byte
// that says whether the types of the parameters follow, and where those end.
// params is what the answer to the prepare said; a connection with query
// attributes says it again, and gives each parameter a name. Without parameters
// both are the length of body.
func ParamTypes(body []byte, params int, attributes bool) (bound, end int, err error) {
	_, bound, end, err = execution(body, params, attributes)
	return bound, end, err
}

// execution is ParamTypes with the bitmap of the parameters that are NULL.
func execution(body []byte, params int, attributes bool) (nulls []byte, bound, end int, err error) {
	c := cursor{rest: body}
	c.bytes(ExecuteFlags)
	flags := c.uint8()
	c.bytes(executeHead - ExecuteFlags - 1)
	own := params
	if attributes && (params > 0 || flags&ExecuteParameterCount != 0) {
		params = int(min(c.lenencInt(), maxAttributes))
	}
	if params == 0 && !c.bad {
		return nil, len(body), len(body), nil
	}
	nulls = c.bytes((params + 7) / 8)
	bound = len(body) - len(c.rest)
	switch c.uint8() {
	case 0:
		c.bad = c.bad || params != own // the server has no types of attributes
	case 1:
		c.types(params, attributes)
	default:
		c.bad = true // clients send no others
	}
	if c.bad {
		return nil, 0, 0, malformed("COM_STMT_EXECUTE")
	}
	return nulls, bound, len(body) - len(c.rest), nil
}

// types skips the types of parameters, and their names where there are query attributes.
func (c *cursor) types(params int, attributes bool) {
	if !attributes {
		c.bytes(2 * params)
		return
	}
	for range params {
		c.bytes(2)
		c.lenencBytes()
	}
}

// Column types that a parameter may have beside those of a query attribute.
const (
	typeTinyBlob   = 0xf9
	typeMediumBlob = 0xfa
	typeLongBlob   = 0xfb
)

// Param is what the execution of a prepared statement says of one parameter.
type Param struct {
	Type     byte // enum_field_types in the server's field_types.h
	Unsigned bool
	Null     bool
}

// Text reports whether the parameter is bound as a text or as bytes, or is NULL.
func (p Param) Text() bool {
	switch p.Type {
	case typeVarchar, typeVarString, typeString, typeTinyBlob, typeBlob, typeMediumBlob, typeLongBlob:
		return true
	}
	return p.Null
}

// Number reports whether the parameter is bound as a number.
func (p Param) Number() bool {
	switch p.Type {
	case typeTiny, typeShort, typeLong, typeLongLong, typeFloat, typeDouble, typeDecimal, typeNewDecimal:
		return true
	}
	return false
}

// Params decodes a COM_STMT_EXECUTE that carries the types of its parameters,
// from behind the command byte, into the statement's own and the values behind
// them all. See ParamTypes.
func Params(body []byte, params int, attributes bool) (list []Param, values []byte, err error) {
	nulls, bound, end, err := execution(body, params, attributes)
	if err != nil {
		return nil, nil, err
	}
	if list, err = ParamsOf(body[min(bound+1, end):end], params, attributes); err != nil {
		return nil, nil, err
	}
	for i := range list {
		list[i].Null = nulls[i/8]&(1<<(i%8)) != 0
	}
	return list, body[end:], nil
}

// ParamsOf decodes the types of a statement's parameters, each with a name where
// the connection has query attributes.
func ParamsOf(types []byte, params int, attributes bool) ([]Param, error) {
	c := cursor{rest: types}
	list := make([]Param, 0, min(params, len(types)))
	for range params {
		p := Param{Type: c.uint8()}
		flags := c.uint8()
		p.Unsigned = flags&unsignedParam != 0
		if attributes {
			c.lenencBytes()
		}
		if flags&^unsignedParam != 0 || c.bad {
			return nil, malformed("parameter types")
		}
		list = append(list, p)
	}
	return list, nil
}

// OwnTypes are the types of a statement's own parameters, those of query attributes
// and all names left out.
func OwnTypes(types []byte, params int, attributes bool) (own []byte) {
	if !attributes {
		return types
	}
	c := cursor{rest: types}
	for range params {
		own = append(own, c.bytes(2)...)
		c.lenencBytes()
		own = append(own, 0)
	}
	if c.bad {
		return nil
	}
	return own
}

// UintParam returns the i-th of the values of parameters, where that is a whole
// number from 0 or the digits of one.
func UintParam(list []Param, values []byte, i int) (n uint64, ok bool) {
	c := cursor{rest: values}
	for _, p := range list[:i] {
		c.param(p)
	}
	if list[i].Null {
		return 0, false
	}
	digits := c.binary(Column{Type: list[i].Type, Unsigned: list[i].Unsigned})
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return n, err == nil && !c.bad
}

// param skips a value.
func (c *cursor) param(p Param) {
	switch {
	case p.Null:
	case p.Type == typeNull:
		c.bad = true
	case p.Text():
		c.lenencBytes()
	default:
		c.attribute(p.Type)
	}
}

// bulkHead is the length of what stands before the types of a
// COM_STMT_BULK_EXECUTE, behind the command byte: statement id and flags.
const bulkHead = 6

// bulkTypes is the flag of a COM_STMT_BULK_EXECUTE that carries types.
const bulkTypes = 0x80

// BulkTypes returns the types of the parameters that a MariaDB
// COM_STMT_BULK_EXECUTE carries, or none. body is what stands behind the command byte.
func BulkTypes(body []byte, params int) ([]byte, error) {
	c := cursor{rest: body}
	c.bytes(bulkHead - 2)
	flags := c.uint16()
	var types []byte
	if flags&bulkTypes != 0 {
		types = c.bytes(2 * params)
	}
	if c.bad {
		return nil, malformed("COM_STMT_BULK_EXECUTE")
	}
	return types, nil
}
