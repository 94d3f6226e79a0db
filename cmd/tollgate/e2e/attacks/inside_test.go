//go:build attacks

package attacks

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

const top = "../../../.." // of the module

var testName = regexp.MustCompile("`(Test\\w+)`")

// What is not tried in memory says which test inside the process stands for it: there must be one.
func TestTable_NamesTestsThatExist(t *testing.T) {
	var code strings.Builder
	module := os.DirFS(top)
	err := fs.WalkDir(module, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			text, _ := fs.ReadFile(module, path)
			code.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		for _, r := range s.rows {
			for _, name := range testName.FindAllStringSubmatch(r.notInMemory, -1) {
				if !strings.Contains(code.String(), "\nfunc "+name[1]+"(") {
					t.Errorf("row %d names %s, which is not there", r.id, name[1])
				}
			}
		}
	}
}
