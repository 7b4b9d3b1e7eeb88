package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
)

// version is set by the linker: -ldflags "-X main.version=v1.2.3". Otherwise
// the version of the module is used.
var version string

// buildInfo returns the version and revision of the binary.
func buildInfo() selfmetrics.Build {
	build := selfmetrics.Build{Version: version}
	info, ok := debug.ReadBuildInfo()
	if ok {
		build.Version = cmp.Or(build.Version, info.Main.Version)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				build.Revision = s.Value
			}
		}
	}
	build.Version = cmp.Or(build.Version, "(unknown)")
	build.Revision = cmp.Or(build.Revision, "(unknown)")
	return build
}

// versionText returns the output of version and --version.
func versionText() string {
	build := buildInfo()
	return fmt.Sprintf("deepscaler %s\nrevision %s\n%s %s/%s\n",
		build.Version, build.Revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print version, revision and Go version",
		Example: "  deepscaler version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), versionText())
			return err
		},
	}
}
