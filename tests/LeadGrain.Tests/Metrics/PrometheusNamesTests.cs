using LeadGrain.Gateway.Metrics;

namespace LeadGrain.Tests.Metrics;

public sealed class PrometheusNamesTests
{
    [Theory]
    [InlineData("http.server.request.duration", "s", SeriesKind.Histogram, "http_server_request_duration_seconds")]
    [InlineData("http.server.active_requests", "{request}", SeriesKind.UpDownCounter, "http_server_active_requests")]
    [InlineData("dotnet.gc.heap.total_allocated", "By", SeriesKind.Counter, "dotnet_gc_heap_total_allocated_bytes_total")]
    [InlineData("dotnet.jit.compiled_il.size", "By", SeriesKind.Counter, "dotnet_jit_compiled_il_size_bytes_total")]
    [InlineData("leadgrain.runs.total", "{run}", SeriesKind.Counter, "leadgrain_runs_total")]
    [InlineData("wait_seconds", "s", SeriesKind.Histogram, "wait_seconds")]
    [InlineData("wait_seconds_total", "s", SeriesKind.Counter, "wait_seconds_total")]
    [InlineData("pool.use", "1", SeriesKind.Gauge, "pool_use_ratio")]
    [InlineData("pool.use", "1", SeriesKind.Counter, "pool_use_total")]
    [InlineData("speed", "By/s", SeriesKind.Gauge, "speed_bytes_per_second")]
    [InlineData("speed", "{lead}/min", SeriesKind.Gauge, "speed_per_minute")]
    [InlineData("a..b--c", null, SeriesKind.Gauge, "a_b_c")]
    [InlineData("2xx", "", SeriesKind.Counter, "_2xx_total")]
    public void Names_and_units_follow_OpenTelemetrys_rules(string instrument, string? unit, object kind, string expected) =>
        Assert.Equal(expected, PrometheusNames.Metric(instrument, unit, (SeriesKind)kind));

    [Theory]
    [InlineData("leadgrain-store", "leadgrain-store")]
    [InlineData("Host=/srv/data;Username=ann;Application Name=leadgrain-cluster", "leadgrain-cluster")]
    [InlineData("Host=/srv/data;Username=ann", "unnamed")]
    [InlineData("Host=/srv/data;\"", "unnamed")]
    public void A_pool_is_shown_by_a_name_and_never_by_its_address(string pool, string expected) =>
        Assert.Equal($"db_client_connection_pool_name=\"{expected}\"", PrometheusText.Labels([new("db.client.connection.pool.name", pool)]));

    [Theory]
    [InlineData("/srv/data/postgres", "local")]
    [InlineData("db.example", "db.example")]
    public void A_server_at_a_socket_is_shown_as_local(string address, string expected) =>
        Assert.Equal($"server_address=\"{expected}\"", PrometheusText.Labels([new("server.address", address)]));

    [Fact]
    public void Labels_are_escaped_sorted_and_joined_where_their_names_meet() =>
        Assert.Equal(
            """a_b="1;2",ok="true",z="quote\" slash\\ line\nend" """.TrimEnd(),
            PrometheusText.Labels([new("z", "quote\" slash\\ line\nend"), new("a.b", 1), new("a_b", 2L), new("ok", true)]));

    [Theory]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(0.1, "0.1")]
    [InlineData(3d, "3")]
    public void Numbers_are_written_the_same_in_every_culture(double value, string expected) =>
        Assert.Equal(expected, PrometheusText.Number(value));
}
