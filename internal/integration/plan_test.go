package integration

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	scan      = regexp.MustCompile(`SCAN (\w+)`)
	parameter = regexp.MustCompile(`\?(\d+)`)
	// Lists that travel as JSON are read whole, by whatever name. Nothing else is.
	lists = []string{"json_each", "request", "r", "settlement", "t"}
	// These sort what a JSON list holds.
	sorts = []string{"account.set_roles", "audit.append"}
)

func TestNoStatementReadsAWholeTable(t *testing.T) {
	path := newFile(t)
	openStores(t, path)
	db, _ := openFile(t, path)

	files, err := filepath.Glob("../../store/sqlstore/sqlite/queries/*.sql")
	require.NoError(t, err)
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for section := range strings.SplitSeq(string(text), "-- name: ") {
			if name, query, ok := strings.Cut(section, "\n"); ok {
				checkPlan(t, db, name, query)
				checked++
			}
		}
	}
	assert.Greater(t, checked, 40)
}

func checkPlan(t *testing.T, db *sql.DB, name, query string) {
	parameters := 0
	for _, m := range parameter.FindAllStringSubmatch(query, -1) {
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		parameters = max(parameters, n)
	}
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, make([]any, parameters)...)
	require.NoError(t, err, name)
	for rows.Next() {
		var id, parent, unused int
		var step string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
		if m := scan.FindStringSubmatch(step); m != nil {
			assert.Contains(t, lists, m[1], "%s: %s", name, step)
		}
		if !slices.Contains(sorts, name) {
			assert.NotContains(t, step, "TEMP B-TREE", name)
		}
	}
	require.NoError(t, rows.Err())
}
