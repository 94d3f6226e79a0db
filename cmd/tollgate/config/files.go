package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tollgate/flows/keys"
)

// maxSecret is more than any password, token or ring of keys.
const maxSecret = 64 << 10

// keys opens the master key. Without one, signing keys could not rest in a store that outlives
// this process.
func (v *validator) keys() {
	k := &v.config.Keys
	between(v, "keys.rotate_every", k.RotateEvery, time.Second, 10*365*24*time.Hour)
	between(v, "keys.publish_ahead", k.PublishAhead, 0, 365*24*time.Hour)
	if k.PublishAhead >= k.RotateEvery {
		v.problem("keys.publish_ahead", "is not shorter than keys.rotate_every (%s); make it shorter", spell(k.RotateEvery))
	}
	const path = "keys.master_key_file"
	if k.MasterKeyFile == "" {
		if v.config.Store == StoreRedis && !v.dev {
			v.problem(path, "is not set; signing keys rest sealed in Redis: make a file with `tollgate key new-master`")
		}
		return
	}
	text, ok := v.secret(path, k.MasterKeyFile)
	if !ok {
		return
	}
	master, err := keys.ParseMaster(text)
	if err != nil {
		v.problem(path, "%v; `tollgate key new-master` makes a good one", err)
		return
	}
	k.Master = master
}

// admin reads the token that opens /admin/v1, which must travel in a header (RFC 6750 2.1).
func (v *validator) admin() {
	const path, enough = "admin.token_file", 16
	token := v.secretLine(path, v.config.Admin.TokenFile)
	switch {
	case token == "":
		return
	case !isToken68(token):
		v.problem(path, "holds characters that no bearer token has; use letters, digits and - . _ ~ + / =")
		return
	case len(token) < enough:
		v.warn(path, "holds a short token; use %d random characters or more", 2*enough)
	}
	v.config.Admin.Token = Secret(token)
}

// isToken68 reports whether s is b64token of RFC 6750 2.1.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for _, r := range body {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-._~+/", r):
		default:
			return false
		}
	}
	return body != ""
}

// secretLine reads a file of one line; "" where there is no file or it is no good.
func (v *validator) secretLine(path string, file SecretFile) string {
	if file == "" {
		return ""
	}
	text, ok := v.secret(path, file)
	if !ok {
		return ""
	}
	line := firstLine(text)
	switch {
	case line == "":
		v.problem(path, "%s is empty; put the secret into it", file)
		return ""
	case strings.ContainsAny(line, "\r\n\x00"):
		v.problem(path, "%s holds more than one line; put only the secret into it", file)
		return ""
	}
	return line
}

// firstLine is a file's only line, without its end.
func firstLine(text []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
}

// secret reads a secret's file, and warns where others can read it too.
func (v *validator) secret(path string, file SecretFile) ([]byte, bool) {
	text, err := readRegular(string(file), v.named(path, file), maxSecret)
	if err != nil {
		v.problem(path, "%v", err)
		return nil, false
	}
	if info, err := os.Stat(string(file)); err == nil && info.Mode().Perm()&0o077 != 0 {
		v.warn(path, "%s can be read by others; run chmod 600 on it", file)
	}
	return text, true
}

// named is what problems call a secret's file: <secret> unless the name looks like one. Many put
// the secret itself where its file belongs, and problems end up in logs.
func (v *validator) named(path string, file SecretFile) string {
	name := string(file)
	if _, err := os.Stat(name); err == nil || errors.Is(err, os.ErrPermission) {
		return name
	}
	if slices.Contains(secretEndings, filepath.Ext(name)) {
		return name
	}
	given := name
	if v.config.origins[path].line != 0 { // then it was made to start at the configuration's folder
		given = strings.TrimPrefix(name, v.config.dir+string(filepath.Separator))
	}
	if first := strings.IndexByte(given[min(1, len(given)):], filepath.Separator) + 1; first > 0 {
		if info, err := os.Stat(name[:len(name)-len(given)+first]); err == nil && info.IsDir() {
			return name // base64 has slashes, too, but not behind a folder that exists
		}
	}
	return hidden
}

// secretEndings are what files with a secret in them end in, and secrets do not.
var secretEndings = []string{".conf", ".env", ".key", ".pass", ".password", ".pem", ".pw", ".secret", ".token", ".txt"}

// readRegular is readBounded of a regular file: a pipe that nobody writes to would hold up the
// start for good, and a device has no end.
func readRegular(file, name string, limit int64) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a pipe or a device; name a regular file", name)
	}
	return readBounded(file, name, limit)
}

// readPEM reads a file of certificates or of a key. A name that is PEM itself is not repeated.
func readPEM(file File) ([]byte, error) {
	name := string(file)
	if strings.Contains(name, "\n") || strings.Contains(name, "-----BEGIN") {
		name = hidden
	}
	return readRegular(string(file), name, maxFile)
}

// pair checks a certificate and its key, which come together or not at all.
func (v *validator) pair(section string, cert, key File) {
	switch {
	case cert == "" && key == "":
		return
	case cert == "":
		v.problem(section+".cert_file", "is not set while %s.key_file is; set both or neither", section)
		return
	case key == "":
		v.problem(section+".key_file", "is not set while %s.cert_file is; set both or neither", section)
		return
	}
	certText, certErr := readPEM(cert)
	keyText, keyErr := readPEM(key)
	if certErr != nil {
		v.problem(section+".cert_file", "%v", certErr)
	}
	if keyErr != nil {
		v.problem(section+".key_file", "%v", keyErr)
	}
	if certErr != nil || keyErr != nil {
		return
	}
	parsed, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		v.problem(section+".cert_file", "and its key cannot be used: %s", strings.TrimPrefix(err.Error(), "tls: "))
		return
	}
	if parsed.Leaf != nil && time.Now().After(parsed.Leaf.NotAfter) {
		v.warn(section+".cert_file", "expired on %s; renew it", parsed.Leaf.NotAfter.Format(time.DateOnly))
	}
}

// authorities checks a file of PEM certificates.
func (v *validator) authorities(path string, file File) {
	if file == "" {
		return
	}
	text, err := readPEM(file)
	if err != nil {
		v.problem(path, "%v", err)
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		v.problem(path, "%s holds no PEM certificate", file)
	}
}

// auditFile checks where a file is to be written. Serve makes it.
func (v *validator) auditFile(path string, file File) {
	if file == "" {
		return
	}
	info, err := os.Stat(string(file))
	switch {
	case err == nil && info.IsDir():
		v.problem(path, "%s is a folder; name a file in it", file)
	case err == nil && !info.Mode().IsRegular():
		v.problem(path, "%s is a pipe or a device; name a regular file", file)
	case err == nil && info.Mode().Perm()&0o077 != 0:
		v.warn(path, "%s can be read by others; run chmod 600 on it", file)
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(string(file))); err != nil {
			v.problem(path, "the folder of %s does not exist; create it, or correct the name", file)
		}
	case err != nil:
		v.problem(path, "%v", plainFileError(string(file), err))
	}
}
