using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Tests.Enrichment;

/// <summary>Enrichment as a process has it, over a database of its own, a fake Apollo and a fake clock.</summary>
internal sealed class EnrichmentRig : IAsyncDisposable
{
    public static readonly Tenant Tenant = new("app", "org");

    private readonly TestDatabase _database;
    private readonly List<ServiceProvider> _processes = [];

    private EnrichmentRig(TestDatabase database, FakeApollo apollo, FakeTime time)
    {
        (_database, Apollo, Time) = (database, apollo, time);
        Process = NewProcess();
    }

    public FakeApollo Apollo { get; }

    public FakeTime Time { get; }

    /// <summary>The first process's parts.</summary>
    public ServiceProvider Process { get; }

    public LogLines Log { get; } = new();

    public NpgsqlDataSource Database => _database.DataSource;

    public static async Task<EnrichmentRig> StartAsync()
    {
        var time = new FakeTime();
        return new EnrichmentRig(await TestDatabase.CreateAsync(), await FakeApollo.StartAsync(new FakeApolloOptions { Time = time }), time);
    }

    /// <summary>Another process over the same database and Apollo.</summary>
    public ServiceProvider NewProcess(params (string Key, string? Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["APOLLO_SERVICE_URL"] = Apollo.Url.AbsoluteUri,
            ["APOLLO_SERVICE_API_KEY"] = Apollo.ApiKey,
        }).AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => s.Value)).Build();
        var process = new ServiceCollection()
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(_database.DataSource)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Log))
            .AddEnrichment(configuration)
            .BuildServiceProvider();
        _processes.Add(process);
        return process;
    }

    /// <summary>An activation for an email.</summary>
    public async Task<EmailTurns> ActivateAsync(string email, ServiceProvider? process = null)
    {
        var turns = new EmailTurns((process ?? Process).GetRequiredService<EmailEnrichments>().Of(email));
        await turns.RunAsync(enrichment => enrichment.LoadAsync(CancellationToken.None));
        return turns;
    }

    public async Task<IReadOnlyList<LedgerRow>> LedgerAsync(string email)
    {
        await using var command = Database.CreateCommand(
            "select id, outcome, http_status, credits, app_id, org_id, started_at, finished_at from enrichment_calls where email_key = @email order by started_at, id");
        command.Parameters.AddWithValue("email", email);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<LedgerRow>();
        while (await reader.ReadAsync())
        {
            rows.Add(new LedgerRow(
                reader.GetGuid(0),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetInt32(2),
                reader.IsDBNull(3) ? null : reader.GetInt32(3),
                new Tenant(reader.GetString(4), reader.GetString(5)),
                reader.GetFieldValue<DateTimeOffset>(6),
                reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7)));
        }

        return rows;
    }

    public Task<T> ScalarAsync<T>(string sql) => _database.ScalarAsync<T>(sql);

    /// <summary>Returns when someone waits for a lock.</summary>
    public Task LockWaitAsync() => _database.LockWaitAsync();

    public async Task<long> EntriesAsync() => await ScalarAsync<long>("select count(*) from enrichments");

    public async ValueTask DisposeAsync()
    {
        await Apollo.DisposeAsync();
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await _database.DisposeAsync();
    }
}

internal sealed record LedgerRow(
    Guid Id, string? Outcome, int? HttpStatus, int? Credits, Tenant Requester, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt);

/// <summary>Runs one email's calls as a grain does: in turns, one thread at a time, interleaving at awaits.</summary>
internal sealed class EmailTurns(EmailEnrichment enrichment)
{
    private readonly TaskScheduler _turns = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    public Task Settling => enrichment.Settling;

    public Task<EnrichOutcome> EnrichAsync(Tenant? requester = null, CancellationToken cancellationToken = default) =>
        Task.Factory.StartNew(
            () => enrichment.EnrichAsync(requester ?? EnrichmentRig.Tenant, cancellationToken),
            CancellationToken.None, TaskCreationOptions.DenyChildAttach, _turns).Unwrap();

    public Task RunAsync(Func<EmailEnrichment, Task> turn) =>
        Task.Factory.StartNew(() => turn(enrichment), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _turns).Unwrap();
}
