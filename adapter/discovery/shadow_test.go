package discovery

import (
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// The annotation survives what is kept of an autoscaler, and wins over the mode of its
// application. Held, an autoscaler keeps its pods or follows its other metrics.
func TestShadow(t *testing.T) {
	for name, c := range map[string]struct {
		annotation, application string
		beside                  bool
		pods                    int32
		shadow, known           bool
		held                    int
	}{
		"active":                    {"", Active, false, 4, false, true, 4},
		"of the application":        {"", Shadow, false, 4, true, true, 4},
		"by annotation":             {Shadow, Active, false, 4, true, true, 4},
		"a misspelt word":           {"shadwo", Active, false, 4, true, true, 4},
		"switched on by annotation": {Active, Shadow, false, 4, false, true, 4},
		"beside another metric":     {Shadow, Active, true, 4, true, true, 2},
		"pods not counted yet":      {Shadow, Active, false, 0, true, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			hpa := autoscaler("shop", "web", "web")
			hpa.Spec.MinReplicas = new(int32(2))
			if c.annotation != "" {
				hpa.Annotations = map[string]string{ModeAnnotation: c.annotation}
			}
			if !c.beside {
				hpa.Spec.Metrics = hpa.Spec.Metrics[1:]
			}
			if c.pods > 0 {
				hpa.Status.CurrentReplicas, hpa.Status.DesiredReplicas = c.pods, c.pods
				hpa.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive}}
			}
			kept, err := trim(hpa)
			if err != nil {
				t.Fatal(err)
			}
			s := Resolve([]*autoscalingv2.HorizontalPodAutoscaler{kept.(*autoscalingv2.HorizontalPodAutoscaler)}, nil).
				Modes(func(string) string { return c.application }).Applications[0].Services[0]
			held, known := s.Held()
			if s.InShadow() != c.shadow || known != c.known || held != c.held {
				t.Errorf("in shadow %v, held at %d (known %v)", s.InShadow(), held, known)
			}
		})
	}
}
