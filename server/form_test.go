package server

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestForm_DecodesOnceAndExactly(t *testing.T) {
	for src, want := range map[string][]param{
		"":                                     nil,
		"a=1":                                  {{"a", "1"}},
		"a=1&b=2":                              {{"a", "1"}, {"b", "2"}},
		"a":                                    {{"a", ""}},
		"a=":                                   {{"a", ""}},
		"a=b=c":                                {{"a", "b=c"}},
		"a=1+2%2B3":                            {{"a", "1 2+3"}},
		"a=%2541":                              {{"a", "%41"}},
		"%61=%c3%a9%C3%A9":                     {{"a", "éé"}},
		"a=\t":                                 {{"a", "\t"}},
		"a=%26%3D%3B":                          {{"a", "&=;"}},
		"state=" + strings.Repeat("x", 60<<10): {{"state", strings.Repeat("x", 60<<10)}},
	} {
		var f form
		if err := f.parse([]byte(src)); err != nil {
			t.Errorf("%.40q: %v", src, err)
			continue
		}
		if fmt.Sprint(f.params) != fmt.Sprint(want) {
			t.Errorf("%.40q = %.80q, want %.80q", src, f.params, want)
		}
	}
}

func TestForm_RefusesWhatCanBeReadTwoWays(t *testing.T) {
	for name, src := range map[string]string{
		"a parameter twice (RFC 6749 3.1)":  "a=1&b=2&a=1",
		"twice under two spellings":         "a=1&%61=2",
		"unknown parameter twice":           "zzz=1&zzz=2",
		"empty name":                        "=1",
		"empty pair":                        "a=1&&b=2",
		"trailing ampersand":                "a=1&",
		"lone ampersand":                    "&",
		"semicolon":                         "a=1;b=2",
		"escape cut short":                  "a=%4",
		"escape of nothing":                 "a=%",
		"escape that is not hex":            "a=%zz",
		"escape of IIS":                     "a=%u002f",
		"row 47: NUL":                       "a=x%00y",
		"row 47: overlong slash":            "a=%C0%AF",
		"row 47: lone surrogate":            "a=%ED%A0%80",
		"row 47: byte order mark":           "a=%EF%BB%BFx",
		"row 47: bidirectional override":    "a=%E2%80%AEx",
		"row 47: bidirectional isolate":     "a=%E2%81%A6x",
		"row 289: CR and LF inside a value": "a=x%0D%0Ay",
		"escape sequence of a terminal":     "a=%1B[31m",
		"DEL":                               "a=%7f",
		"raw byte that is not UTF-8":        "a=\xff",
		"noncharacter":                      "a=%EF%BF%BF",
		"NUL in the name":                   "a%00=1",
		"name too long":                     strings.Repeat("a", 129) + "=1",
		"row 46: 65 parameters":             params(65),
		"row 46: 10,000 parameters":         params(10_000),
		"row 46: ampersands only":           strings.Repeat("&", 65_000),
	} {
		t.Run(name, func(t *testing.T) {
			var f form
			if err := f.parse([]byte(src)); err == nil {
				t.Errorf("parsed as %.80q", f.params)
			}
		})
	}
}

func TestForm_TakesSixtyFourParameters(t *testing.T) {
	var f form
	if err := f.parse([]byte(params(64))); err != nil || len(f.params) != 64 {
		t.Errorf("%d parameters, %v", len(f.params), err)
	}
}

func TestForm_ValuesOutliveTheBuffer(t *testing.T) {
	src := []byte("code=secret")
	var f form
	if err := f.parse(src); err != nil {
		t.Fatal(err)
	}
	kept := f.get("code")
	copy(src, "XXXXXXXXXXX")
	_ = f.parse([]byte("other=value-of-next-request"))
	if kept != "secret" {
		t.Errorf("the value became %q", kept)
	}
	if f.has("code") {
		t.Error("the next request sees a parameter of the last one")
	}
}

func TestForm_ContentTypeIsExact(t *testing.T) {
	for value, want := range map[string]bool{
		formType:                            true,
		"Application/X-WWW-Form-URLEncoded": true,
		formType + "; charset=utf-8":        true,
		formType + ";charset=UTF-8":         true,
		formType + `; charset="utf-8"`:      true,
		formType + "EVIL":                   false,
		formType + "; charset=utf-7":        false,
		formType + "; boundary=x":           false,
		formType + ";":                      false,
		formType + ", text/plain":           false,
		"text/plain":                        false,
		"multipart/form-data; boundary=x":   false,
		"application/json":                  false,
		"":                                  false,
	} {
		if got := isFormType([]byte(value)); got != want {
			t.Errorf("row 44: isFormType(%q) = %v", value, got)
		}
	}
}

// FuzzForm holds our parser to url.ParseQuery: what we accept, it accepts, with the same values.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "a=%41+%2B", "a&b", "%61=x", "a=é", "a=%C0%AF", "a=1&a=2", "a;b", "=x", "%", "\xc7&\xa2", params(65),
		"grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var got form
		if got.parse(src) != nil {
			return
		}
		want, err := url.ParseQuery(string(src))
		if err != nil {
			t.Fatalf("%q: accepted, but the oracle says %v", src, err)
		}
		if len(got.params) != len(want) {
			t.Fatalf("%q: %d parameters, the oracle has %d", src, len(got.params), len(want))
		}
		for _, p := range got.params {
			if values := want[p.name]; len(values) != 1 || values[0] != p.value {
				t.Fatalf("%q: %q = %q, the oracle has %q", src, p.name, p.value, values)
			}
			if !utf8.ValidString(p.name+p.value) || strings.ContainsAny(p.name+p.value, "\x00\r\n") {
				t.Fatalf("%q: accepted %q = %q", src, p.name, p.value)
			}
		}
	})
}

func BenchmarkForm(b *testing.B) {
	src := []byte("grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb&client_id=web&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	var f form
	b.ReportAllocs()
	for b.Loop() {
		if err := f.parse(src); err != nil {
			b.Fatal(err)
		}
	}
}

// params is a query of n different parameters.
func params(n int) string {
	pairs := make([]string, n)
	for i := range pairs {
		pairs[i] = fmt.Sprintf("p%d=%d", i, i)
	}
	return strings.Join(pairs, "&")
}

func TestText_EightBytesAtATimeAreReadAsOneByOne(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			s := []byte(strings.Repeat("x", 17))
			s[at] = byte(c)
			want := c >= 0x20 && c < 0x7f || c == '\t'
			if got := isText(string(s)); got != want {
				t.Errorf("byte %#x at %d: %t, want %t", c, at, got, want)
			}
			if n := plainPrefix(string(s)); (c < 0x20 || c > 0x7e) && n > at {
				t.Errorf("byte %#x at %d: the first %d are said to be plain", c, at, n)
			}
		}
	}
}
