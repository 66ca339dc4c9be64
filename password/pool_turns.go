package password

import "slices"

// poolWaiter is a job that waits for its permit.
type poolWaiter struct {
	source Source
	weight int64
	ready  chan struct{} // closed when the permit is given
}

// poolLine is what waits of one source, first come first served. It is never
// empty.
type poolLine struct {
	key     string
	waiters []*poolWaiter
}

// poolTurns is a queue in which sources take turns. Its memory is that of the
// jobs that wait. The zero value is empty.
type poolTurns struct {
	order   []*poolLine // whose turn is next comes first
	lines   map[string]*poolLine
	waiting int
}

// of returns how many jobs of a source wait.
func (t *poolTurns) of(key string) int {
	if line := t.lines[key]; line != nil {
		return len(line.waiters)
	}
	return 0
}

// ahead returns how many jobs have their turn before a new one of this source.
func (t *poolTurns) ahead(key string) int {
	own := t.of(key)
	n := own
	for _, line := range t.order {
		if line.key != key {
			n += min(len(line.waiters), own+1)
		}
	}
	return n
}

func (t *poolTurns) push(w *poolWaiter) {
	t.waiting++
	if line := t.lines[w.source.Key]; line != nil {
		line.waiters = append(line.waiters, w)
		return
	}
	if t.lines == nil {
		t.lines = make(map[string]*poolLine)
	}
	line := &poolLine{key: w.source.Key, waiters: []*poolWaiter{w}}
	t.lines[line.key] = line
	t.order = append(t.order, line)
}

// next returns the job whose turn it is. There must be one.
func (t *poolTurns) next() *poolWaiter { return t.order[0].waiters[0] }

// pop removes the job whose turn it is; its source goes to the end.
func (t *poolTurns) pop() {
	line := t.order[0]
	t.order = slices.Delete(t.order, 0, 1)
	line.waiters = slices.Delete(line.waiters, 0, 1)
	t.waiting--
	if len(line.waiters) == 0 {
		delete(t.lines, line.key)
		return
	}
	t.order = append(t.order, line)
}

// remove takes a job out wherever it stands, and reports whether it was there.
func (t *poolTurns) remove(w *poolWaiter) bool {
	line := t.lines[w.source.Key]
	if line == nil {
		return false
	}
	i := slices.Index(line.waiters, w)
	if i < 0 {
		return false
	}
	line.waiters = slices.Delete(line.waiters, i, i+1)
	t.waiting--
	if len(line.waiters) == 0 {
		delete(t.lines, line.key)
		t.order = slices.DeleteFunc(t.order, func(l *poolLine) bool { return l == line })
	}
	return true
}
