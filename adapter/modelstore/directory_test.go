package modelstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

// TestDirectory does without ConfigMaps.
func TestDirectory(t *testing.T) {
	s := newSite(t)
	shared := t.TempDir()
	s.config = func(a *config.Adapter) { a.Models.Directory = shared }
	leader, follower := s.lead(), s.start(false)
	large := constant(t, 2, func(h *fakemodel.Shape) { h.Hidden = 512 })
	learn(t, leader, large, "")
	s.wants(leader, "it is published", fmt.Sprintf("shop: %.8s is published from 12:01:30", large.Hash()))
	leader.changed()
	follower.changed()
	for _, r := range []*replica{leader, follower} {
		s.eventually("it is loaded", func() bool { r.changed(); return serves(t, r, at(3)) == 2 && serves(t, r, at(2)) == 0 })
	}
	if n := len(s.kube.Objects("configmaps")); n != 1 {
		t.Errorf("%d ConfigMaps, want that of the API server", n)
	}
	if err := os.WriteFile(filepath.Join(shared, "shop", "latest.safetensors"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	follower.changed()
	s.eventually("a file of another name is reported", func() bool { return strings.Contains(follower.news.failure(), "latest.safetensors") })
	s.clock.Step(5 * step)
	s.eventually("it serves", func() bool { return serves(t, follower, s.clock.Now()) == 2 })
	if err := os.RemoveAll(shared); err != nil {
		t.Fatal(err)
	}
	follower.changed()
	s.eventually("a folder that is gone is reported", func() bool { return strings.Contains(follower.news.failure(), "models.directory") })
}
