"""What operators ask a service: is it alive, is it ready, its metrics, its log lines."""
