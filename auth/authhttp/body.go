package authhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/crmauth/crmauth/auth"
)

// input is the JSON object of a request's body, read strictly: names as they are
// spelt, each once, nothing behind the object, valid UTF-8 (RFC 8259, RFC 7493).
// Names that no route knows are ignored. Its methods note the first value that
// has the wrong type; ask problem for it before acting.
type input struct {
	fields  map[string]json.RawMessage
	problem error
}

// maxFields is how many members an object may have.
const maxFields = 64

// readInput reads the body of a state-changing request. One that has none needs
// no content type; a form or text, which any site could send, is refused.
func readInput(r *http.Request) (*input, error) {
	media := r.Header.Get("Content-Type")
	if media != "" {
		if kind, params, err := mime.ParseMediaType(media); err != nil || kind != "application/json" ||
			params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return nil, errMedia
		}
	}
	body, err := io.ReadAll(r.Body)
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		return nil, errLarge
	case err != nil:
		return nil, malformed("can't be read")
	case len(body) == 0:
		return &input{}, nil
	case media == "":
		return nil, errMedia
	}
	fields, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	return &input{fields: fields}, nil
}

func malformed(problem string) error { return &auth.MalformedError{Field: "body", Problem: problem} }

func parseObject(body []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, malformed("is not valid UTF-8")
	}
	if !json.Valid(body) {
		return nil, malformed("is not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, _ := d.Token(); t != json.Delim('{') {
		return nil, malformed("is not a JSON object")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, malformed("is not JSON")
		}
		key, _ := name.(string)
		if _, twice := fields[key]; twice {
			return nil, malformed("has a member twice")
		}
		if len(fields) == maxFields {
			return nil, malformed("has too many members")
		}
		fields[key] = value
	}
	return fields, nil
}

// value decodes a member; one that is absent or null leaves v as it is.
func (in *input) value(name string, v any, kind string) {
	raw, ok := in.fields[name]
	if !ok || string(raw) == "null" {
		return
	}
	if err := json.Unmarshal(raw, v); err != nil && in.problem == nil {
		in.problem = &auth.MalformedError{Field: name, Problem: "must be " + kind}
	}
}

// text returns a string. Half of a surrogate pair decodes as U+FFFD, so that
// different passwords would become one: that character is refused.
func (in *input) text(name string) (s string) {
	in.value(name, &s, "a string")
	if strings.ContainsRune(s, utf8.RuneError) && in.problem == nil {
		in.problem = &auth.MalformedError{Field: name, Problem: "contains a replacement character"}
	}
	return s
}

func (in *input) flag(name string) (b bool) {
	in.value(name, &b, "true or false")
	return b
}

func (in *input) texts(name string) (list []string) {
	in.value(name, &list, "a list of strings")
	return list
}

// others returns all members but those named, as strings.
func (in *input) others(names ...string) map[string]string {
	out := map[string]string{}
	for name := range in.fields {
		out[name] = in.text(name)
	}
	for _, name := range names {
		delete(out, name)
	}
	return out
}
