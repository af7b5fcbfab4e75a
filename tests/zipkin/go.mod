module impact/tests/zipkin

go 1.22

require github.com/openzipkin/zipkin-go v0.4.3
