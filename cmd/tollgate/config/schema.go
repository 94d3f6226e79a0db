package config

import (
	"reflect"
	"strings"
)

// schema is what keys there are: every path of Config, in the order of its fields.
type schema struct {
	paths    []string
	leaves   map[string]reflect.Value
	sections map[string]bool
}

func schemaOf(c *Config) *schema {
	s := &schema{leaves: map[string]reflect.Value{}, sections: map[string]bool{"": true}}
	s.add(reflect.ValueOf(c).Elem(), "")
	return s
}

func (s *schema) add(v reflect.Value, path string) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		field, fieldPath := v.Field(i), join(path, name)
		s.paths = append(s.paths, fieldPath)
		if isSection(field) {
			s.sections[fieldPath] = true
			s.add(field, fieldPath)
			continue
		}
		s.leaves[fieldPath] = field
	}
}

// isSection reports whether v holds keys, rather than being a value with its own spelling.
func isSection(v reflect.Value) bool {
	_, spelled := v.Addr().Interface().(setter)
	return v.Kind() == reflect.Struct && !spelled
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// firstOf returns the first key of a section, as an example.
func (s *schema) firstOf(section string) string {
	for _, p := range s.paths {
		if parent, _ := split(p); parent == section {
			return p
		}
	}
	return section
}

// near returns the key that was probably meant by path, or "".
func (s *schema) near(path string) string {
	parent, name := split(path)
	best, bestDistance := "", 3
	for _, p := range s.paths {
		otherParent, otherName := split(p)
		switch d := distance(name, otherName); {
		case otherParent == parent && d < bestDistance:
			best, bestDistance = p, d
		case d == 0 && bestDistance > 1 && !s.sections[p]: // the right key in the wrong section
			best, bestDistance = p, 1
		case otherParent == parent && strings.TrimSuffix(otherName, "_file") == name:
			best, bestDistance = p, 0 // a secret itself in place of its file
		case flat(p) == flat(path) && !s.sections[p]: // REDIS_TIMEOUT in place of REDIS__TIMEOUT
			best, bestDistance = p, 0
		}
	}
	return best
}

func flat(path string) string { return strings.ReplaceAll(path, ".", "_") }

func split(path string) (parent, name string) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// distance counts the letters to insert, remove or replace between a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
