using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace LeadGrain.Tests.Embedded;

/// <summary>A network between a host and its database that can be cut without either side being told.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EndPoint _server;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Socket> _servers = [];
    private volatile TaskCompletionSource _flows = new();
    private volatile bool _isGone;
    private int _times; // that it vanished
    private int _unanswered;

    public Relay(string connectionString)
    {
        var address = new NpgsqlConnectionStringBuilder(connectionString);
        _server = address.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{address.Host}/.s.PGSQL.{address.Port}")
            : new IPEndPoint(IPAddress.Loopback, address.Port);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        (address.Host, address.Port) = ("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port);
        ConnectionString = address.ConnectionString;
        _flows.SetResult();
        _ = AcceptAsync();
    }

    public string ConnectionString { get; }

    public void Freeze() => _flows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => _flows.TrySetResult();

    /// <summary>Connections since <see cref="Vanish"/> that get no answer.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>The server's machine is gone, with its side of all connections; on ours nothing more is ever heard.</summary>
    public void Vanish()
    {
        Interlocked.Increment(ref _times);
        _isGone = true;
        foreach (var server in _servers)
        {
            server.Dispose();
        }
    }

    /// <summary>New connections find a machine again; those made before are lost.</summary>
    public void Return() => _isGone = false;

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await _end.CancelAsync();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptAsync(_end.Token);
            _ = ConnectAsync(client);
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        using var near = client;
        var times = Volatile.Read(ref _times);
        if (_isGone)
        {
            Interlocked.Increment(ref _unanswered);
            await Task.Delay(Timeout.Infinite, _end.Token);
        }

        using var far = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await far.ConnectAsync(_server, _end.Token);
        _servers.Add(far);
        await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        if (times != Volatile.Read(ref _times))
        {
            await Task.Delay(Timeout.Infinite, _end.Token);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16384];
        while (await from.ReceiveAsync(buffer, _end.Token) is var read and > 0)
        {
            await _flows.Task.WaitAsync(_end.Token);
            await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
        }

        await _flows.Task.WaitAsync(_end.Token);
    }
}
