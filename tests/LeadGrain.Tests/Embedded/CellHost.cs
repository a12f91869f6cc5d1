using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Embedded;

/// <summary>The grain runtime alone, without a database, with cells in it.</summary>
internal sealed class CellHost : IAsyncDisposable
{
    // What should happen does long before; a test that waits this long has failed.
    public static readonly TimeSpan Deadline = Eventually.Patience;

    private readonly ServiceProvider _services;

    public CellHost()
    {
        _services = new ServiceCollection().AddSingleton(Log).BuildServiceProvider();
        var options = new EmbeddedHostOptions { ConnectionString = "none", CollectionAge = TimeSpan.FromMinutes(8) };
        options.GrainAssemblies.Add(typeof(CellGrain).Assembly);
        Catalog = new GrainCatalog(_services, Options.Create(options), Time, NullLogger<GrainCatalog>.Instance);
        Catalog.Open();
    }

    public CellLog Log { get; } = new();

    public FakeTime Time { get; } = new();

    public GrainCatalog Catalog { get; }

    public ICell Cell(string key = "a") => Catalog.GetGrain<ICell>(key);

    public async ValueTask DisposeAsync()
    {
        await Catalog.CutOff().WaitAsync(Deadline);
        Catalog.Dispose();
        await _services.DisposeAsync();
    }
}

/// <summary>Holds grain code at a point until a test lets it go.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when something waits at the gate, or fails after the deadline.</summary>
    public Task Reached => _reached.Task.WaitAsync(CellHost.Deadline);

    public Task PassAsync()
    {
        _reached.TrySetResult();
        return _open.Task;
    }

    public void Open() => _open.TrySetResult();
}
