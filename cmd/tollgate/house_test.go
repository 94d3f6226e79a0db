package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "tollgate"

// house says which of our own packages each package may import. An arrow that is not here does not
// exist. A name ending in /... is a folder with everything in it.
var house = map[string][]string{
	"cmd/tollgate":             {"cmd/tollgate/config", "cmd/tollgate/load", "server", "flows/...", "redisx", "cache"},
	"cmd/tollgate/config":      {"flows/oauth", "flows/keys", "cache"},
	"cmd/tollgate/load":        {},
	"cmd/tollgate/e2e":         {"redisx/redistest"},
	"cmd/tollgate/e2e/attacks": {},
	"cmd/tollgate/e2e/faults":  {},
	"cmd/tollgate/e2e/siege":   {},
	"server":                   {"flows", "flows/oauth", "flows/clientauth", "flows/token", "flows/keys", "cache"},
	"flows":                    {"flows/oauth", "flows/clientauth", "flows/token", "flows/keys", "flows/store", "cache"},
	"flows/clientauth":         {"flows/oauth", "flows/store", "cache"},
	"flows/token":              {"flows/oauth", "flows/store", "flows/keys", "cache"},
	"flows/keys":               {"flows/oauth", "flows/store", "flows/keys/rsa2048", "flows/keys/eddsa"},
	"flows/keys/eddsa":         {},
	"flows/keys/rsa2048":       {},
	"flows/store":              {"flows/oauth"},
	"flows/store/memstore":     {"flows/oauth", "flows/store"},
	"flows/store/redistore":    {"flows/oauth", "flows/store", "cache", "redisx"},
	"flows/store/storetest":    {"flows/oauth", "flows/store"},
	"flows/oauth":              {},
	"cache":                    {},
	"redisx":                   {},
	"redisx/redistest":         {},
	"bench/tables":             {},
	"bench":                    {},
	"bench/edge":               {"cmd/tollgate/load"},
	"bench/edge/fosite":        {},
	"loadtest/run":             {},
}

// owners says which packages may know a library that is somebody's whole subject: HTTP is server's, and
// load's as its client; Redis commands are redisx' and redistore's. bench/edge measures both libraries bare.
var owners = map[string][]string{
	"github.com/valyala/fasthttp":  {"server", "cmd/tollgate/load", "bench/edge"},
	"github.com/fasthttp/router":   {"server"},
	"github.com/redis/rueidis":     {"redisx", "flows/store/redistore", "bench/edge"},
	"github.com/spf13/cobra":       {"cmd/tollgate"},
	"go.yaml.in/yaml/v3":           {"cmd/tollgate/config"},
	"github.com/sony/gobreaker/v2": {"redisx"},
}

func TestHouse_ArrowsPointDown(t *testing.T) {
	seen := 0
	eachFile(t, func(pkg, file string, imports []string) {
		if strings.HasSuffix(file, "_test.go") {
			return // tests stand beside the house
		}
		allowed, known := house[pkg]
		if !known {
			t.Errorf("%s: package %s has no place in the house; give it one above", file, pkg)
			return
		}
		for _, imported := range imports {
			seen++
			checkImport(t, pkg, file, imported, allowed)
		}
	})
	if seen == 0 {
		t.Fatal("no imports were found: the test looks in the wrong place")
	}
}

func checkImport(t *testing.T, pkg, file, imported string, allowed []string) {
	t.Helper()
	if own, ours := strings.CutPrefix(imported, module+"/"); ours {
		if !slices.ContainsFunc(allowed, func(rule string) bool { return covers(rule, own) }) {
			t.Errorf("%s: %s must not import %s", file, pkg, own)
		}
		return
	}
	if pkg == "flows/oauth" && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
		t.Errorf("%s: flows/oauth imports only the standard library, not %s", file, imported)
	}
	for library, packages := range owners {
		if covers(library+"/...", imported) && !slices.Contains(packages, pkg) {
			t.Errorf("%s: %s must not know %s", file, pkg, library)
		}
	}
}

// covers reports whether a rule names the package.
func covers(rule, pkg string) bool {
	folder, whole := strings.CutSuffix(rule, "/...")
	return pkg == folder || whole && strings.HasPrefix(pkg, folder+"/")
}

// The tools stay tools also where they are tested.
func TestHouse_TestsOfToolsKnowNoOAuth(t *testing.T) {
	eachFile(t, func(pkg, file string, imports []string) {
		if pkg != "cache" && pkg != "redisx" && pkg != "redisx/redistest" {
			return
		}
		for _, imported := range imports {
			if own, ours := strings.CutPrefix(imported, module+"/"); ours && own != "redisx" && own != "redisx/redistest" && own != "cache" {
				t.Errorf("%s imports %s", file, own)
			}
		}
	})
}

func TestHouse_EveryPackageSaysWhatItIs(t *testing.T) {
	packages := map[string]bool{}
	documented := map[string]bool{}
	eachFile(t, func(pkg, file string, _ []string) {
		packages[pkg] = true
		if filepath.Base(file) != "doc.go" {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.PackageClauseOnly|parser.ParseComments)
		documented[pkg] = err == nil && parsed.Doc != nil && len(parsed.Doc.Text()) > 100
	})
	for pkg := range packages {
		if !documented[pkg] {
			t.Errorf("package %s has no doc.go that says what it owns and what it leaves to others", pkg)
		}
	}
}

// root is the module's folder, seen from this package.
const root = "../.."

// eachFile calls visit with every Go file of the module, generated and tagged ones included.
func eachFile(t *testing.T, visit func(pkg, file string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imported)
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		visit(path.Dir(file), file, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
}
