package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tollgate/flows/keys"
)

var secretFiles = []string{"keys.master_key_file", "admin.token_file", "redis.password_file"}

// loadError returns what is said about a configuration that must not load.
func loadError(t *testing.T, file string, environ ...string) string {
	t.Helper()
	_, err := Load(file, environ)
	if err == nil {
		t.Fatal("loaded, want problems")
	}
	return err.Error()
}

func TestSecretFiles_ASecretInPlaceOfItsFileIsNotShown(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	secrets := []string{keys.NewMasterKey(), "abc/def+never-shown==", "/abc/def+never-shown==", "never-shown.never-shown", "never shown", strings.Repeat("never-shown", 50)}
	for _, path := range secretFiles {
		for _, secret := range secrets {
			os.WriteFile(file, nil, 0o600)
			section, key, _ := strings.Cut(path, ".")
			fromEnv := loadError(t, file, variable(path)+"="+secret)
			os.WriteFile(file, []byte(section+":\n  "+key+": "+secret+"\n"), 0o600)
			for _, said := range []string{fromEnv, loadError(t, file)} {
				if strings.Contains(said, strings.TrimLeft(secret, "/")) || !strings.Contains(said, path) || !strings.Contains(said, "<secret> ") {
					t.Errorf("%s: said %s", path, said)
				}
			}
		}
	}
	pem := "-----BEGIN PRIVATE KEY-----\nnever-shown\n-----END PRIVATE KEY-----"
	os.WriteFile(file, nil, 0o600)
	if said := loadError(t, file, "TOLLGATE_TLS__KEY_FILE="+pem, "TOLLGATE_TLS__CERT_FILE="+pem); strings.Contains(said, "never-shown") {
		t.Errorf("said %s", said)
	}
}

func TestSecretFiles_AFilesNameIsShown(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "secrets"), 0o700)
	file := filepath.Join(dir, "c.yaml")
	os.WriteFile(file, []byte("keys: {master_key_file: secrets/absent}\n"), 0o600)
	for said, want := range map[string]string{
		loadError(t, file): filepath.Join(dir, "secrets/absent") + " does not exist",
		loadError(t, file, "TOLLGATE_KEYS__MASTER_KEY_FILE=absent.key"):           "absent.key does not exist",
		loadError(t, file, "TOLLGATE_KEYS__MASTER_KEY_FILE="+dir+"/nowhere/here"): dir + "/nowhere/here does not exist",
		loadError(t, file, "TOLLGATE_KEYS__MASTER_KEY_FILE="+dir):                 dir + " is a folder",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("said %s, want %s", said, want)
		}
	}
}

func TestSecretFiles_OnlyARegularFileIsRead(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large")
	os.WriteFile(large, []byte(strings.Repeat("x", maxSecret+1)), 0o600)
	check := func(path, name, want string) {
		t.Helper()
		said := loadError(t, "", variable(path)+"="+name, "TOLLGATE_TLS__CERT_FILE=testdata/good/files/master.key", "TOLLGATE_REDIS__TLS__ENABLED=true")
		if !strings.Contains(said, path+" ("+variable(path)+"): "+name+" "+want) {
			t.Errorf("%s: said %s", path, said)
		}
	}
	for _, path := range secretFiles {
		check(path, large, "is larger than 64KiB; correct the name")
	}
	for _, path := range append(secretFiles, "tls.key_file", "redis.tls.ca_file") {
		check(path, fifo, "is a pipe or a device; name a regular file")
		check(path, "/dev/zero", "is a pipe or a device; name a regular file")
	}
}
