using System.Globalization;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.Tests.Buffer;

/// <summary>Random pushes, pulls, leases, settlements, hours, supersessions and restarts, held step by step against a model in memory; MODEL_SEED repeats a run.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Steps = 150;
    private const int MaxAttempts = 2;
    private const int Hour = 3_600;
    private const string Name = "ns";

    private static readonly int[] s_priorities = [0, 0, 0, 1, 2, -1];

    private readonly FakeTime _time = new();

    // What was ever leased, and for which handing out; the holder of an earlier one has lost it.
    private readonly List<(LeasedLead Leased, BufferModel.Lead Lead)> _leases = [];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1_000)]
    [InlineData(1_000, 0)]
    [InlineData(1_000, 400)]
    public async Task Whatever_happens_in_whatever_order_the_namespace_behaves_as_the_model_says(int window, int waitingBytes = 1_000_000)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("MODEL_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"MODEL_SEED={seed}");
        var random = new Random(seed);
        using var running = _time.Run();
        await using var database = await TestDatabase.CreateAsync();
        var grid = await StartAsync(database, window, waitingBytes);
        var model = new BufferModel(MaxAttempts);
        try
        {
            for (var step = 0; step < Steps; step++)
            {
                if (random.Next(15) == 0)
                {
                    await grid.Client.SettleAsync(Name);
                    await grid.DisposeAsync();
                    grid = await StartAsync(database, window, waitingBytes);
                }

                await StepAsync(grid.Client, database, model, random);
            }

            Assert.Equal(Drained(model), await grid.Client.DrainAsync(Name));
            await MustAgreeAsync(grid.Client, model);
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private Task<TestGrid> StartAsync(TestDatabase database, int window, int waitingBytes) => LeaseGrid.StartAsync(
        database,
        _time,
        ("Buffer:WindowLeads", $"{window}"),
        ("Buffer:WaitingBytes", $"{waitingBytes}"),
        ("Buffer:CheckpointAfter", "00:00:00.020"),
        ("Buffer:MaxAttempts", $"{MaxAttempts}"));

    private async Task StepAsync(HttpClient client, TestDatabase database, BufferModel model, Random random)
    {
        switch (random.Next(16))
        {
            case < 3:
                await PushAsync(client, model, random);
                break;
            case 3:
                await client.SettleAsync(Name); // what is found served by a commit is skipped by the next one
                await using (var supersede = database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1"))
                {
                    await supersede.ExecuteNonQueryAsync();
                }

                break;
            case 4 when model.Exists:
                await MustAgreeAsync(client, model);
                break;
            case 5:
                var hours = random.Next(1, 4);
                await LeaseGrid.PassAsync(database, _time, TimeSpan.FromHours(hours));
                model.PassHours(hours);
                break;
            case 6 when model.Exists:
                await client.PostAsync($"/namespaces/{Name}/pause", new { });
                Assert.True((bool)(await client.PostAsync("/buffer/next", new { @namespace = Name }))["paused"]!);
                await client.PostAsync($"/namespaces/{Name}/resume", new { });
                break;
            case 7 when model.Exists:
                await client.SettleAsync(Name); // leads whose last lease has just ended are dead once that is committed
                Assert.Equal(model.ReviveAll(), (int)(await client.PostAsync($"/namespaces/{Name}/dead/revive", new { all = true }))["revived"]!);
                break;
            case < 10:
                Assert.Equal(model.Pull(1).FirstOrDefault()?.Email, await client.NextAsync(Name));
                break;
            case 10:
                var count = random.Next(2, 6);
                Assert.Equal(model.Pull(count).Select(lead => lead.Email), await client.NextAsync(Name, count));
                break;
            case < 13:
                await LeaseAsync(client, model, random);
                break;
            default:
                await SettleAsync(client, model, random);
                break;
        }
    }

    private static async Task PushAsync(HttpClient client, BufferModel model, Random random)
    {
        // Few enough emails that many come again, waiting, leased or served, in other writings.
        var leads = Enumerable.Range(0, random.Next(1, 12))
            .Select(_ => (Write(random.Next(60), random), s_priorities[random.Next(s_priorities.Length)]))
            .ToArray();
        var answer = await client.PushAsync(Name, leads);
        Assert.Equal(model.Push(leads), ((int)answer["buffered"]!, (int)answer["skippedAlreadyServed"]!));
    }

    private async Task LeaseAsync(HttpClient client, BufferModel model, Random random)
    {
        var (count, hours) = (random.Next(1, 5), random.Next(1, 7));
        var expected = model.Pull(count, hours);
        var leased = await client.LeaseAsync(Name, count, hours * Hour);

        Assert.Equal(expected.Select(lead => (lead.Email, lead.Attempts)), leased.Select(lead => (lead.Email, lead.Attempt)));
        _leases.AddRange(leased.Zip(expected));
    }

    private async Task SettleAsync(HttpClient client, BufferModel model, Random random)
    {
        // Mostly of the newest leases; some of old ones, that have ended or whose lead is in other hands.
        var some = _leases.AsEnumerable().Reverse().Where(_ => random.Next(3) == 0).Take(3).ToList();
        if (some.Count == 0)
        {
            return;
        }

        var leases = some.Select(one => one.Leased);
        var (delay, hours) = (random.Next(4), random.Next(1, 7));
        var (expected, outcomes) = random.Next(3) switch
        {
            0 => (some.ConvertAll(one => model.Ack(Held(one))), await client.AckAsync(Name, leases)),
            1 => (some.ConvertAll(one => model.Nack(Held(one), delay)), await client.NackAsync(Name, delay * Hour, leases)),
            _ => (some.ConvertAll(one => model.Extend(Held(one), hours)), await client.ExtendAsync(Name, hours * Hour, leases)),
        };
        Assert.Equal(expected, outcomes);
    }

    // The model knows leads, not leases: a lease is good for the lead's last handing out only.
    private BufferModel.Lead? Held((LeasedLead Leased, BufferModel.Lead Lead) one)
        => _leases.Last(other => other.Lead == one.Lead).Leased == one.Leased ? one.Lead : null;

    private static async Task MustAgreeAsync(HttpClient client, BufferModel model)
    {
        Assert.Equal(model.Counts, await client.AllCountsAsync(Name));
        Assert.Equal(model.Dead.Order(StringComparer.Ordinal), (await client.DeadAsync(Name)).Select(dead => dead.Email).Order(StringComparer.Ordinal));
    }

    private static List<string> Drained(BufferModel model)
    {
        var all = new List<string>();
        while (model.Pull(1) is [var lead])
        {
            all.Add(lead.Email);
        }

        return all;
    }

    private static string Write(int n, Random random) => random.Next(3) switch
    {
        0 => $"lead{n}@model.example",
        1 => $"LEAD{n}@Model.example",
        _ => $" lead{n}@model.example ",
    };
}
