"""What is wrong with an argument or a setting is said when the app is set up, by its name."""

import copy

import pytest
from opentelemetry import trace

from impact_stack.observability import tracing
from impact_stack.observability.health import Health
from impact_stack.observability.tracing.provider import TracerProvider

NOTHINGS = [5, 0.1, "x", b"x", object(), [1], len]


def ids_of(value):
    """Return what a test is called."""
    return type(value).__name__


@pytest.mark.parametrize("value", NOTHINGS, ids=ids_of)
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("sampler", "has no should_sample"),
        ("id_generator", "has no generate_trace_id"),
        ("active_span_processor", r"has no on_start\(\) and no on_end"),
        ("resource", "resource is of type .*, which has no attributes"),
        ("span_limits", "span_limits is of type .*, not SpanLimits"),
        ("otlp", "the options of the exporter otlp are of type .*, not a mapping"),
    ],
)
def test_a_provider_refuses_what_could_never_be_used(argument, said, value):
    """Not at each span, where nobody sees it."""
    with pytest.raises(TypeError, match=said):
        TracerProvider(**{argument: value}, **({} if argument == "otlp" else {"exporters": ()}))


@pytest.mark.parametrize("value", [None, *NOTHINGS], ids=ids_of)
def test_what_is_no_processor_is_refused(value):
    with pytest.raises(TypeError, match="the span processor is of type"):
        TracerProvider(exporters=()).add_span_processor(value)


def test_a_processor_needs_one_method_only():
    class Last:
        def on_end(self, span):
            seen.append(span.name)

    seen = []
    provider = TracerProvider(exporters=())
    provider.add_span_processor(Last())
    provider.get_tracer("x").start_span("a").end()
    assert seen == ["a"]


@pytest.mark.parametrize("value", NOTHINGS, ids=ids_of)
def test_what_is_no_provider_is_refused(value):
    with pytest.raises(TypeError, match="tracer_provider is of type"):
        tracing.init_tracing(tracer_provider=value, set_global_tracer_provider=False)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("TRACING_INSTRUMENTORS", 5, "the names of instrumentors are of type int"),
        ("TRACING_RESOURCE_ATTRIBUTES", "a=b", "TRACING_RESOURCE_ATTRIBUTES is 'a=b', not a"),
        ("TRACING_RESOURCE_ATTRIBUTES", [("a", "b")], "not a mapping"),
        ("TRACING_OTLP", "http://x", "the options of the exporter otlp are of type str"),
        ("TRACING_OTLP", {"headers": "a=b"}, "the headers of the exporter otlp are 'a=b'"),
        ("TRACING_OTLP", {"timeout": "5"}, "the timeout of the exporter otlp is '5'"),
    ],
)
def test_an_app_with_a_wrong_setting_is_left_as_it_was(app, monkeypatch, key, value, said):
    """Also the process's own provider."""
    monkeypatch.setattr(trace, "set_tracer_provider", lambda provider: pytest.fail("it was set"))
    app.config[key] = value
    with pytest.raises(TypeError, match=said):
        tracing.Tracing(app)
    assert "tracing" not in app.extensions


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("HEALTH_BUDGET_MS", True, "HEALTH_BUDGET_MS is True"),
        ("HEALTH_LISTEN", "x", "HEALTH_LISTEN is 'x', not an address"),
        ("HEALTH_LISTEN", "", "HEALTH_LISTEN is '', not an address"),
        ("HEALTH_SERVICE_ID", "a\nb", r"HEALTH_SERVICE_ID is 'a\\nb'"),
        ("HEALTH_SERVICE_ID", " a", "HEALTH_SERVICE_ID is ' a'"),
        ("HEALTH_DESCRIPTION", "x" * 256, "HEALTH_DESCRIPTION is 'xxx"),
    ],
)
def test_a_setting_of_health_is_refused_by_its_name(app, key, value, said):
    app.config[key] = value
    with pytest.raises(ValueError, match=said):
        Health(app)
    assert "health" not in app.extensions


def test_what_cannot_be_called_is_no_check(app):
    """Where it is registered; what is put there all the same fails."""
    health = Health(app)
    with pytest.raises(TypeError, match="check 'a' is of type bool"):
        health.register_check("a", False)
    assert health.checks == {}
    health.checks["a"] = False
    assert app.test_client().get("/health/?checks=a").json["checks"] == {"a": False}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("HEALTH_PROBE", "HEALTH_PROBES"),
        ("HEALTH_LISTENS", "HEALTH_LISTEN"),
        ("HEALTH_SHOW_EXPLANATIONS", "HEALTH_SHOWS_EXPLANATIONS"),
        ("TRACING_INSTRUMENTOR", "TRACING_INSTRUMENTORS"),
        ("TRACING_ENABLE", "TRACING_ENABLED"),
    ],
)
def test_a_misspelt_setting_is_named_with_what_was_meant(app, caplog, key, meant):
    app.config[key] = True
    set_up(app)
    assert f"{key} is no setting of " in caplog.text and f"; {meant} is one" in caplog.text


@pytest.mark.parametrize("key", ["HEALTH", "HEALTH_TEAM", "TRACING_COLOUR", "HEADER_SIZE", "TRAY"])
def test_a_programs_own_settings_are_its_own(app, caplog, key):
    app.config[key] = True
    set_up(app)
    assert "is no setting of" not in caplog.text


@pytest.mark.parametrize("value", ["false", "False", " no ", "off", "0"])
@pytest.mark.parametrize("key", ["HEALTH_STRICT", "TRACING_ENABLED"])
def test_a_switch_that_is_a_text_is_true_and_that_is_said(app, caplog, key, value):
    """As with the original; a configuration out of the environment has such."""
    app.config[key] = value
    set_up(app)
    assert f"{key} is the text {value!r}, which is true" in caplog.text


def test_the_settings_that_there_are_are_not_complained_of(app, caplog):
    """All of them at once."""
    app.config.update(
        HEALTH_URL_SECOND_SECRET=None, HEALTH_STRICT=True, HEALTH_PROBES=True, HEALTH_TRACED=False,
        HEALTH_ACCESS_LOG=True, HEALTH_INLINE=False, HEALTH_BUDGET_MS=5, HEALTH_VERSION="1",
        TRACING_ENABLED=True, TRACING_INSTRUMENTORS=["flask"], TRACING_FLASK="native",
        TRACING_REQUESTS="contrib", TRACING_OTLP=None, TRACING_RESOURCE_ATTRIBUTES={},
    )  # fmt: skip
    set_up(app)
    assert caplog.text == ""


def test_a_choice_of_instrumentor_that_is_none_is_said(app, caplog, monkeypatch):
    app.config.update(TRACING_FLASK="contrb", TRACING_INSTRUMENTORS=["flask"])
    set_up(app)
    assert "TRACING_FLASK is 'contrb', which means nothing" in caplog.text


def set_up(app):
    """Give the app health and tracing."""
    Health(app)
    tracing.Tracing().init_app(app, set_global_tracer_provider=False, initialize_exporters=False)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_program_may_copy_what_holds_a_span(duplicate):
    """It is the same span: there is one of it. Without tracing it could be copied, too."""
    span = TracerProvider(exporters=()).get_tracer("x").start_span("a")
    assert duplicate({"span": span})["span"] is span
    span.end()
    assert duplicate(span) is span
