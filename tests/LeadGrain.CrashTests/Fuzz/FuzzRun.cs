using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>Sends the requests over several connections at once, and notes what came of them.</summary>
internal sealed class FuzzRun(RequestMaker maker, ApiDocument document, int port)
{
    /// <summary>What stands for a status where none came.</summary>
    internal const int NoAnswer = 0;

    private const int Workers = 32;
    private const int EnoughFaults = 10;

    // After so large a request, refused before it was read, the connection is of no further use.
    private const int LargeBytes = 1024 * 1024;

    // A request that never comes to its end is met with silence; this long proves it.
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(60);

    private readonly int[,] _counts = new int[document.Operations.Count, 600];
    private readonly ConcurrentQueue<string> _faults = new();
    private int _next;
    private int _mutated;

    /// <summary>How many of the requests sent were not as documented.</summary>
    internal int Mutated => _mutated;

    internal IReadOnlyCollection<string> Faults => _faults;

    /// <summary>The X-Request-Ids that the host made and that came back. Those that requests bring are few, and each is many requests'.</summary>
    internal ConcurrentDictionary<string, byte> AnsweredIds { get; } = [];

    /// <summary>Statuses that an operation answered though the document does not name them.</summary>
    internal ConcurrentDictionary<string, FuzzRequest> Undocumented { get; } = [];

    /// <summary>How often each status came; <see cref="NoAnswer"/> where none did.</summary>
    internal SortedDictionary<int, int> Statuses()
    {
        var statuses = new SortedDictionary<int, int>();
        foreach (var operation in document.Operations)
        {
            foreach (var (status, count) in StatusesOf(operation))
            {
                statuses[status] = statuses.GetValueOrDefault(status) + count;
            }
        }

        return statuses;
    }

    internal Dictionary<int, int> StatusesOf(ApiOperation operation) => Enumerable.Range(0, _counts.GetLength(1))
        .Where(status => _counts[operation.Number, status] > 0)
        .ToDictionary(status => status, status => _counts[operation.Number, status]);

    /// <summary>Sends the requests up to an index, or until there are faults enough.</summary>
    internal Task SendUpToAsync(int end) => Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => WorkAsync(end))));

    /// <summary>Sends one request and no other.</summary>
    internal Task SendOnlyAsync(int index)
    {
        _next = index;
        return WorkAsync(index + 1);
    }

    private async Task WorkAsync(int end)
    {
        WireClient? kept = null;
        while (_faults.Count < EnoughFaults && Take(end) is { } index)
        {
            var request = maker.Make(index);
            if (!request.IsPlain)
            {
                Interlocked.Increment(ref _mutated);
            }

            try
            {
                kept = await SendAsync(request, kept);
            }
            catch (Exception broken) when (broken is FormatException or SocketException or OperationCanceledException)
            {
                Note(request, broken.Message, null, kept?.Previous);
                kept?.Dispose();
                kept = null;
            }
        }

        kept?.Dispose();
    }

    private int? Take(int end)
    {
        var index = Interlocked.Increment(ref _next) - 1;
        if (index < end)
        {
            return index;
        }

        Interlocked.Decrement(ref _next);
        return null;
    }

    /// <returns>The connection, where it can be used further.</returns>
    private async Task<WireClient?> SendAsync(FuzzRequest request, WireClient? kept)
    {
        switch (request.Delivery)
        {
            case Delivery.Wire:
                await SendOnWireAsync(request);
                return kept;
            case Delivery.Abandoned:
                await AbandonAsync(request);
                return kept;
        }

        var connection = kept ?? await WireClient.ConnectAsync(port);
        var answer = await AskAsync(connection, request);
        if (answer is null && kept is not null)
        {
            // The server may end a connection after any answer: a new one shows whether it was that.
            connection.Dispose();
            connection = await WireClient.ConnectAsync(port);
            answer = await AskAsync(connection, request);
        }

        if (answer is { Closes: false, IsEndless: false } && request.Bytes.Length < LargeBytes)
        {
            Judge(request, answer, connection.Previous);
            connection.Previous = request;
            return connection;
        }

        connection.Dispose();
        if (answer is not null)
        {
            Judge(request, answer, connection.Previous);
        }
        else if (request.Bytes.Length < LargeBytes)
        {
            Note(request, "the connection ended without an answer", null);
        }
        else
        {
            Count(request, NoAnswer); // a refusal of a large body can be overtaken by the connection's end
        }

        return null;
    }

    private static async Task<HttpAnswer?> AskAsync(WireClient connection, FuzzRequest request)
    {
        using var patience = new CancellationTokenSource(Eventually.Patience);
        var sending = request.Delivery == Delivery.InPieces
            ? SendInPiecesAsync(connection, request.Bytes, patience.Token)
            : connection.SendAsync(request.Bytes, patience.Token);
        var answer = await connection.ReadAsync(request.IsHead, patience.Token);
        if (request.Bytes.Length >= LargeBytes)
        {
            await patience.CancelAsync(); // refused early: the rest is not awaited
        }

        await sending;
        return answer;
    }

    private static async Task SendInPiecesAsync(WireClient connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (var piece = 0; piece < 3; piece++)
        {
            var part = bytes.Length / (3 - piece);
            await connection.SendAsync(bytes[..part], cancellationToken);
            bytes = bytes[part..];
            await Task.Delay(2, CancellationToken.None); // not cut short: once all is answered, the rest is sent in vain, which is no fault
        }
    }

    private async Task SendOnWireAsync(FuzzRequest request)
    {
        using var connection = await WireClient.ConnectAsync(port);
        using var silence = new CancellationTokenSource(s_silence);
        HttpAnswer? answer = null;
        try
        {
            await connection.SendAsync(request.Bytes, silence.Token);
            do
            {
                answer = await connection.ReadAsync(request.IsHead, silence.Token);
                if (answer is not null)
                {
                    Judge(request, answer);
                }
            }
            while (connection.HasMore);
        }
        catch (OperationCanceledException)
        {
        }

        if (answer is null)
        {
            Count(request, NoAnswer);
        }
    }

    private async Task AbandonAsync(FuzzRequest request)
    {
        using var connection = await WireClient.ConnectAsync(port);
        await connection.SendAsync(request.Bytes, CancellationToken.None);
        if (request.Index % 2 == 0)
        {
            connection.Reset();
        }

        Count(request, NoAnswer);
    }

    private void Judge(FuzzRequest request, HttpAnswer answer, FuzzRequest? previous = null)
    {
        Count(request, answer.Status);
        if (answer.Header("X-Request-Id") is { } id && request.Bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(id)) < 0)
        {
            AnsweredIds.TryAdd(id, 0);
        }

        if (AnswerRules.Broken(request, answer) is { } fault)
        {
            Note(request, fault, answer, previous);
        }
        else if (answer.Status is >= 200 and < 300 && answer.IsJson && !request.IsHead)
        {
            foreach (var document in answer.Documents())
            {
                maker.Pool.Learn(document.Span, request.Operation.Collection);
            }
        }

        if (request.OnRoute && answer.Header("X-Request-Id") is not null && !request.Operation.Answers.ContainsKey($"{answer.Status}"))
        {
            Undocumented.TryAdd($"{request.Operation}: {answer.Status}", request);
        }
    }

    private void Count(FuzzRequest request, int status) => Interlocked.Increment(ref _counts[request.Operation.Number, status]);

    private void Note(FuzzRequest request, string fault, HttpAnswer? answer, FuzzRequest? previous = null) => _faults.Enqueue(
        $"{fault}\n{request}\nanswered: {answer?.ToString() ?? "nothing"}\n{(previous is null ? "" : $"before it on its connection: {previous}\n")}");
}
