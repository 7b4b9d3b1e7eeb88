package server

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/klog/v2"
)

// The ConfigMap in which kube-apiserver publishes the authorities that it trusts.
const (
	trustNamespace = metav1.NamespaceSystem
	trustConfigMap = "extension-apiserver-authentication"
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
	if config.ClientCertificateCAContentProvider, err = clientCA(o, client); err != nil {
		return fmt.Errorf("authorities of client certificates: %w", err)
	}
	if config.RequestHeaderConfig, err = aggregator(ctx, o, client); err != nil {
		return fmt.Errorf("authorities of the API aggregator: %w", err)
	}

	if err := info.ApplyClientCert(config.ClientCertificateCAContentProvider, serving); err != nil {
		return fmt.Errorf("authorities of client certificates: %w", err)
	}
	if info.RequestHeaderConfig = config.RequestHeaderConfig; info.RequestHeaderConfig != nil {
		if err := info.ApplyClientCert(info.RequestHeaderConfig.CAContentProvider, serving); err != nil {
			return fmt.Errorf("authorities of the API aggregator: %w", err)
		}
	}
	info.Authenticator, _, err = config.New()
	return err
}

// clientCA returns the authorities of client certificates, from a file or else
// from the cluster; nil if the options exclude both.
func clientCA(o *genericoptions.DelegatingAuthenticationOptions, client *client) (dynamiccertificates.CAContentProvider, error) {
	switch {
	case o.ClientCert != genericoptions.ClientCertAuthenticationOptions{}:
		return o.ClientCert.GetClientCAContentProvider()
	case o.SkipInClusterLookup:
		return nil, nil
	}
	return dynamiccertificates.NewDynamicCAFromConfigMapController("client-ca", trustNamespace, trustConfigMap, "client-ca-file", client)
}

// aggregator returns how to recognise the API aggregator, and the headers with
// the user on whose behalf it calls; nil if the options exclude it.
func aggregator(ctx context.Context, o *genericoptions.DelegatingAuthenticationOptions, client *client) (*authenticatorfactory.RequestHeaderConfig, error) {
	switch {
	case o.RequestHeader.ClientCAFile != "":
		return o.RequestHeader.ToAuthenticationRequestHeaderConfig()
	case o.SkipInClusterLookup:
		return nil, nil
	}
	authorities, err := dynamiccertificates.NewDynamicCAFromConfigMapController("client-ca", trustNamespace, trustConfigMap, "requestheader-client-ca-file", client)
	if err != nil {
		return nil, err
	}
	c := &genericoptions.DynamicRequestHeaderController{
		ConfigMapCAController: authorities,
		RequestHeaderAuthRequestController: headerrequest.NewRequestHeaderAuthRequestController(trustConfigMap, trustNamespace, client,
			"requestheader-username-headers", "requestheader-uid-headers", "requestheader-group-headers",
			"requestheader-extra-headers-prefix", "requestheader-allowed-names"),
	}
	// The first read is here, so that a missing right ends the start.
	if err := c.RunOnce(ctx); err != nil {
		if !o.TolerateInClusterLookupFailure {
			return nil, errors.Join(err, errors.New("grant the adapter the role extension-apiserver-authentication-reader in kube-system"))
		}
		klog.FromContext(ctx).Error(err, "Cannot read the authorities that the cluster trusts; callers through the API aggregator may count as anonymous", "configMap", trustNamespace+"/"+trustConfigMap)
		return nil, nil
	}
	return &authenticatorfactory.RequestHeaderConfig{
		CAContentProvider:   c,
		UsernameHeaders:     headerrequest.StringSliceProviderFunc(c.UsernameHeaders),
		UIDHeaders:          headerrequest.StringSliceProviderFunc(c.UIDHeaders),
		GroupHeaders:        headerrequest.StringSliceProviderFunc(c.GroupHeaders),
		ExtraHeaderPrefixes: headerrequest.StringSliceProviderFunc(c.ExtraHeaderPrefixes),
		AllowedClientNames:  headerrequest.StringSliceProviderFunc(c.AllowedClientNames),
	}, nil
}
