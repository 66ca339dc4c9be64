package password

// WithoutDummyWork returns a view of h that does only the work which an answer
// needs, as a login without protection would.
func WithoutDummyWork(h *Hasher) *Hasher {
	view := *h
	view.bare = true
	return &view
}
