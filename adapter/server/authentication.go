package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/apiserver/pkg/authentication/request/union"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// The ConfigMap in which kube-apiserver publishes the authorities that it trusts.
const (
	trustNamespace = metav1.NamespaceSystem
	trustConfigMap = "extension-apiserver-authentication"

	requestHeaderCA = "requestheader-client-ca-file"
)

// authenticate identifies callers by client certificate, by the headers of the
// API aggregator or by token, as o.ApplyTo does. That function creates the
// clientset of all API groups, which wastes memory.
func authenticate(ctx context.Context, o *genericoptions.DelegatingAuthenticationOptions, info *genericapiserver.AuthenticationInfo, serving *genericapiserver.SecureServingInfo) error {
	client, err := newClient(o.RemoteKubeConfigFile, 0)
	if err != nil {
		return err
	}
	config := authenticatorfactory.DelegatingAuthenticatorConfig{
		Anonymous:                o.Anonymous,
		CacheTTL:                 o.CacheTTL,
		WebhookRetryBackoff:      o.WebhookRetryBackoff,
		TokenAccessReviewClient:  client.authentication,
		TokenAccessReviewTimeout: o.TokenRequestTimeout,
	}
	trusted, err := trusted(ctx, o, client)
	if err != nil {
		return fmt.Errorf("authorities that the cluster trusts: %w", err)
	}
	if config.ClientCertificateCAContentProvider, err = clientCA(o, client, trusted); err != nil {
		return fmt.Errorf("authorities of client certificates: %w", err)
	}
	if info.RequestHeaderConfig, err = aggregator(ctx, o, client, trusted); err != nil {
		return fmt.Errorf("authorities of the API aggregator: %w", err)
	}

	if err := info.ApplyClientCert(config.ClientCertificateCAContentProvider, serving); err != nil {
		return fmt.Errorf("authorities of client certificates: %w", err)
	}
	if info.Authenticator, _, err = config.New(); err != nil || info.RequestHeaderConfig == nil {
		return err
	}
	if err := info.ApplyClientCert(info.RequestHeaderConfig.CAContentProvider, serving); err != nil {
		return fmt.Errorf("authorities of the API aggregator: %w", err)
	}
	info.Authenticator = union.New(newFrontProxy(info.RequestHeaderConfig, clock.RealClock{}), info.Authenticator)
	return nil
}

// trusted returns the authorities in the cluster's ConfigMap as they are now; empty when
// nobody needs them. This read is the first, so that a missing right ends the start.
func trusted(ctx context.Context, o *genericoptions.DelegatingAuthenticationOptions, client *client) (map[string]string, error) {
	files := o.RequestHeader.ClientCAFile != "" && o.ClientCert != genericoptions.ClientCertAuthenticationOptions{}
	if files || o.SkipInClusterLookup {
		return nil, nil
	}
	found, err := client.CoreV1().ConfigMaps(trustNamespace).Get(ctx, trustConfigMap, metav1.GetOptions{})
	switch {
	case err == nil && found.Data != nil:
		return found.Data, nil
	case err == nil:
		return map[string]string{}, nil
	case o.TolerateInClusterLookupFailure:
		klog.FromContext(ctx).Error(err, "Cannot read the authorities that the cluster trusts; callers through the API aggregator may count as anonymous", "configMap", trustNamespace+"/"+trustConfigMap)
		return nil, nil
	}
	return nil, errors.Join(err, errors.New("grant the adapter the role extension-apiserver-authentication-reader in kube-system"))
}

// clientCA returns the authorities of client certificates, from a file or else
// from the cluster; nil if the options exclude both.
func clientCA(o *genericoptions.DelegatingAuthenticationOptions, client *client, trusted map[string]string) (dynamiccertificates.CAContentProvider, error) {
	switch {
	case o.ClientCert != genericoptions.ClientCertAuthenticationOptions{}:
		return o.ClientCert.GetClientCAContentProvider()
	case o.SkipInClusterLookup:
		return nil, nil
	}
	return fromCluster("client-ca-file", client, trusted)
}

// aggregator returns how to recognise the API aggregator, and the headers with
// the user on whose behalf it calls; nil if the options exclude it.
func aggregator(ctx context.Context, o *genericoptions.DelegatingAuthenticationOptions, client *client, trusted map[string]string) (*authenticatorfactory.RequestHeaderConfig, error) {
	switch {
	case o.RequestHeader.ClientCAFile != "":
		return o.RequestHeader.ToAuthenticationRequestHeaderConfig()
	case o.SkipInClusterLookup:
		return nil, nil
	}
	if trusted == nil {
		return nil, nil
	}
	authorities, err := dynamiccertificates.NewDynamicCAFromConfigMapController("client-ca", trustNamespace, trustConfigMap, requestHeaderCA, client)
	if err != nil {
		return nil, err
	}
	c := &genericoptions.DynamicRequestHeaderController{
		ConfigMapCAController: authorities,
		RequestHeaderAuthRequestController: headerrequest.NewRequestHeaderAuthRequestController(trustConfigMap, trustNamespace, client,
			"requestheader-username-headers", "requestheader-uid-headers", "requestheader-group-headers",
			"requestheader-extra-headers-prefix", "requestheader-allowed-names"),
	}
	if err := c.RunOnce(ctx); err != nil {
		return nil, err
	}
	known, err := prime(c, requestHeaderCA, trusted)
	if err != nil {
		return nil, err
	}
	return &authenticatorfactory.RequestHeaderConfig{
		CAContentProvider:   known,
		UsernameHeaders:     headerrequest.StringSliceProviderFunc(c.UsernameHeaders),
		UIDHeaders:          headerrequest.StringSliceProviderFunc(c.UIDHeaders),
		GroupHeaders:        headerrequest.StringSliceProviderFunc(c.GroupHeaders),
		ExtraHeaderPrefixes: headerrequest.StringSliceProviderFunc(c.ExtraHeaderPrefixes),
		AllowedClientNames:  headerrequest.StringSliceProviderFunc(c.AllowedClientNames),
	}, nil
}

// fromCluster returns the authorities under a key of the cluster's ConfigMap.
func fromCluster(key string, client *client, trusted map[string]string) (dynamiccertificates.CAContentProvider, error) {
	c, err := dynamiccertificates.NewDynamicCAFromConfigMapController("client-ca", trustNamespace, trustConfigMap, key, client)
	if err != nil {
		return nil, err
	}
	return prime(c, key, trusted)
}

// following are authorities that follow a source once they run.
type following interface {
	dynamiccertificates.CAContentProvider
	dynamiccertificates.ControllerRunner
}

// primed has the first authorities until it follows its source. The controllers of the
// library have none for the first moments, in which the API aggregator would count as
// anonymous and its requests be refused.
type primed struct {
	following

	first dynamiccertificates.CAContentProvider
}

// prime returns c, with what is trusted under a key until it has authorities by itself.
func prime(c following, key string, trusted map[string]string) (dynamiccertificates.CAContentProvider, error) {
	if trusted[key] == "" {
		return c, nil
	}
	first, err := dynamiccertificates.NewStaticCAContent(c.Name(), []byte(trusted[key]))
	if err != nil {
		return nil, fmt.Errorf("%s of ConfigMap %s/%s: %w", key, trustNamespace, trustConfigMap, err)
	}
	return primed{following: c, first: first}, nil
}

// CurrentCABundleContent implements [dynamiccertificates.CAContentProvider].
func (p primed) CurrentCABundleContent() []byte {
	if bundle := p.following.CurrentCABundleContent(); len(bundle) > 0 {
		return bundle
	}
	return p.first.CurrentCABundleContent()
}

// VerifyOptions implements [dynamiccertificates.CAContentProvider].
func (p primed) VerifyOptions() (x509.VerifyOptions, bool) {
	if options, ok := p.following.VerifyOptions(); ok {
		return options, true
	}
	return p.first.VerifyOptions()
}
