package crmauth_test

import (
	"go/ast"
	"go/doc"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryExportedNameIsDocumented(t *testing.T) {
	r := repository(t)
	for _, p := range r.packages {
		if !p.public() || len(p.files) == 0 {
			continue
		}
		files := make([]*ast.File, 0, len(p.files))
		for _, name := range slices.Sorted(maps.Keys(p.files)) {
			files = append(files, p.files[name])
		}
		// PreserveAST: the other rules read the same files.
		d, err := doc.NewFromFiles(r.fset, files, p.importPath(), doc.PreserveAST)
		require.NoError(t, err)
		c := commented{t, r, p.dir}
		assert.True(t, strings.HasPrefix(d.Doc, "Package "+d.Name+" "), "package %s has no comment that begins with its name", p.dir)
		c.values(d.Consts)
		c.values(d.Vars)
		c.funcs(d.Funcs)
		for _, typ := range d.Types {
			c.named(typ.Decl, typ.Name, typ.Doc)
			c.values(typ.Consts)
			c.values(typ.Vars)
			c.funcs(typ.Funcs)
			c.funcs(typ.Methods)
			for _, spec := range typ.Decl.Specs {
				c.members(spec.(*ast.TypeSpec))
			}
		}
	}
}

// commented checks the names of one package.
type commented struct {
	t    *testing.T
	tree *tree
	dir  string
}

func (c commented) named(at ast.Node, name, text string) {
	if strings.TrimSpace(text) == "" {
		c.t.Errorf("%s: %s.%s has no comment", c.tree.at(at), c.dir, name)
	}
}

func (c commented) funcs(funcs []*doc.Func) {
	for _, f := range funcs {
		name := f.Name
		if f.Recv != "" {
			name = strings.TrimPrefix(f.Recv, "*") + "." + name
		}
		if f.Name == "Error" && f.Recv != "" {
			continue // says what it returns by its name
		}
		c.named(f.Decl, name, f.Doc)
	}
}

// values checks constants and variables: each has a comment of its own, or the
// group has one that speaks for all.
func (c commented) values(groups []*doc.Value) {
	for _, g := range groups {
		for _, spec := range g.Decl.Specs {
			v := spec.(*ast.ValueSpec)
			for _, name := range v.Names {
				if name.IsExported() {
					c.named(v, name.Name, g.Doc+v.Doc.Text()+v.Comment.Text())
				}
			}
		}
	}
}

// members checks the methods of interfaces, and the fields of what users fill in.
func (c commented) members(spec *ast.TypeSpec) {
	switch typ := spec.Type.(type) {
	case *ast.InterfaceType:
		for _, m := range typ.Methods.List {
			for _, name := range m.Names {
				if name.IsExported() {
					c.named(m, spec.Name.Name+"."+name.Name, m.Doc.Text()+m.Comment.Text())
				}
			}
		}
	case *ast.StructType:
		if isOptions(spec.Name.Name) {
			c.fields(spec.Name.Name, typ)
		}
	}
}

func (c commented) fields(owner string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			if name.IsExported() {
				c.named(f, owner+"."+name.Name, f.Doc.Text()+f.Comment.Text())
			}
		}
	}
}

// isOptions reports whether a struct of that name is filled in by users.
func isOptions(name string) bool {
	return token.IsExported(name) && slices.ContainsFunc([]string{"Config", "Options", "Limits", "Policy", "Params", "Credentials", "Client"},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
