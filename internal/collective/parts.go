package collective

// parts is a vector that lies in several pieces of memory, which are read or written one after the other.
type parts[T float32 | int32] struct {
	list [][]T
	rest []T // of the piece at hand
}

// next returns the next numbers, so many at most as lie together. There are none only at the end.
func (p *parts[T]) next(most int) []T {
	for len(p.rest) == 0 {
		if len(p.list) == 0 {
			return nil
		}
		p.rest, p.list = p.list[0], p.list[1:]
	}
	part := p.rest[:min(len(p.rest), most)]
	p.rest = p.rest[len(part):]
	return part
}

// read copies the next numbers to v, and returns how many there were.
func (p *parts[T]) read(v []T) (n int) {
	for n < len(v) {
		part := p.next(len(v) - n)
		if part == nil {
			break
		}
		n += copy(v[n:], part)
	}
	return n
}

// write copies v to the next numbers.
func (p *parts[T]) write(v []T) {
	for len(v) > 0 {
		part := p.next(len(v))
		v = v[copy(part, v):]
	}
}

// lengthOf returns how many numbers there are in pieces of memory.
func lengthOf[T float32 | int32](list [][]T) (n int) {
	for _, v := range list {
		n += len(v)
	}
	return n
}
