package adapter

import (
	"fmt"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
)

// In shadow everything is computed and exported, and the metric answers the present pods.
func TestShadow(t *testing.T) {
	s := start(t, func(s *system) {
		web := fakekube.Autoscaler("shop", "web")
		web.Annotations = map[string]string{discovery.ModeAnnotation: discovery.Shadow}
		web.Status = autoscalingv2.HorizontalPodAutoscalerStatus{
			CurrentReplicas: 2, DesiredReplicas: 2,
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive}},
		}
		if err := s.kube.PutAutoscaler(web); err != nil {
			t.Fatal(err)
		}
	})
	s.ready(t)
	var list v1beta1.ExternalMetricValueList
	s.decode(t, webValue, &list)
	if len(list.Items) != 1 || list.Items[0].Value.Value() != 2 {
		t.Errorf("the metric of web is %+v, want its 2 pods", list.Items)
	}
	web := s.describe(t, explain.Query{Namespace: "shop", Service: "web", Full: true}).Services[0]
	if *web.Desired <= 2 || web.Served == nil || *web.Served != 2 || !strings.Contains(strings.Join(web.Detail.Words, " "), "in shadow") {
		t.Errorf("the explanation is %+v %q", web, web.Detail.Words)
	}
	_, body := s.get(t, "prometheus", "/metrics")
	for _, want := range []string{
		fmt.Sprintf(`deepscaler_shadow_replicas{application="shop",namespace="shop",service="web"} %d`, *web.Desired),
		`deepscaler_desired_replicas{application="shop",namespace="shop",service="web"} 2`,
		`deepscaler_desired_replicas{application="shop",namespace="shop",service="cart"} `,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(body, `deepscaler_shadow_replicas{application="shop",namespace="shop",service="cart"}`) {
		t.Error("cart is in shadow too")
	}
}
