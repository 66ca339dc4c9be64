package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Directory returns a notifier that writes each message to a file of its own in
// the folder dir, which is made (mode 0700) with the first message. It is for
// development, for tests, and for handing messages to another program.
//
// A file holds one JSON object: "time" (RFC 3339), "channel", "to", "kind",
// "subject" (absent in text messages), "body", and "secret", the message's Token,
// if it has one. Files have mode 0600, and still hold usable links: protect the
// folder, and remove what was read.
//
// Names sort by the message's Time and end in its ID: a message that is sent twice
// replaces its file. A file appears with its whole content, so that a reader
// needs no lock; only names that end in ".json" are messages.
func Directory(dir string) Notifier { return directory(dir) }

type directory string

// file is the published form of a message.
type file struct {
	Time    time.Time `json:"time"`
	Channel Channel   `json:"channel"`
	To      string    `json:"to"`
	Kind    Kind      `json:"kind"`
	Subject string    `json:"subject,omitzero"`
	Body    string    `json:"body"`
	Secret  string    `json:"secret,omitzero"`
}

func (d directory) Notify(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	subject, text, _, err := Render(m)
	if err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = newID()
	}
	content, err := json.Marshal(file{
		Time: m.Time, Channel: m.Channel, To: m.To, Kind: m.Kind, Subject: subject, Body: text, Secret: m.Token.Reveal(),
	})
	if err != nil {
		return fmt.Errorf("notify: %s: %w", m.label(), err)
	}
	name := m.Time.UTC().Format("20060102T150405.000000Z") + "-" + m.ID + ".json"
	if err := d.write(name, append(content, '\n')); err != nil {
		return fmt.Errorf("notify: writing %s: %w", m.label(), err)
	}
	return nil
}

// write makes the file under another name first and renames it when its content
// is on disk.
func (d directory) write(name string, content []byte) (err error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(string(d), ".message-*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(string(d), name))
}
