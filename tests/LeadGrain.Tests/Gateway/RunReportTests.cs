using System.Threading.Channels;
using LeadGrain.Gateway.Runs;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class RunReportTests
{
    public static TheoryData<string, string, string> Operations() => new()
    {
        { "/buffer/push", """{"namespace":"n","parentRunId":"run_abc","leads":[]}""", "lead-buffer-push" },
        { "/buffer/next", """{"namespace":"n","parentRunId":"run_abc"}""", "lead-buffer-next" },
        { "/buffer/ack", $$"""{"namespace":"n","parentRunId":"run_abc","leaseIds":["{{Guid.NewGuid()}}"]}""", "lead-buffer-ack" },
        { "/buffer/nack", $$"""{"namespace":"n","parentRunId":"run_abc","leaseIds":["{{Guid.NewGuid()}}"]}""", "lead-buffer-nack" },
        { "/buffer/extend", $$"""{"namespace":"n","parentRunId":"run_abc","leaseIds":["{{Guid.NewGuid()}}"],"leaseSeconds":5}""", "lead-buffer-extend" },
        { "/enrich", """{"email":"a@b.c","parentRunId":"run_abc"}""", "lead-enrich" },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task An_operation_for_a_parent_run_is_reported_whether_it_succeeds_or_fails(string path, string body, string task)
    {
        var reporter = new RecordingReporter();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IRunReporter>(reporter));
        server.Grid.Enrichment = new EnrichOutcome.Known(Guid.NewGuid(), null, true, default);

        await server.PostAsync(path, body);
        server.Grid.Faults.Enqueue(new StorageUnavailableException("gone"));
        await server.PostAsync(path, body);

        var done = await reporter.Reports.Reader.ReadAsync();
        var failed = await reporter.Reports.Reader.ReadAsync();
        Assert.Equal(("run_abc", new Tenant("app", "org"), task, true), (done.ParentRunId, done.Tenant, done.TaskName, done.Succeeded));
        Assert.False(failed.Succeeded);
        Assert.True(done.Started <= done.Finished);
    }

    [Fact]
    public async Task A_providers_failure_is_reported_as_failed()
    {
        var reporter = new RecordingReporter();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IRunReporter>(reporter));

        await server.PostAsync("/enrich", """{"email":"a@b.c","parentRunId":"run_abc"}""");

        Assert.False((await reporter.Reports.Reader.ReadAsync()).Succeeded);
    }

    [Theory]
    [InlineData("""{"namespace":"n"}""")]
    [InlineData("""{"namespace":"n","parentRunId":""}""")]
    [InlineData("""{"parentRunId":"run_abc"}""")]
    public async Task Without_a_parent_run_or_an_operation_nothing_is_reported(string body)
    {
        var reporter = new RecordingReporter();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IRunReporter>(reporter));

        await server.PostAsync("/buffer/next", body);

        Assert.False(reporter.Reports.Reader.TryRead(out _));
    }

    private sealed class RecordingReporter : IRunReporter
    {
        internal Channel<RunReport> Reports { get; } = Channel.CreateUnbounded<RunReport>();

        public void Report(RunReport report) => Reports.Writer.TryWrite(report);
    }
}
