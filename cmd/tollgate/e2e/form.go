package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Form is a form of a page: where it goes, and its fields as they are.
type Form struct {
	Action *url.URL
	Fields url.Values
}

// Request is the form as a browser submits it.
func (f *Form) Request() *http.Request {
	r := request("POST", f.Action.String(), strings.NewReader(f.Fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// ReadForm returns the page's first form; buttons are not pressed.
func ReadForm(at *url.URL, page []byte) (*Form, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	for node := range root.Descendants() {
		if node.Data != "form" {
			continue
		}
		action, err := at.Parse(attribute(node, "action"))
		if err != nil {
			return nil, err
		}
		form := &Form{Action: action, Fields: url.Values{}}
		for field := range node.Descendants() {
			if field.Data == "input" {
				form.Fields.Set(attribute(field, "name"), attribute(field, "value"))
			}
		}
		return form, nil
	}
	return nil, fmt.Errorf("a page without a form: %s", text(page))
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what a person reads on a page.
func text(page []byte) string {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return string(page)
	}
	var words []string
	for node := range root.Descendants() {
		if node.Type == html.TextNode && node.Parent.Data != "style" {
			words = append(words, strings.Fields(node.Data)...)
		}
	}
	return strings.Join(words, " ")
}
