package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/utils/clock"
)

// remembered is how many answers are kept.
const remembered = 8192

// reviews remembers the answers of the cluster to questions of authorisation. The cache of
// the library has the selector of a request in its key, so every autoscaler would cost a
// review of its own at every sync. A selector only narrows what is read, so the right
// to read without one includes it; and who may read in all namespaces may read in each.
// The controller of the autoscalers then costs one review for each lifetime of an answer.
//
// Requests that ask the same at the same time share a review.
type reviews struct {
	// Authorizer asks the cluster.
	authorizer.Authorizer

	// allowed and denied are the lifetimes of answers: a revoked right ends that soon.
	allowed, denied time.Duration
	// timeout bounds a review, which outlives the request that has begun it.
	timeout time.Duration
	answers *cache.LRUExpireCache
	asking  singleflight.Group
}

func newReviews(cluster authorizer.Authorizer, allowed, denied, timeout time.Duration, c clock.Clock) *reviews {
	return &reviews{Authorizer: cluster, allowed: allowed, denied: denied, timeout: timeout, answers: cache.NewLRUExpireCacheWithClock(remembered, c)}
}

type answer struct {
	decision authorizer.Decision
	reason   string
}

// Authorize implements [authorizer.Authorizer].
func (r *reviews) Authorize(ctx context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	if a.IsResourceRequest() && a.IsReadOnly() && a.GetNamespace() != "" {
		everywhere, err := r.ask(ctx, question{Attributes: a, everywhere: true})
		if err != nil || everywhere.decision == authorizer.DecisionAllow {
			return everywhere.decision, everywhere.reason, err
		}
	}
	answer, err := r.ask(ctx, question{Attributes: a})
	return answer.decision, answer.reason, err
}

// ConditionsAwareAuthorize implements [authorizer.Authorizer]. Reviews have no conditions.
func (r *reviews) ConditionsAwareAuthorize(ctx context.Context, a authorizer.Attributes) authorizer.ConditionsAwareDecision {
	return authorizer.ConditionsAwareDecisionFromParts(r.Authorize(ctx, a))
}

// ask returns the remembered answer, or that of the cluster.
func (r *reviews) ask(ctx context.Context, q question) (answer, error) {
	key := q.key()
	if known, ok := r.answers.Get(key); ok {
		if a, ok := known.(answer); ok {
			return a, nil
		}
	}
	select {
	case asked := <-r.asking.DoChan(key, func() (any, error) { return r.review(context.WithoutCancel(ctx), key, q) }):
		a, _ := asked.Val.(answer)
		return a, asked.Err
	case <-ctx.Done():
		return answer{decision: authorizer.DecisionNoOpinion}, context.Cause(ctx)
	}
}

func (r *reviews) review(ctx context.Context, key string, q question) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	decision, reason, err := r.Authorizer.Authorize(ctx, q)
	a := answer{decision, reason}
	if err != nil {
		return a, err
	}
	lifetime := r.denied
	if decision == authorizer.DecisionAllow {
		lifetime = r.allowed
	}
	r.answers.Add(key, a, lifetime)
	return a, nil
}

// question is a request without its selectors.
type question struct {
	authorizer.Attributes

	// everywhere asks about all objects of all namespaces instead.
	everywhere bool
}

// GetNamespace implements [authorizer.Attributes]. In a review, no namespace means all.
func (q question) GetNamespace() string {
	if q.everywhere {
		return ""
	}
	return q.Attributes.GetNamespace()
}

// GetName implements [authorizer.Attributes]. In a review, no name means all.
func (q question) GetName() string {
	if q.everywhere {
		return ""
	}
	return q.Attributes.GetName()
}

// GetFieldSelector implements [authorizer.Attributes].
func (question) GetFieldSelector() (fields.Requirements, error) { return nil, nil }

// GetLabelSelector implements [authorizer.Attributes].
func (question) GetLabelSelector() (labels.Requirements, error) { return nil, nil }

// key returns a text that is the same for equal questions only: every part has its length
// before it.
func (q question) key() string {
	var b strings.Builder
	b.Grow(256)
	add := func(part string) {
		b.WriteString(strconv.Itoa(len(part)))
		b.WriteByte(':')
		b.WriteString(part)
	}
	who := q.GetUser()
	if who == nil {
		who = &user.DefaultInfo{}
	}
	add(who.GetName())
	add(who.GetUID())
	list := func(parts []string) {
		add(strconv.Itoa(len(parts)))
		for _, p := range parts {
			add(p)
		}
	}
	list(who.GetGroups())
	extra := who.GetExtra()
	names := make([]string, 0, len(extra))
	for name := range extra {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(name)
		list(extra[name])
	}
	add(q.GetVerb())
	if !q.IsResourceRequest() {
		add("path")
		add(q.GetPath())
		return b.String()
	}
	add("resource")
	for _, part := range []string{q.GetAPIGroup(), q.GetAPIVersion(), q.GetResource(), q.GetSubresource(), q.GetNamespace(), q.GetName()} {
		add(part)
	}
	return b.String()
}
