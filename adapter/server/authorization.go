package server

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	authorizationcel "k8s.io/apiserver/pkg/authorization/cel"
	"k8s.io/apiserver/pkg/authorization/path"
	"k8s.io/apiserver/pkg/authorization/union"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/utils/clock"
)

// authorize sets the authorizer: it queries the cluster unless the group or the
// path is always allowed. It replaces o.ApplyTo for the reason given at
// [authenticate].
func authorize(o *genericoptions.DelegatingAuthorizationOptions) (authorizer.Authorizer, error) {
	client, err := newClient(o.RemoteKubeConfigFile, o.ClientTimeout)
	if err != nil {
		return nil, err
	}
	paths, err := path.NewAuthorizer(o.AlwaysAllowPaths)
	if err != nil {
		return nil, fmt.Errorf("--authorization-always-allow-paths: %w", err)
	}
	cluster, err := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: client.authorization,
		Compiler:                  noExpressions{},
		WebhookRetryBackoff:       o.WebhookRetryBackoff,
		// Its cache is off; reviews has one.
	}.New()
	if err != nil {
		return nil, err
	}
	return union.New(
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/always-allow-groups", Authorizer: authorizerfactory.NewPrivilegedGroups(o.AlwaysAllowGroups...)},
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/always-allow-paths", Authorizer: paths},
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/webhook",
			Authorizer: newReviews(cluster, o.AllowCacheTTL, o.DenyCacheTTL, cmp.Or(o.ClientTimeout, time.Minute), clock.RealClock{})},
	)
}

// noExpressions stands in for the compiler of conditions on requests, of which
// there are none. The real one takes megabytes.
type noExpressions struct{}

// CompileCELExpression implements [authorizationcel.Compiler].
func (noExpressions) CompileCELExpression(authorizationcel.ExpressionAccessor) (authorizationcel.CompilationResult, error) {
	return authorizationcel.CompilationResult{}, errors.New("expressions are not supported")
}
