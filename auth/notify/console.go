package notify

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// InsecureConsole returns a notifier that prints each message as text to w. It
// is insecure by its nature: links and codes stand there in clear, and whoever
// can read the terminal, or the log that keeps it, can use them. For development
// and for the first start only.
func InsecureConsole(w io.Writer) Notifier { return &console{w: w} }

type console struct {
	mu sync.Mutex
	w  io.Writer
}

func (c *console) Notify(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	subject, text, _, err := Render(m)
	if err != nil {
		return err
	}
	if subject != "" {
		subject = "Subject: " + subject + "\n"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = fmt.Fprintf(c.w, "--- %s to %s: %s\n%s\n%s---\n", m.Channel, m.To, m.Kind, subject, withNewline(text))
	return err
}

func withNewline(s string) string {
	if s != "" && s[len(s)-1] != '\n' {
		return s + "\n"
	}
	return s
}
