"""What exercises the application: readiness, HTTP, crawl, OpenAPI, commands inside and outside; and what came
back."""
