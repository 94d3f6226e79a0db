package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxFile is more than any configuration needs and less than a wrong file can hurt.
const maxFile = 1 << 20

// Load reads defaults, then the file ("" for none), then the environment, and checks the whole.
// The error is Problems and names everything that is wrong; *Config is nil then.
func Load(file string, environ []string) (*Config, error) {
	d := newDecoder(Default())
	if file != "" {
		d.readFile(file)
	}
	d.readEnviron(environ)
	return d.finish((*Config).Validate)
}

// origin is who set a key: a line of the file, or a variable or flag.
type origin struct {
	line   int
	source string
}

// decoder writes values into a Config and remembers who set them and what could not be read.
type decoder struct {
	config   *Config
	schema   *schema
	problems Problems
	dir      string // where relative names in the file start
	unread   bool   // the file could not be read or is not YAML
}

func newDecoder(c *Config) *decoder {
	c.origins = map[string]origin{}
	return &decoder{config: c, schema: schemaOf(c)}
}

// finish adds what check says to what reading said: not of keys that could not be read, and
// nothing at all where the file could not, because everything would seem to be missing.
func (d *decoder) finish(check func(*Config) Problems) (*Config, error) {
	problems := d.problems
	if !d.unread {
		problems = append(problems, check(d.config).without(d.problems)...)
	}
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	return d.config, nil
}

func (d *decoder) complain(path string, from origin, format string, args ...any) {
	d.problems = append(d.problems, Problem{path, from.line, from.source, fmt.Sprintf(format, args...)})
}

func (d *decoder) readFile(file string) {
	text, err := readBounded(file, file, maxFile)
	if err != nil {
		d.unread = true
		d.complain("", origin{}, "cannot read the configuration: %v", err)
		return
	}
	if dir, err := filepath.Abs(filepath.Dir(file)); err == nil {
		d.dir, d.config.dir = dir, dir
	}
	d.readYAML(text)
}

func (d *decoder) readYAML(text []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return // an empty file sets nothing
	case err != nil:
		d.complainOfSyntax(err)
		return
	}
	root := resolve(doc.Content[0])
	switch {
	case isNull(root):
	case root.Kind != yaml.MappingNode:
		d.unread = true
		d.complain("", origin{line: root.Line}, "wants keys and values, such as issuer: https://auth.example.com")
	default:
		d.readMapping(root, "")
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		d.complain("", origin{line: more.Line}, "a second document follows; keep everything in one")
	}
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (d *decoder) complainOfSyntax(err error) {
	d.unread = true
	parts := yamlError.FindStringSubmatch(err.Error())
	if parts == nil {
		d.complain("", origin{}, "is not YAML: %v", err)
		return
	}
	line, _ := strconv.Atoi(parts[1])
	d.complain("", origin{line: line}, "is not YAML: %s", parts[2])
}

// readBounded returns a file's content and refuses what is a folder or too large. Errors call the
// file by the name given.
func readBounded(file, name string, limit int64) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, plainFileError(name, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file in it", name)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, plainFileError(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, plainFileError(name, err)
	case int64(len(text)) > limit:
		return nil, fmt.Errorf("%s is larger than %s; correct the name", name, Size(limit))
	}
	return text, nil
}

// plainFileError says what to do. It takes the reason alone out of err, which repeats the name.
func plainFileError(name string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist) && name == hidden:
		return fmt.Errorf("%s does not exist; name a file that holds the secret, not the secret itself", name)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s does not exist; create it, or correct the name", name)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be read by this user; change its owner or mode", name)
	}
	var reason *os.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}
