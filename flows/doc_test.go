package flows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestIndex_IsTrue holds the table in doc.go to the tree: every file and test it names exists,
// and no file that carries an RFC or OIDC in its name is missing from it.
func TestIndex_IsTrue(t *testing.T) {
	const root = ".."
	tests, protocolFiles := readTree(t, root)
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^//\t((?:RFC|OIDC).*?)\s{2,}.*?\s{2,}(\S+\.go)\s+(Test\w+)$`)
	rows := row.FindAllStringSubmatch(string(doc), -1)
	if lines := regexp.MustCompile(`(?m)^//\t(RFC|OIDC) `).FindAllString(string(doc), -1); len(rows) != len(lines) || len(rows) == 0 {
		t.Fatalf("%d of %d rows can be read", len(rows), len(lines))
	}
	indexed := map[string]bool{}
	for _, r := range rows {
		section, file, test := r[1], r[2], r[3]
		indexed[file] = true
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Errorf("%s: %v", section, err)
		}
		if !tests[test] {
			t.Errorf("%s: there is no test %s", section, test)
		}
	}
	for _, file := range protocolFiles {
		if !indexed[file] {
			t.Errorf("%s is not in the index of flows/doc.go", file)
		}
	}
}

// TestReadme_NamesWhatExists holds the table of specifications in the README to the tree.
func TestReadme_NamesWhatExists(t *testing.T) {
	const root = ".."
	tests, _ := readTree(t, root)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)\\| `(\\S+\\.go)` \\| `(Test\\w+)` \\|$").FindAllStringSubmatch(string(readme), -1)
	if len(rows) < 10 {
		t.Fatalf("%d rows can be read", len(rows))
	}
	for _, r := range rows {
		if _, err := os.Stat(filepath.Join(root, r[1])); err != nil {
			t.Error(err)
		}
		if !tests[r[2]] {
			t.Errorf("there is no test %s", r[2])
		}
	}
}

// readTree returns the names of all tests, and the files named after a specification.
func readTree(t *testing.T, root string) (tests map[string]bool, protocolFiles []string) {
	t.Helper()
	named := regexp.MustCompile(`_(rfc\d+|oidc)\.go$`)
	tests = map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
				return filepath.SkipDir
			}
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if named.MatchString(path) {
			protocolFiles = append(protocolFiles, filepath.ToSlash(rel))
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, protocolFiles
}
