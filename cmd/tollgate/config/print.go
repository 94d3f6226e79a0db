package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// YAML writes every key with its value, in the order of Config: a file that Load reads back to the
// same configuration. Beside the name of a secret's file stands <secret>, never the content.
func (c *Config) YAML() ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(mappingOf(reflect.ValueOf(c).Elem())); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// JSON writes the same as one JSON object. Its secrets' files are named and no more.
func (c *Config) JSON() ([]byte, error) {
	var tree map[string]any
	if err := mappingOf(reflect.ValueOf(c).Elem()).Decode(&tree); err != nil {
		return nil, err
	}
	return json.MarshalIndent(tree, "", "  ")
}

func mappingOf(v reflect.Value) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: name}
		node.Content = append(node.Content, key, nodeOf(v.Field(i)))
	}
	return node
}

func nodeOf(v reflect.Value) *yaml.Node {
	switch value := v.Interface().(type) {
	case time.Duration:
		return text(shortDuration(value), 0)
	case Size:
		return text(value.String(), 0)
	case Rate:
		return text(value.String(), yaml.DoubleQuotedStyle)
	case OnStoreLoss:
		return text(value.String(), yaml.DoubleQuotedStyle)
	case SecretFile:
		node := text(string(value), yaml.DoubleQuotedStyle)
		if value != "" {
			node.LineComment = hidden
		}
		return node
	case []string:
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, item := range value {
			list.Content = append(list.Content, text(item, yaml.DoubleQuotedStyle))
		}
		return list
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(value)}
	}
	if v.Kind() == reflect.Struct {
		return mappingOf(v)
	}
	return text(v.String(), yaml.DoubleQuotedStyle)
}

func text(value string, style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: style}
}
