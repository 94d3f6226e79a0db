package server

import (
	"errors"
	"reflect"
	"regexp"
	"strings"

	json "github.com/goccy/go-json/v2"

	"tollgate/flows/oauth"
)

// readMembers reads the body into v. To administrators it says which member is wrong, and which there are.
func (r *request) readMembers(v any) error {
	body, err := r.jsonBody()
	if err != nil {
		return err
	}
	err = decodeJSON(body, v)
	t := reflect.TypeOf(v).Elem()
	var wrong *json.SemanticError
	switch {
	case err == nil:
		return nil
	case err == errNoObject:
		return oauth.InvalidRequest("the body must be an object of " + inList(members(t)))
	case !errors.As(err, &wrong):
		return oauth.InvalidRequest("the body is not JSON, or a member is in it twice")
	case wrong.Err == json.ErrUnknownName:
		return unknownName("member", wrong.JSONPointer.LastToken(), members(t))
	case wrong.JSONPointer == "":
		return oauth.InvalidRequest("the body must be an object of " + inList(members(t)))
	}
	name, _, _ := strings.Cut(string(wrong.JSONPointer[1:]), "/")
	return oauth.InvalidRequest(name + " must be " + wanted(t, name))
}

// plainName is a name that may be repeated in an answer: it looks like one of ours and can hold no
// secret worth the name.
var plainName = regexp.MustCompile(`^[a-z_]{1,32}$`)

// unknownName refuses a name and lists those that there are.
func unknownName(kind, name string, known []string) *oauth.Error {
	if !plainName.MatchString(name) {
		name = "of this name"
	}
	return oauth.InvalidRequest("there is no " + kind + " " + name + " here, only " + inList(known))
}

// members lists the names of a struct's members in JSON.
func members(t reflect.Type) []string {
	var names []string
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// wanted says what a member of that name holds.
func wanted(t reflect.Type, name string) string {
	for _, field := range reflect.VisibleFields(t) {
		if tagged, _, _ := strings.Cut(field.Tag.Get("json"), ","); tagged != name {
			continue
		}
		switch field.Type.Kind() {
		case reflect.Bool:
			return "true or false"
		case reflect.Pointer:
			return "a number"
		case reflect.Slice:
			return "an array of strings"
		}
	}
	return "a string"
}

// inList joins words as people do: a, b and c.
func inList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " and " + words[end]
}
