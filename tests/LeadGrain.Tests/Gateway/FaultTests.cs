using System.Collections.Concurrent;
using System.Text;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Errors;
using LeadGrain.GrainInterfaces.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class FaultTests
{
    private const string Next = """{"namespace":"n"}""";

    [Fact]
    public async Task Unavailable_storage_is_a_503_to_repeat_soon()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Faults.Enqueue(new StorageUnavailableException("host=secret"));

        var answer = (await server.PostAsync("/buffer/next", Next)).MustBeProblem(503, "storage_unavailable");

        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_below_by_nobodys_wish_is_a_time_out()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Faults.Enqueue(new OperationCanceledException());

        (await server.PostAsync("/buffer/next", Next)).MustBeProblem(503, "timed_out");
    }

    [Fact]
    public async Task A_waiting_pull_that_is_cancelled_below_by_nobodys_wish_goes_on_waiting()
    {
        await using var server = await GatewayServer.StartAsync();
        var fake = server.Grid.Namespace("app/org/n");
        fake.CancelsNextWait = true;

        var waiting = server.PostAsync("/buffer/next", """{"namespace":"n","waitSeconds":30}""");
        await Eventually.Async("it asks again", () => fake.Pulls.Count == 3);
        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"a@b.c"}]}""");

        Assert.Contains("a@b.c", (await waiting).Body, StringComparison.Ordinal);
        Assert.Equal((3, false), (fake.Pulls.Count, fake.CancelsNextWait));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task A_call_between_owners_is_repeated_three_times(int faults, bool answered)
    {
        await using var server = await GatewayServer.StartAsync();
        for (var n = 0; n < faults; n++)
        {
            server.Grid.Faults.Enqueue(new OwnershipLostException("moved"));
        }

        var answer = await server.PostAsync("/buffer/next", Next);

        if (answered)
        {
            Assert.Equal("""{"found":false}""", answer.Body);
        }
        else
        {
            answer.MustBeProblem(503, "not_ready");
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        }
    }

    [Fact]
    public async Task Storage_faults_are_not_repeated_because_the_outcome_is_unknown()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Faults.Enqueue(new StorageUnavailableException("gone"));

        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"a@b.c"}]}""");

        Assert.Empty(server.Grid.Namespace("app/org/n").Pushes);
        Assert.Equal(1, server.Grid.Arrived.CurrentCount);
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_in_time_is_given_up_on()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("GRAIN_CALL_TIMEOUT", "00:00:00.020"));
        server.Grid.Barrier = new TaskCompletionSource();

        (await server.PostAsync("/buffer/next", Next)).MustBeProblem(503, "timed_out");
    }

    [Fact]
    public async Task A_host_that_lost_the_answer_is_not_asked_again()
    {
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IHostFaults, LostAnswers>());
        server.Grid.Faults.Enqueue(new InvalidDataException("john@leak.example"));

        var answer = (await server.PostAsync("/buffer/next", Next)).MustBeProblem(503, "timed_out");

        Assert.DoesNotContain("leak.example", answer.Body, StringComparison.Ordinal);
        Assert.Equal(1, server.Grid.Arrived.CurrentCount);
    }

    [Fact]
    public async Task A_bug_is_reported_and_answered_without_a_word_of_it()
    {
        var reporter = new RecordingReporter();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IErrorReporter>(reporter));
        var fault = new InvalidOperationException("select * from secret");
        server.Grid.Faults.Enqueue(fault);

        var answer = (await server.GetAsync("/cursor/n")).MustBeProblem(500, "internal_error");

        Assert.Equal((fault, (string)answer.Json["requestId"]!, "/cursor/{namespace}"), Assert.Single(reporter.Reports));
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("InvalidOperation", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_that_has_an_answer_is_not_reported()
    {
        var reporter = new RecordingReporter();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<IErrorReporter>(reporter));
        server.Grid.Faults.Enqueue(new StorageUnavailableException("gone"));

        await server.GetAsync("/leads");

        Assert.Empty(reporter.Reports);
    }

    [Fact]
    public async Task A_caller_that_goes_away_cancels_its_call_and_is_not_reported()
    {
        var reporter = new RecordingReporter();
        var status = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await GatewayServer.StartAsync(services => services
            .AddSingleton<IErrorReporter>(reporter)
            .AddSingleton<IStartupFilter>(new StatusFilter(status)));
        server.Grid.Barrier = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();

        var call = server.Client.PostAsync("/buffer/next", new StringContent(Next, Encoding.UTF8, "application/json"), cancel.Token);
        await server.Grid.Arrived.WaitAsync();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(499, await status.Task);
        Assert.Empty(reporter.Reports);
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("GET", "/cursor/a/b", 404, "not_found")]
    [InlineData("GET", "/buffer/next", 405, "method_not_allowed")]
    [InlineData("DELETE", "/cursor/n", 405, "method_not_allowed")]
    public async Task What_routing_refuses_is_a_problem_too(string method, string path, int status, string code)
    {
        await using var server = await GatewayServer.StartAsync();

        var answer = await Answer.OfAsync(await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));

        answer.MustBeProblem(status, code);
    }

    [Fact]
    public async Task Where_get_is_allowed_head_is_too()
    {
        await using var server = await GatewayServer.StartAsync();

        using var answer = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/cursor/n"));

        Assert.Equal(["GET", "HEAD", "PUT"], answer.Content.Headers.Allow.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_packed_body_is_refused_by_name_where_none_is_unpacked()
    {
        await using var server = await GatewayServer.StartAsync();
        using var content = new ByteArrayContent([0x1f, 0x8b, 8, 0]);
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        var answer = await Answer.OfAsync(await server.Client.PostAsync("/buffer/next", content));

        answer.MustBeProblem(415, "unsupported_media_type");
        Assert.Contains("Content-Encoding", answer.Body, StringComparison.Ordinal);
    }

    private sealed class RecordingReporter : IErrorReporter
    {
        internal ConcurrentQueue<(Exception Fault, string RequestId, string? Route)> Reports { get; } = new();

        public void Report(Exception fault, string requestId, string? route) => Reports.Enqueue((fault, requestId, route));
    }

    private sealed class StatusFilter(TaskCompletionSource<int> status) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, inner) =>
            {
                await inner(context);
                status.TrySetResult(context.Response.StatusCode);
            });
            next(app);
        };
    }

    private sealed class LostAnswers : IHostFaults
    {
        public bool NothingWasDone(Exception exception) => false;

        public bool OutcomeIsUnknown(Exception exception) => exception is InvalidDataException;
    }
}
