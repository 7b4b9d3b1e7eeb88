package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// materials writes a bill of materials for each program: the modules that its binaries for
// all platforms carry in their build information, and the standard library.
func (r *release) materials(context.Context) error {
	for _, p := range r.programs {
		binaries, err := filepath.Glob(filepath.Join(r.work(), p.name+"-*-*"))
		if err != nil {
			return err
		}
		modules := map[string]debug.Module{}
		for _, binary := range binaries {
			// The scheduler's name begins with the adapter's.
			if strings.Count(strings.TrimPrefix(filepath.Base(binary), p.name), "-") != 2 {
				continue
			}
			info, err := buildinfo.ReadFile(binary)
			if err != nil {
				return fmt.Errorf("bill of materials: %w", err)
			}
			modules["std"] = debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
			for _, module := range info.Deps {
				if module.Replace != nil {
					module = module.Replace
				}
				modules[module.Path+"@"+module.Version] = *module
			}
		}
		var buffer bytes.Buffer
		if err := cyclonedx.NewBOMEncoder(&buffer, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(r.bill(p, modules)); err != nil {
			return fmt.Errorf("bill of materials: %w", err)
		}
		if err := os.WriteFile(filepath.Join(r.out, materialsFile(p)), buffer.Bytes(), 0o644); err != nil {
			return err
		}
		r.done(materialsFile(p))
	}
	return nil
}

func materialsFile(p program) string { return p.name + ".cdx.json" }

func (r *release) bill(p program, modules map[string]debug.Module) *cyclonedx.BOM {
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{
		Timestamp: r.time.Format("2006-01-02T15:04:05Z"),
		Component: &cyclonedx.Component{
			BOMRef: p.name, Type: cyclonedx.ComponentTypeApplication, Name: p.name, Version: r.version,
			PackageURL: "pkg:golang/github.com/deepscaler/deepscaler@" + r.version,
			Licenses:   &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		},
	}
	components := []cyclonedx.Component{}
	sorted := slices.SortedFunc(maps.Values(modules), func(a, b debug.Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
	for _, module := range sorted {
		version := module.Version
		if strings.HasPrefix(module.Path, ".") || module.Path == "github.com/deepscaler/deepscaler" {
			module.Path, version = "github.com/deepscaler/deepscaler", r.version
		}
		url := "pkg:golang/" + module.Path + "@" + version
		components = append(components, cyclonedx.Component{
			BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: module.Path, Version: version, PackageURL: url,
		})
	}
	bill.Components = &components
	return bill
}
