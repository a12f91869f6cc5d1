using System.Collections.Concurrent;

namespace LeadGrain.Tests.Embedded;

/// <summary>A grain whose methods do what a test gives them; arguments stay in the process.</summary>
public interface ICell : IGrainWithStringKey
{
    Task Run(Func<ICellBody, Task> work);

    [AlwaysInterleave]
    Task RunInterleaved(Func<ICellBody, Task> work);

    Task RunCancellable(Func<ICellBody, Task> work, CancellationToken cancellationToken);

    Task<int> Add();

    Task Fail(Exception exception);
}

/// <summary>A grain from within.</summary>
public interface ICellBody
{
    string Key { get; }

    int Count { get; set; }

    IGrainFactory Grains { get; }

    void End();

    IGrainTimer StartTimer(Func<CancellationToken, Task> tick, GrainTimerCreationOptions options);
}

/// <summary>What happens to the cells of one host, and what a test wants to happen.</summary>
internal sealed class CellLog
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public Func<ICellBody, Task> OnActivate { get; set; } = _ => Task.CompletedTask;

    public Func<ICellBody, Task> OnDeactivate { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<string> Disposed { get; } = new();

    public Action<ICellBody> OnDispose { get; set; } = _ => { };
}

internal sealed class CellGrain(CellLog log) : Grain, ICell, ICellBody, IDisposable
{
    public string Key => this.GetPrimaryKeyString();

    public int Count { get; set; }

    public IGrainFactory Grains => GrainFactory;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        log.Lines.Enqueue($"activate {Key}");
        await log.OnActivate(this);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        log.Lines.Enqueue($"deactivate {Key} {reason.ReasonCode}");
        await log.OnDeactivate(this);
    }

    public void Dispose()
    {
        log.Disposed.Enqueue(Key);
        log.OnDispose(this);
    }

    public Task Run(Func<ICellBody, Task> work) => work(this);

    public Task RunInterleaved(Func<ICellBody, Task> work) => work(this);

    public Task RunCancellable(Func<ICellBody, Task> work, CancellationToken cancellationToken) => work(this);

    public async Task<int> Add()
    {
        var before = Count;
        await Task.Yield();
        return Count = before + 1;
    }

    public Task Fail(Exception exception) => throw exception;

    public void End() => DeactivateOnIdle();

    public IGrainTimer StartTimer(Func<CancellationToken, Task> tick, GrainTimerCreationOptions options)
        => this.RegisterGrainTimer(tick, options);
}
