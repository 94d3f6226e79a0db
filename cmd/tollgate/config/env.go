package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// EnvPrefix starts the name of every environment variable that sets a key.
const EnvPrefix = "TOLLGATE_"

// EnvFile names the configuration file, as --config does.
const EnvFile = EnvPrefix + "CONFIG"

// notKeys are the variables with our prefix that set no key: EnvFile, and the binary under test.
var notKeys = []string{EnvFile, EnvPrefix + "BIN"}

// readEnviron sets keys from NAME=value pairs.
func (d *decoder) readEnviron(environ []string) {
	environ = slices.Clone(environ)
	slices.Sort(environ) // problems in the same order every time
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, EnvPrefix) && !slices.Contains(notKeys, name) && !serviceVariable.MatchString(pair) {
			d.readText(pathOf(name), value, origin{source: name})
		}
	}
}

// readText sets a key from what has no YAML types: a variable or a flag.
func (d *decoder) readText(path, value string, from origin) {
	leaf, known := d.schema.leaves[path]
	switch {
	case d.schema.sections[path] && path != "":
		d.complain(path, from, "is a section; set its keys, such as %s", variable(d.schema.firstOf(path)))
		return
	case !known:
		d.complainOfUnknown(path, from)
		return
	}
	d.config.origins[path] = from
	var err error
	if list, isList := leaf.Addr().Interface().(*[]string); isList {
		err = readTextList(list, value)
	} else if err = assign(leaf, value); err != nil {
		err = found(value, err)
	}
	if err != nil {
		d.complain(path, from, "%v", err)
	}
}

// readTextList reads "a,b" or a YAML list such as ["a", "b"].
func readTextList(list *[]string, value string) error {
	if strings.HasPrefix(strings.TrimSpace(value), "[") {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(value), &doc); err == nil {
			return readList(list, doc.Content[0])
		}
	}
	*list = []string{}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*list = append(*list, item)
		}
	}
	return nil
}

// pathOf turns TOLLGATE_REDIS__KEY_PREFIX into redis.key_prefix. A name that is not in capitals
// gives a path that no key has.
func pathOf(name string) string {
	name = strings.TrimPrefix(name, EnvPrefix)
	if name != strings.ToUpper(name) {
		return name
	}
	return strings.ToLower(strings.ReplaceAll(name, "__", "."))
}

// variable turns redis.key_prefix into TOLLGATE_REDIS__KEY_PREFIX.
func variable(path string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "__"))
}
