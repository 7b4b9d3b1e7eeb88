package main

import (
	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/backtest"
)

func newBacktestCommand() *cobra.Command {
	options := backtest.NewOptions()
	cmd := &cobra.Command{
		Use:   "backtest --series FILE --model-file FILE",
		Short: "Judge a model on recorded history",
		Long: `Backtest predicts a part of recorded history with a model, and compares the errors
with those of two forecasts that cost nothing: that everything stays as it is
(persistence), and that everything is as it was a season ago (seasonal). Errors
are in the unit of the target:

  MAE     mean absolute error
  RMSE    root of the mean squared error, which counts large errors more
  MAPE %  mean absolute error relative to the truth; truths of 0 are left out

The series must have the services, the features and the step of the model. Inputs
are scaled as they were in training.`,
		Example: `  # The part of the history that training kept back
  deepscaler backtest --series shop.csv.gz --model-file model.safetensors

  # All of a day that the model has never seen, service by service
  deepscaler backtest --series friday.csv.gz --model-file model.safetensors --split 1/0/99 --per-service

  # By how much the model beats persistence, for a script
  deepscaler backtest --series shop.csv.gz --model-file model.safetensors --output json |
    jq '.overall.model.mae / .overall.persistence.mae'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return err
			}
			c, err := options.Config(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return c.Run(ctx)
		},
	}
	options.Flags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}
