package authhttp

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
)

// openapi describes the API to programs (OpenAPI 3.1). A test holds it against
// the handlers.
//
//go:embed openapi.json
var openapi []byte

// describe returns the description with the prefix that this API is mounted at.
func describe(prefix string) (json.RawMessage, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(openapi, &doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	var err error
	if doc["servers"], err = json.Marshal([]map[string]string{{"url": prefix}}); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	return json.Marshal(doc)
}

func (web *Web) getOpenAPI(w http.ResponseWriter, _ *http.Request, _ *input) error {
	doc, err := describe(web.config.Prefix)
	if err != nil {
		return err
	}
	return reply(w, doc)
}
