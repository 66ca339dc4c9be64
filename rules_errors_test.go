package crmauth_test

import (
	"go/ast"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// docs/errors.md lists every code there is, with the status that it is answered
// with.
func TestErrorsAreListed(t *testing.T) {
	listed := map[auth.Code]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\d{3}) \\|").FindAllStringSubmatch(readFile(t, "docs/errors.md"), -1) {
		status, err := strconv.Atoi(row[2])
		require.NoError(t, err)
		listed[auth.Code(row[1])] = status
	}
	answered := map[auth.Code]int{}
	for _, code := range codes(t) {
		answered[code] = authhttp.Status(withCode(code))
	}
	assert.Equal(t, answered, listed)
}

// codes are the constants of type auth.Code.
func codes(t *testing.T) (all []auth.Code) {
	for _, p := range repository(t).packages {
		if p.dir != "auth" {
			continue
		}
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				v, ok := n.(*ast.ValueSpec)
				if !ok {
					return true
				}
				if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" && len(v.Values) == 1 {
					code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
					require.NoError(t, err)
					all = append(all, auth.Code(code))
				}
				return true
			})
		}
	}
	require.NotEmpty(t, all)
	return all
}

// withCode is an error of that code.
type withCode auth.Code

func (c withCode) Error() string   { return string(c) }
func (c withCode) Code() auth.Code { return auth.Code(c) }
