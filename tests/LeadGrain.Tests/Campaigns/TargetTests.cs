using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Campaigns;

public sealed class SmartleadConformanceTests : HttpTargetConformance
{
    private protected override async Task<IHttpBench> StartHttpAsync() => new Bench(await CampaignRig.StartAsync());

    private sealed class Bench(CampaignRig rig) : IHttpBench
    {
        public ICampaignTarget Target { get; } = rig.Target("smartlead");

        public PushOrder Order { get; } = SmartleadTargetTests.Order(rig, "1");

        public Task<IReadOnlyDictionary<string, int>> TakenAsync() => Task.FromResult<IReadOnlyDictionary<string, int>>(
            rig.Smartlead.Book.Entries.GroupBy(entry => entry.Email).ToDictionary(group => group.Key, group => group.Count()));

        public int Repeats => rig.Smartlead.Book.Entries.Sum(entry => entry.Repeats);

        public Task FailNextAsync(bool afterTaking)
        {
            rig.Smartlead.BehaveNext(1, afterTaking ? new SmartleadBehavior.AcceptAndCut() : new SmartleadBehavior.Fails(500));
            return Task.CompletedTask;
        }

        public void TellToWait(int status, int? seconds)
        {
            var said = seconds?.ToString(System.Globalization.CultureInfo.InvariantCulture);
            rig.Smartlead.BehaveNext(1, status == 429
                ? new SmartleadBehavior.Throttled(said, null)
                : new SmartleadBehavior.Fails(status, SmartleadErrorBody.Message, said));
        }

        public void TurnAway() => rig.Smartlead.BehaveAlways(new SmartleadBehavior.Fails(403));

        public ValueTask DisposeAsync() => rig.DisposeAsync();
    }
}

public sealed class WebhookConformanceTests : HttpTargetConformance
{
    private protected override async Task<IHttpBench> StartHttpAsync()
    {
        var rig = await CampaignRig.StartAsync();
        await rig.SetSecretAsync("webhook-hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        return await Bench.StartAsync(rig);
    }

    /// <summary>A receiver that knows a message by its id, as the standard asks it to.</summary>
    private sealed class Bench(CampaignRig rig) : IHttpBench
    {
        private readonly ConcurrentDictionary<string, string> _emails = new();
        private readonly ConcurrentQueue<bool> _failures = new();
        private LoopbackServer _server = null!;
        private (int Status, int? Seconds)? _wait;
        private bool _gone;
        private int _heard;

        public ICampaignTarget Target { get; } = rig.Target("webhook");

        public PushOrder Order { get; private set; } = null!;

        public static async Task<Bench> StartAsync(CampaignRig rig)
        {
            var bench = new Bench(rig);
            bench._server = await LoopbackServer.Start(bench.AnswerAsync);
            bench.Order = new PushOrder(
                new CampaignKey(CampaignRig.Tenant, "hook"), rig.OrganizationId, new CampaignSettings.Webhook(bench._server.Url + "/leads", []), new SmartleadSettings());
            return bench;
        }

        public Task<IReadOnlyDictionary<string, int>> TakenAsync() => Task.FromResult<IReadOnlyDictionary<string, int>>(
            _emails.Values.GroupBy(email => email).ToDictionary(group => group.Key, group => group.Count()));

        public int Repeats => Volatile.Read(ref _heard) - _emails.Count;

        public Task FailNextAsync(bool afterTaking)
        {
            _failures.Enqueue(afterTaking);
            return Task.CompletedTask;
        }

        public void TellToWait(int status, int? seconds) => _wait = (status, seconds);

        public void TurnAway() => _gone = true;

        public async ValueTask DisposeAsync()
        {
            await _server.DisposeAsync();
            await rig.DisposeAsync();
        }

        private Task AnswerAsync(Heard heard, HttpContext context)
        {
            if (_gone)
            {
                context.Response.StatusCode = 410;
                return Task.CompletedTask;
            }

            if (_wait is var (status, seconds))
            {
                _wait = null;
                context.Response.StatusCode = status;
                context.Response.Headers.RetryAfter = seconds?.ToString(System.Globalization.CultureInfo.InvariantCulture);
                return Task.CompletedTask;
            }

            var fails = _failures.TryDequeue(out var afterTaking);
            if (!fails || afterTaking)
            {
                Interlocked.Increment(ref _heard);
                _emails[heard.Headers["webhook-id"]] = (string)JsonNode.Parse(heard.Text)!["data"]!["email"]!;
            }

            if (fails)
            {
                context.Abort();
            }

            return Task.CompletedTask;
        }
    }
}

public sealed class NamespaceConformanceTests : TargetConformance
{
    private protected override async Task<ITargetBench> StartAsync() => new Bench(await CampaignRig.StartAsync());

    private sealed class Bench(CampaignRig rig) : ITargetBench
    {
        public ICampaignTarget Target { get; } = rig.Target("namespace");

        public PushOrder Order { get; } = new(
            new CampaignKey(CampaignRig.Tenant, "own"), rig.OrganizationId, new CampaignSettings.Namespace("buffered"), new SmartleadSettings());

        public int Repeats => 0; // what is in the buffer twice is taken twice

        // From the buffer itself: a lead that was buffered twice would be skipped when it is pulled.
        public async Task<IReadOnlyDictionary<string, int>> TakenAsync()
        {
            await using var command = rig.Database.DataSource.CreateCommand(
                "select b.email, count(*) from buffered_leads b join namespaces n on n.id = b.namespace_id where n.name = 'buffered' group by 1");
            await using var row = await command.ExecuteReaderAsync();
            var taken = new Dictionary<string, int>();
            while (await row.ReadAsync())
            {
                taken.Add(row.GetString(0), (int)row.GetInt64(1));
            }

            return taken;
        }

        /// <summary>The namespace's activation is superseded, so that its next write is refused: before it takes anything, or behind what it took.</summary>
        public async Task FailNextAsync(bool afterTaking)
        {
            await rig.ExecuteAsync("insert into namespaces (organization_id, name) select id, 'buffered' from organizations on conflict do nothing");
            Assert.Null(await rig.Client.NextAsync("buffered"));
            if (afterTaking)
            {
                Assert.IsType<PushResult.Accepted>((await Target.PushAsync(Order, Leads(1), CancellationToken.None)).Single());
            }

            await rig.ExecuteAsync("update namespaces set epoch = epoch + 1");
        }

        public ValueTask DisposeAsync() => rig.DisposeAsync();
    }
}
