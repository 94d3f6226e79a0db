package main

import (
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker: -X main.version=… -X main.commit=….
var (
	version = ""
	commit  = ""
)

type buildInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// thisBuild prefers what the Makefile told the linker to what the go command found out.
func thisBuild() buildInfo {
	b := buildInfo{Version: version, Commit: commit, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		if b.Version == "" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}

func newVersion() *cobra.Command {
	return withOutput(&cobra.Command{
		Use: "version", Short: "Show version, commit and Go version",
		RunE: does(func(cmd *cobra.Command, _ []string) error {
			b := thisBuild()
			return show(cmd, b, func(w io.Writer) {
				row(w, "tollgate", b.Version)
				row(w, "commit", b.Commit)
				row(w, "go", b.Go)
			})
		}),
	})
}
