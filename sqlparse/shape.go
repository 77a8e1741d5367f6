package sqlparse

import "crypto/sha256"

// shape hashes the normal form. A hash that cannot be made to collide, since
// a client chooses the text, and a decision is remembered by it.
func (x *lexer) shape() Shape {
	sum := sha256.Sum256(x.norm)
	return Shape(sum[:len(Shape{})])
}
