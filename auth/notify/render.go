package notify

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/netip"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"golang.org/x/text/language"
)

// ErrKind is returned by [Render] for a kind it has no text for.
var ErrKind = errors.New("notify: no text for this kind of message: render it yourself")

// Render writes the message in the language its Locale asks for: a subject, a
// plain text and an HTML page for a mail; for a text message a short text alone.
// The texts contain the message's link.
//
// The subject is one line of printable characters; in the HTML everything that
// came from outside is escaped (ASVS 1.3.7). The error is that of
// [Message.Validate], or [ErrKind].
func Render(m Message) (subject, text, html string, err error) {
	if err := m.Validate(); err != nil {
		return "", "", "", err
	}
	lang := languageOf(m.Locale)
	l, ok := lang.letters[m.Kind]
	if !ok {
		return "", "", "", fmt.Errorf("%w: %s", ErrKind, m.Kind)
	}
	w := writer{data: lang.data(m)}
	if m.Channel == SMS {
		return "", w.write(l.sms), "", w.err
	}
	p := page{
		Lang: lang.tag, Subject: w.write(l.subject), Lines: w.writeAll(l.lines), Facts: lang.facts(m, l.facts),
		After: w.writeAll(l.after), Product: w.data.Product,
	}
	if link := m.Link.Reveal(); link != "" {
		p.Action, p.Link = l.action, link
	}
	if w.data.Product != "" {
		p.Subject = fmt.Sprintf(lang.subject, w.data.Product, p.Subject)
	}
	var b bytes.Buffer
	if err := errors.Join(w.err, htmlPage().Execute(&b, p)); err != nil {
		return "", "", "", fmt.Errorf("notify: rendering %s: %w", m.Kind, err)
	}
	return p.Subject, p.text(lang.colon), b.String(), nil
}

// A letter is the text of one kind in one language. Its strings are templates
// over data; the action names the link.
type letter struct {
	subject string
	lines   []string
	facts   facts // which particulars are listed behind lines
	action  string
	after   []string
	sms     string
}

type facts int

const (
	noFacts facts = iota
	whenAndWhere
	allFacts // also what the client says of itself
)

// A locale is everything that is said in one language.
type locale struct {
	tag                              string
	letters                          map[Kind]letter
	subject                          string // format of product and subject
	colon                            string // between the name of a fact and its value
	when, address, place, deviceFact string
}

// data is what the templates see: printable text.
type data struct{ Product, Identifier, Expires, Until, Link string }

type fact struct{ Name, Value string }

// page is a mail, laid out twice: as text and as HTML.
type page struct {
	Lang, Subject string
	Lines         []string
	Facts         []fact
	Action, Link  string
	After         []string
	Product       string
}

// locales and the tags of the matcher have the same order; the first is the
// fallback. The matcher's index counts, not the tag it returns: that can be one
// nobody has a text for, such as zh-TW.
var (
	locales = []*locale{&english, &chinese}
	matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})
)

func languageOf(want string) *locale {
	tags, _, err := language.ParseAcceptLanguage(want)
	if err != nil || len(tags) == 0 {
		return locales[0]
	}
	_, index, _ := matcher.Match(tags...)
	return locales[index]
}

func (l *locale) data(m Message) data {
	return data{
		Product: m.Params.Product, Identifier: printable(m.Params.Identifier, 254),
		Expires: clock(m.Expires), Until: clock(m.Params.Until), Link: m.Link.Reveal(),
	}
}

func (l *locale) facts(m Message, which facts) []fact {
	var list []fact
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, value})
		}
	}
	if which == noFacts {
		return nil
	}
	add(l.when, clock(m.Time))
	add(l.address, address(m.Params.IP))
	add(l.place, printable(m.Params.Place, 100))
	if which == allFacts {
		device := printable(m.Params.Device, 100)
		if device == "" { // without what a mail program would turn into a link
			device = printable(strings.ReplaceAll(m.Params.UserAgent, "://", " "), 120)
		}
		add(l.deviceFact, device)
	}
	return list
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04 (UTC-07:00)")
}

func address(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// writer fills templates in and keeps the first error.
type writer struct {
	data data
	err  error
}

func (w *writer) write(text string) string {
	var b strings.Builder
	t, err := texttemplate.New("").Parse(text)
	if err == nil {
		err = t.Execute(&b, w.data)
	}
	if w.err == nil {
		w.err = err
	}
	return b.String()
}

func (w *writer) writeAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = w.write(t)
	}
	return out
}

func (p page) text(colon string) string {
	var parts []string
	parts = append(parts, p.Lines...)
	if len(p.Facts) > 0 {
		var b strings.Builder
		for _, f := range p.Facts {
			b.WriteString("  " + f.Name + colon + f.Value + "\n")
		}
		parts = append(parts, strings.TrimRight(b.String(), "\n"))
	}
	if p.Link != "" {
		parts = append(parts, p.Action+colon+"\n"+p.Link)
	}
	parts = append(parts, p.After...)
	if p.Product != "" {
		parts = append(parts, p.Product)
	}
	return strings.Join(parts, "\n\n") + "\n"
}

var htmlPage = sync.OnceValue(func() *htmltemplate.Template {
	return htmltemplate.Must(htmltemplate.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1f2328;background:#ffffff">
<div style="max-width:560px;margin:0 auto">
{{- range .Lines}}
<p>{{.}}</p>
{{- end}}
{{- with .Facts}}
<table style="border-collapse:collapse">
{{- range .}}
<tr><th scope="row" style="padding:2px 16px 2px 0;text-align:left;font-weight:normal;color:#59636e">{{.Name}}</th><td style="padding:2px 0">{{.Value}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- if .Link}}
<p><a href="{{.Link}}" style="display:inline-block;padding:10px 18px;border-radius:6px;color:#ffffff;background:#0a5bd3;text-decoration:none">{{.Action}}</a></p>
<p style="font-size:13px;color:#59636e;word-break:break-all">{{.Link}}</p>
{{- end}}
{{- range .After}}
<p>{{.}}</p>
{{- end}}
{{- with .Product}}
<p style="color:#59636e">{{.}}</p>
{{- end}}
</div>
</body>
</html>
`))
})
