package authhttp

import (
	"slices"
)

// Routes are the methods and paths of the API's table.
func Routes(web *Web) (routes []string) {
	for _, t := range web.table() {
		routes = append(routes, t.method+" "+t.path)
	}
	slices.Sort(routes)
	return routes
}
