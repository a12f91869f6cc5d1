using LeadGrain.Tests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.Tests.Buffer;

/// <summary>Random pushes, pulls, supersessions and restarts, held step by step against a queue and a set in memory.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Steps = 120;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1_000)]
    public async Task Whatever_happens_in_whatever_order_the_namespace_behaves_as_a_queue_and_a_set(int window)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var database = await TestDatabase.CreateAsync();
        var grid = await StartAsync(database, window);
        var model = new Model();
        try
        {
            for (var step = 0; step < Steps; step++)
            {
                if (random.Next(12) == 0)
                {
                    await grid.DisposeAsync();
                    grid = await StartAsync(database, window);
                }

                await StepAsync(grid.Client, database, model, random);
            }

            Assert.Equal(model.Drain(), await grid.Client.DrainAsync("ns"));
            Assert.Equal(model.Counts, await grid.Client.CountsAsync("ns"));
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, int window) => TestGrid.StartAsync(
        database, null, ("Buffer:WindowLeads", $"{window}"), ("Buffer:CheckpointAfter", "00:00:00.020"));

    private static async Task StepAsync(HttpClient client, TestDatabase database, Model model, Random random)
    {
        switch (random.Next(10))
        {
            case < 3:
                // Few enough emails that many come again, waiting or served, in other writings.
                var emails = Enumerable.Range(0, random.Next(1, 12)).Select(_ => Write(random.Next(60), random)).ToArray();
                Assert.Equal(model.Push(emails), await client.PushAsync("ns", emails));
                break;
            case 3:
                await using (var supersede = database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1"))
                {
                    await supersede.ExecuteNonQueryAsync();
                }

                break;
            case 4 when model.Exists:
                Assert.Equal(model.Counts, await client.CountsAsync("ns"));
                break;
            default:
                Assert.Equal(model.Next(), await client.NextAsync("ns"));
                break;
        }
    }

    private static string Write(int n, Random random) => random.Next(3) switch
    {
        0 => $"lead{n}@model.example",
        1 => $"LEAD{n}@Model.example",
        _ => $" lead{n}@model.example ",
    };

    private sealed class Model
    {
        private readonly Queue<string> _waiting = new();
        private readonly HashSet<string> _served = [];
        private int _skipped;

        internal bool Exists { get; private set; }

        // A waiting lead whose email is served stays waiting until a pull passes over it.
        internal (int Waiting, int Served, int Skipped) Counts => (_waiting.Count, _served.Count, _skipped);

        internal (int Buffered, int Skipped) Push(string[] emails)
        {
            Exists = true;
            var fresh = emails.Where(email => !_served.Contains(Key(email))).ToList();
            fresh.ForEach(_waiting.Enqueue);
            return (fresh.Count, emails.Length - fresh.Count);
        }

        internal string? Next()
        {
            while (_waiting.TryDequeue(out var email))
            {
                if (_served.Add(Key(email)))
                {
                    return email;
                }

                _skipped++;
            }

            return null;
        }

        internal List<string> Drain()
        {
            var all = new List<string>();
            while (Next() is { } email)
            {
                all.Add(email);
            }

            return all;
        }

        private static string Key(string email) => email.Trim().ToLowerInvariant();
    }
}
