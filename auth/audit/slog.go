package audit

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// NewSlog returns a sink that writes each event as a record of the logger: the
// message is [Event.OWASP], the attributes are those of [Event.LogValue], Warn
// is [slog.LevelWarn] and Critical [slog.LevelError]. It is as durable as what
// the handler writes to, and returns the handler's error.
//
// The handler's level does not hide events: an audit is not switched off by
// making a log less chatty. A nil logger fails every Append.
func NewSlog(l *slog.Logger) Sink { return slogSink{l} }

type slogSink struct{ logger *slog.Logger }

func (s slogSink) Append(ctx context.Context, events ...Event) error {
	if s.logger == nil {
		return errors.New("audit: NewSlog was given no logger")
	}
	var faults []error
	for _, e := range cleaned(events) {
		e.Seq = 0
		r := slog.NewRecord(e.Time, e.Level.slog(), e.OWASP(), 0)
		r.AddAttrs(e.attrs()...)
		faults = append(faults, s.logger.Handler().Handle(ctx, r))
	}
	return errors.Join(faults...)
}

// LogValue returns the cleaned event as a group: the fields by their JSON names,
// actor and client as groups of their own, empty ones left out.
func (e Event) LogValue() slog.Value {
	e = e.Clean()
	return slog.GroupValue(append([]slog.Attr{slog.String("time", rfc3339(e.Time)), slog.String("level", string(e.Level))}, e.attrs()...)...)
}

func (l Level) slog() slog.Level {
	switch l {
	case Info:
		return slog.LevelInfo
	case Critical:
		return slog.LevelError
	}
	return slog.LevelWarn
}

func rfc3339(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// attrs are all fields but time and level, which a record has already.
func (e Event) attrs() []slog.Attr {
	var a []slog.Attr
	text := func(name, value string) {
		if value != "" {
			a = append(a, slog.String(name, value))
		}
	}
	number := func(name string, value int64) {
		if value != 0 {
			a = append(a, slog.Int64(name, value))
		}
	}
	group := func(name string, pairs ...string) {
		var inner []any
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				inner = append(inner, slog.String(pairs[i], pairs[i+1]))
			}
		}
		if len(inner) > 0 {
			a = append(a, slog.Group(name, inner...))
		}
	}
	text("id", e.ID)
	number("seq", e.Seq)
	text("event", string(e.Name))
	text("outcome", string(e.Outcome))
	text("reason", string(e.Reason))
	text("tenant", e.Tenant)
	text("account", e.Account)
	text("identifier_hash", e.IdentifierHash)
	group("actor", "kind", string(e.Actor.Kind), "id", e.Actor.ID, "reason", e.Actor.Reason)
	text("session", e.Session)
	text("device", e.Device)
	text("flow", e.Flow)
	ip := ""
	if e.Client.IP.IsValid() {
		ip = e.Client.IP.String()
	}
	group("client", "ip", ip, "user_agent", e.Client.UserAgent)
	text("methods", strings.Join(e.Methods, " "))
	number("assurance", int64(e.Assurance))
	text("factor", e.Factor)
	text("resource", e.Resource)
	text("from", e.From)
	text("to", e.To)
	text("operation", e.Operation)
	text("policy", e.Policy)
	number("retries", e.Retries)
	number("limit", e.Limit)
	number("count", e.Count)
	if !e.Since.IsZero() {
		text("since", rfc3339(e.Since))
	}
	return a
}
