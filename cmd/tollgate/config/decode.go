package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

func (d *decoder) readMapping(node *yaml.Node, path string) {
	first := map[string]int{} // the line each key was met on
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		here, from := join(path, clip(key.Value)), origin{line: key.Line}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.complain(path, from, "holds a key that is not a word")
			continue
		case strings.Contains(key.Value, "."):
			d.complain(here, from, "unknown key; put the part after the dot on a line of its own, one level in")
			continue
		}
		if line, twice := first[key.Value]; twice {
			d.complain(here, from, "is set twice, first on line %d; remove one", line)
			continue
		}
		first[key.Value] = key.Line
		d.readKey(here, value, from)
	}
}

func (d *decoder) readKey(path string, node *yaml.Node, from origin) {
	leaf, known := d.schema.leaves[path]
	switch {
	case known:
		d.config.origins[path] = from
		if err := d.readLeaf(leaf, node); err != nil {
			d.complain(path, from, "%v", err)
		}
	case !d.schema.sections[path]:
		d.complainOfUnknown(path, from)
	case node.Kind == yaml.MappingNode:
		d.readMapping(node, path)
	case !isNull(node): // a section with nothing in it sets nothing
		d.complain(path, from, "wants keys of its own, such as %s", d.schema.firstOf(path))
	}
}

func (d *decoder) complainOfUnknown(path string, from origin) {
	near := d.schema.near(path)
	if near == "" {
		d.complain(path, from, "unknown key; remove it")
		return
	}
	if from.source != "" {
		near = variable(near)
	}
	d.complain(path, from, "unknown key; did you mean %s?", near)
}

func (d *decoder) readLeaf(leaf reflect.Value, node *yaml.Node) error {
	if isNull(node) {
		return errors.New("has no value; give it one or remove the key")
	}
	switch target := leaf.Addr().Interface().(type) {
	case *[]string:
		return readList(target, node)
	case *OnStoreLoss:
		return target.set(lossText(node))
	}
	if node.Kind != yaml.ScalarNode {
		return errors.New("wants one value, not a list or keys")
	}
	switch tag := node.ShortTag(); {
	case leaf.Kind() == reflect.String && tag != "!!str":
		return errors.New("wants text; put the value in quotes")
	case leaf.Kind() == reflect.Bool && tag != "!!bool":
		return errors.New("wants true or false")
	case leaf.Type() == reflect.TypeFor[int]() && tag != "!!int":
		return errors.New("wants a whole number")
	}
	if err := assign(leaf, node.Value); err != nil {
		return found(node.Value, err)
	}
	d.anchor(leaf)
	return nil
}

// anchor makes a file's name that the configuration file gave start at that file's folder.
func (d *decoder) anchor(leaf reflect.Value) {
	switch leaf.Interface().(type) {
	case File, SecretFile:
		if name := leaf.String(); name != "" && !filepath.IsAbs(name) {
			leaf.SetString(filepath.Join(d.dir, name))
		}
	}
}

// assign reads text into the value. The error does not repeat the text.
func assign(v reflect.Value, text string) error {
	switch target := v.Addr().Interface().(type) {
	case setter:
		return target.set(text)
	case *time.Duration:
		duration, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("wants a duration such as 250ms, 10m or 720h")
		}
		*target = duration
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errors.New("wants true or false")
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("wants a whole number")
		}
		v.SetInt(int64(n))
	}
	return nil
}

func readList(target *[]string, node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode {
		return errors.New(`wants a list, such as ["first", "second"]`)
	}
	list := []string{}
	for _, item := range node.Content {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || item.ShortTag() != "!!str" {
			return errors.New("wants a list of texts; put each in quotes")
		}
		list = append(list, item.Value)
	}
	*target = list
	return nil
}

// lossText spells the mapping form, {allow_for: 30s}, as the text form.
func lossText(node *yaml.Node) string {
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 {
		return node.Content[0].Value + ": " + resolve(node.Content[1]).Value
	}
	return node.Value
}

// resolve follows an alias (*name) to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// found puts what was found before what is wanted.
func found(text string, err error) error {
	return errors.New(strconv.Quote(clip(text)) + " " + strings.Replace(err.Error(), "wants ", "is wrong; wants ", 1))
}

// clip keeps a problem short whatever the file holds.
func clip(text string) string {
	const longest = 60
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
