package main

import (
	"bytes"
	"errors"
	"os"
	"time"
)

// auditFile is a file that lines are only ever added to. Several processes may do so: each write goes
// to the end, whole, unless the disk is full or the process dies in the middle of it.
type auditFile struct {
	name   string
	create int // os.O_CREATE, or 0
	file   *os.File
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
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(a.name + " is no regular file")
	}
	if err != nil {
		_ = file.Close() // nothing was written to it
		return err
	}
	_ = a.close() // every write said by itself how it went
	a.file = file
	return nil
}

// write adds lines, and returns those that are not in the file. One that is only begun, by whomever, is
// ended, so that it spoils no other; one of these is returned as well.
func (a *auditFile) write(lines []byte) (rest []byte, err error) {
	torn, err := endsTorn(a.file)
	if torn {
		_, err = a.file.Write([]byte("\n"))
	}
	if err != nil {
		return lines, err
	}
	n, err := a.file.Write(lines)
	if err == nil {
		return nil, nil
	}
	return lines[bytes.LastIndexByte(lines[:n], '\n')+1:], err
}

// endsTorn reports whether the last line has no end, and nobody is about to write it.
func endsTorn(file *os.File) (bool, error) {
	const writing = 20 * time.Millisecond // the longest that a write of some lines can be seen half
	for seen := int64(0); ; time.Sleep(writing) {
		info, err := file.Stat()
		if err != nil || info.Size() == 0 {
			return false, err
		}
		var last [1]byte
		if _, err := file.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
			return false, err
		}
		if info.Size() == seen {
			return true, nil
		}
		seen = info.Size()
	}
}

func (a *auditFile) close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
