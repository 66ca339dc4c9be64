package authhttp_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// description is what this test needs of the document.
type description struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any
			Required   []string
		}
	}
}

type operation struct {
	Summary     string
	RequestBody *struct{ Content map[string]any }
	Responses   map[string]any
	Security    []map[string][]string
}

func describe(t testing.TB, s *site) (d description) {
	t.Helper()
	a := s.browser(t).get("/auth/openapi.json")
	require.Equal(t, http.StatusOK, a.Code)
	require.NoError(t, json.Unmarshal(a.Body.Bytes(), &d))
	require.Equal(t, "3.1.0", d.OpenAPI)
	return d
}

var everyMethod = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

// Each method of each path answers if and only if it is described, and so is
// what it needs.
func TestTheDescriptionIsTheAPI(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	d := describe(t, s)
	assert.Equal(t, described(d), authhttp.Routes(s.web), "what the handlers serve")
	for path, operations := range d.Paths {
		url := "/auth" + strings.ReplaceAll(path, "{id}", "x")
		for _, method := range everyMethod {
			o, found := operations[strings.ToLower(method)]
			if method == "HEAD" {
				_, found = operations["get"]
			}
			a := s.browser(t).do(method, url, "")
			if !found {
				assert.Equal(t, http.StatusMethodNotAllowed, a.Code, "%s %s", method, path)
				assert.Equal(t, allowed(operations), a.Header().Get("Allow"), path)
				continue
			}
			assert.NotContains(t, []int{http.StatusMethodNotAllowed, http.StatusMisdirectedRequest}, a.Code, "%s %s", method, path)
			if method == "HEAD" {
				continue
			}
			assert.NotEmpty(t, o.Summary, path)
			assert.Contains(t, o.Responses, strconv.Itoa(a.Code), "%s %s", method, path)
			a = s.browser(t).do(method, url, "x", "Content-Type", "text/plain")
			if method == "GET" {
				assert.NotEqual(t, http.StatusUnsupportedMediaType, a.Code)
			} else {
				assert.Equal(t, http.StatusUnsupportedMediaType, a.Code, "%s %s", method, path)
			}
			if len(o.Security) == 1 && len(o.Security[0]) == 1 {
				a := s.browser(t).do(method, url, "")
				assert.Equal(t, "session_required", a.code(), "%s %s", method, path)
			}
		}
	}
	assert.Equal(t, "not_found", s.browser(t).get("/auth/nothing").code())
	assert.Equal(t, "not_found", s.browser(t).get("/auth").code())
}

func allowed(operations map[string]operation) string {
	var names []string
	for m := range operations {
		names = append(names, strings.ToUpper(m))
		if m == "get" {
			names = append(names, "HEAD")
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func described(d description) (routes []string) {
	for path, operations := range d.Paths {
		for method := range operations {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

// Reading changes nothing: whatever is fetched, the next fetch finds the same.
func TestReadingChangesNothing(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	before := b.get("/auth/sessions").Body.String()
	for path := range describe(t, s).Paths {
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			a := b.do(method, "/auth"+strings.ReplaceAll(path, "{id}", "x"), "")
			assert.Empty(t, a.Result().Cookies())
		}
	}
	assert.Equal(t, before, b.get("/auth/sessions").Body.String())
}

// What the API answers has the described members, and no others.
func TestAnswersHaveTheDescribedMembers(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	b := s.signedIn(t, boss)
	item := func(path string) object {
		items := b.get(path).json()["items"].([]any)
		require.NotEmpty(t, items)
		return items[0].(object)
	}
	schemas := describe(t, s).Components.Schemas
	for name, v := range map[string]object{
		"Login":       s.browser(t).login(boss, right).json(),
		"Session":     b.get("/auth/session").json(),
		"SessionItem": item("/auth/sessions"),
		"Device":      item("/auth/devices"),
		"Account":     item("/auth/admin/accounts"),
		"Problem":     b.post("/auth/password/change", object{"current": right, "new": "short"}).json(),
	} {
		require.Contains(t, schemas, name)
		for member := range v {
			assert.Contains(t, schemas[name].Properties, member, name)
		}
		for _, member := range schemas[name].Required {
			assert.Contains(t, v, member, name)
		}
	}
}

// documented finds the operation that a request runs, nil if none is described.
var documented = sync.OnceValue(func() func(*http.Request) *operation {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		panic(err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		panic(err)
	}
	mux, all := http.NewServeMux(), map[string]*operation{}
	for path, operations := range d.Paths {
		for method, o := range operations {
			pattern := strings.ToUpper(method) + " /auth" + path
			mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
			all[pattern] = &o
		}
	}
	return func(r *http.Request) *operation {
		_, pattern := mux.Handler(r)
		return all[pattern]
	}
})

// checkDocumented holds every answer that any test gets from the API against
// the description.
func checkDocumented(t testing.TB, r *http.Request, status int) {
	t.Helper()
	o := documented()(r)
	if o == nil || status/100 == 3 {
		return
	}
	assert.Contains(t, slices.Collect(maps.Keys(o.Responses)), strconv.Itoa(status), "%s %s", r.Method, r.URL.Path)
}
