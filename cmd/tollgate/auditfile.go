package main

import (
	"bytes"
	"errors"
	"os"
)

// auditFile is a file that lines are only ever added to. Several processes may do so: each write goes
// to the end, whole.
type auditFile struct {
	name   string
	create int // os.O_CREATE, or 0
	file   *os.File
	torn   bool // the last line has no end: the disk was full, or a process died
}

func openAuditFile(name string, create int) (*auditFile, error) {
	a := &auditFile{name: name, create: create}
	return a, a.open()
}

// open opens the file by its name. Where that fails, what was open stays so.
func (a *auditFile) open() error {
	file, err := os.OpenFile(a.name, os.O_APPEND|os.O_RDWR|a.create, 0o600)
	if err != nil {
		return err
	}
	torn, err := endsTorn(file)
	if err != nil {
		_ = file.Close() // nothing was written to it
		return err
	}
	_ = a.close() // every write said by itself how it went
	a.file, a.torn = file, torn
	return nil
}

func endsTorn(file *os.File) (bool, error) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, errors.New(file.Name() + " is no regular file")
	case info.Size() == 0:
		return false, nil
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// write adds lines, and returns those that are not in the file. One that is only begun is ended, so
// that it spoils no other, and is returned as well.
func (a *auditFile) write(lines []byte) (rest []byte, err error) {
	if a.torn {
		if _, err := a.file.Write([]byte("\n")); err != nil {
			return lines, err
		}
		a.torn = false
	}
	n, err := a.file.Write(lines)
	if err == nil {
		return nil, nil
	}
	if n > 0 {
		a.torn = lines[n-1] != '\n'
	}
	return lines[bytes.LastIndexByte(lines[:n], '\n')+1:], err
}

func (a *auditFile) close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
