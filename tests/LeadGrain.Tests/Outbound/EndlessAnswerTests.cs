using System.Text;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Tests.Campaigns;
using LeadGrain.Tests.Enrichment;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Outbound;

/// <summary>Answers that are far larger than what is read of one, 1 MB unless set. They begin well, and are never sent to their end.</summary>
public sealed class EndlessAnswerTests
{
    [Fact]
    public async Task What_smartlead_answers_beyond_the_limit_is_not_read_and_is_no_answer()
    {
        var sender = new Endless("""{"ok":true,"upload_count":1,"total_leads":1,"padding":"x""");
        await using var server = await LoopbackServer.Start(sender.AnswerAsync);
        await using var rig = await CampaignRig.StartAsync(null, ("SMARTLEAD_SERVICE_URL", server.Url));

        var result = (await SmartleadTargetTests.PushAsync(rig, TargetConformance.Lead("a@x.example"))).Single();

        Assert.True(result is PushResult.RetryAt { Counts: true }, $"{result}");
        await sender.MustBeLeftAsync();
    }

    [Fact]
    public async Task What_a_webhook_answers_is_not_read_at_all_and_its_status_says_all()
    {
        var sender = new Endless("""{"padding":"x""");
        await using var server = await LoopbackServer.Start(sender.AnswerAsync);
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutWebhookAsync($"{server.Url}/hook");

        var (id, _) = await rig.PushAsync("hook", "ada@x.example");

        Assert.Equal("ACTIVE sent 1", await rig.StateAsync(id));
        await sender.MustBeLeftAsync();
    }

    [Fact]
    public async Task What_apollo_answers_beyond_the_limit_is_not_read_and_is_no_profile()
    {
        var sender = new Endless("""{"person":{"id":"1","name":"Ada","padding":"x""");
        await using var server = await LoopbackServer.Start(sender.AnswerAsync);
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync("ada@acme.example", rig.NewProcess(("APOLLO_SERVICE_URL", server.Url)));

        var outcome = Assert.IsType<EnrichOutcome.ProviderFailed>(await email.EnrichAsync());

        Assert.Equal(ProviderFailure.Unreadable, outcome.Kind);
        Assert.Equal(0, await rig.EntriesAsync());
        await sender.MustBeLeftAsync();
    }

    /// <summary>Sends a 200 that goes on and on.</summary>
    private sealed class Endless(string beginning)
    {
        // Far more than is on its way between two that write and read.
        private const int Most = 64 * 1024 * 1024;

        // For the word that the other side has hung up; callers wait longer for the end of an answer.
        private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(5);

        private static readonly byte[] s_more = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        private readonly TaskCompletionSource<bool> _wasLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal async Task AnswerAsync(Heard heard, HttpContext context)
        {
            var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var hear = context.RequestAborted.Register(left.SetResult);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(beginning);
            for (var sent = 0; sent < Most && !left.Task.IsCompleted; sent += s_more.Length)
            {
                await context.Response.Body.WriteAsync(s_more);
            }

            await Task.WhenAny(left.Task, Task.Delay(s_moment));
            _wasLeft.TrySetResult(left.Task.IsCompleted);
        }

        internal async Task MustBeLeftAsync() => Assert.True(await _wasLeft.Task.WaitAsync(Eventually.Patience), "All of it was read.");
    }
}
