using System.Collections.Concurrent;
using LeadGrain.Gateway.Leads;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Gateway;

public sealed class RequestIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("two words")]
    [InlineData("req_0123-ABC.~!/=")]
    [InlineData("128")]
    public async Task A_usable_id_is_kept(string id)
    {
        await using var server = await GatewayServer.StartAsync();
        id = id == "128" ? new string('x', 128) : id;
        server.Client.DefaultRequestHeaders.Add("X-Request-Id", id);

        Assert.Equal(id, (await server.GetAsync("/health")).Headers.GetValues("X-Request-Id").Single());
        var refused = (await server.GetAsync("/nowhere")).MustBeProblem(404, "not_found");
        Assert.Equal(id, (string?)refused.Json["requestId"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("tab\there")]
    [InlineData("delete\u007f")]
    [InlineData("")]
    [InlineData("129")]
    public async Task Without_a_usable_id_one_is_made_for_each_request(string? id)
    {
        await using var server = await GatewayServer.StartAsync();
        if (id is not null)
        {
            server.Client.DefaultRequestHeaders.Add("X-Request-Id", id == "129" ? new string('x', 129) : id);
        }

        var first = (await server.GetAsync("/leads")).Headers.GetValues("X-Request-Id").Single();
        var second = (await server.GetAsync("/leads")).Headers.GetValues("X-Request-Id").Single();

        Assert.Matches("^[0-9a-f]{32}$", first);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task The_id_is_on_the_requests_log_lines_and_the_fault_that_failed_it_is_with_its_stack()
    {
        using var log = new ScopeLog();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<ILoggerProvider>(log));
        server.Grid.Faults.Enqueue(new InvalidOperationException("bug"));
        server.Client.DefaultRequestHeaders.Add("X-Request-Id", "mine");

        (await server.GetAsync("/leads")).MustBeProblem(500, "internal_error");

        var (_, message, fault, scopes) = Assert.Single(log.Lines, line => line.Level == LogLevel.Error);
        Assert.Equal(("GET /leads failed", "bug"), (message, fault?.Message));
        Assert.Contains(nameof(LeadApi), fault!.StackTrace, StringComparison.Ordinal);
        Assert.Contains(scopes, scope => scope is { Key: "RequestId", Value: "mine" });
    }

    private sealed class ScopeLog : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = null!;

        internal ConcurrentQueue<(LogLevel Level, string Message, Exception? Fault, List<KeyValuePair<string, object>> Scopes)> Lines { get; } = new();

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = new List<KeyValuePair<string, object>>();
            _scopes.ForEachScope((scope, into) => into.AddRange(scope as IEnumerable<KeyValuePair<string, object>> ?? []), values);
            Lines.Enqueue((logLevel, formatter(state, exception), exception, values));
        }

        public void Dispose()
        {
        }
    }
}
