package certs

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

var names = []string{"a.b.svc", "localhost"}

// made returns a bundle that was made from another at the given time.
func made(t *testing.T, b bundle, at time.Time) bundle {
	t.Helper()
	b, err := b.renew(names, at)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheck(t *testing.T) {
	now := time.Now()
	good, other := made(t, bundle{}, now), made(t, bundle{}, now)
	for name, c := range map[string]struct {
		b     bundle
		names []string
		at    time.Time
		good  bool
	}{
		"new":                    {good, names, now, true},
		"about to end":           {good, names, now.Add(servingLifetime - time.Minute), true},
		"over":                   {good, names, now.Add(servingLifetime + time.Minute), false},
		"a clock that is behind": {good, names, now.Add(-backdate + time.Minute), true},
		"another name":           {good, []string{"a.b.svc", "c.b.svc"}, now, false},
		"nothing":                {bundle{}, names, now, false},
		"no key":                 {bundle{good.caCert, good.caKey, good.cert, nil}, names, now, false},
		"another's key":          {bundle{good.caCert, good.caKey, good.cert, other.key}, names, now, false},
		"another's authority":    {bundle{other.caCert, other.caKey, good.cert, good.key}, names, now, false},
		"no authority":           {bundle{nil, nil, good.cert, good.key}, names, now, false},
		"garbage":                {bundle{[]byte("x"), []byte("x"), []byte("x"), []byte("x")}, names, now, false},
		"the authority itself":   {bundle{good.caCert, good.caKey, good.caCert, good.caKey}, names, now, false},
	} {
		if err := c.b.check(c.names, c.at); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenewKeepsAnAuthorityThatLasts(t *testing.T) {
	now := time.Now()
	old := made(t, bundle{}, now)
	for name, c := range map[string]struct {
		b     bundle
		at    time.Time
		same  bool // the authority stays
		trust bool // the old serving certificate is still trusted
	}{
		"serving certificate at its end": {old, now.Add(servingLifetime), true, false},
		"another's serving certificate":  {bundle{old.caCert, old.caKey, nil, nil}, now, true, true},
		"authority near its end":         {old, now.Add(authorityLifetime - renewBefore + time.Hour), false, false},
		"authority without its key":      {bundle{old.caCert, nil, old.cert, old.key}, now, false, false},
		"no authority but a certificate": {bundle{old.cert, old.key, old.cert, old.key}, now, false, false},
		"garbage":                        {bundle{[]byte("x"), []byte("x"), []byte("x"), []byte("x")}, now, false, false},
	} {
		b := made(t, c.b, c.at)
		if err := b.check(names, c.at.Add(renewBefore)); err != nil {
			t.Errorf("%s: the new one is no better: %v", name, err)
		}
		if bytes.Equal(b.caKey, old.caKey) != c.same {
			t.Errorf("%s: the authority's key is the same: %v", name, !c.same)
		}
		mixed := bundle{b.caCert, b.caKey, old.cert, old.key}
		if trusted := mixed.check(names, c.at) == nil; trusted != c.trust {
			t.Errorf("%s: what the old authority signed is trusted: %v", name, trusted)
		}
	}
}

// A certificate that replicas still serve while they have not yet seen that of
// a new authority.
func TestTheOldAuthorityIsTrustedWhileANewOneSpreads(t *testing.T) {
	start := time.Now()
	old := made(t, bundle{}, start)
	end := start.Add(authorityLifetime - renewBefore)
	old = made(t, old, end.Add(-24*time.Hour))
	b := made(t, old, end.Add(time.Hour))
	if bytes.Equal(b.caKey, old.caKey) {
		t.Fatal("the authority stayed")
	}
	if err := (bundle{b.caCert, b.caKey, old.cert, old.key}).check(names, end.Add(time.Hour)); err != nil {
		t.Errorf("the old certificate is refused at once: %v", err)
	}
	b = made(t, b, end.Add(authorityLifetime))
	if n := bytes.Count(b.caCert, []byte("BEGIN CERTIFICATE")); n != 2 {
		t.Errorf("%d authorities are trusted, want the new and the last one", n)
	}
}

func TestPutLeavesTheRestOfTheSecret(t *testing.T) {
	seen := &corev1.Secret{Data: map[string][]byte{"note": []byte("n")}}
	b := bundle{[]byte("1"), []byte("2"), []byte("3"), []byte("4")}
	want := map[string][]byte{"note": []byte("n"), "ca.crt": []byte("1"), "ca.key": []byte("2"), "tls.crt": []byte("3"), "tls.key": []byte("4")}
	if diff := cmp.Diff(want, b.put(seen).Data); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(seen.Data) != 1 {
		t.Error("the cached object was modified")
	}
	if got := bundleOf(b.put(&corev1.Secret{})); !bytes.Equal(got.cert, b.cert) || !bytes.Equal(got.caKey, b.caKey) {
		t.Errorf("read back %+v", got)
	}
}
