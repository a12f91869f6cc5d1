using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Connections;

/// <summary>
/// What a connection receives, whose end is told only to who has looked at every byte before it. Kestrel takes the end of the input
/// for the end of an unfinished body even where the rest of that body has arrived, and so drops the request of a caller that sends and
/// closes at once. Also a feature of the connection's requests.
/// </summary>
internal sealed class UnreadInput(PipeReader input) : PipeReader
{
    private ReadOnlySequence<byte> _held;
    private bool _isEndDue;

    /// <summary>Whether the caller sends no more, as far as its bytes were read.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Ends a request whose caller is known to have closed by the time its body was read: it would not get the answer.</summary>
    /// <exception cref="BadHttpRequestException">It has.</exception>
    internal static void ThrowIfEnded(HttpContext context)
    {
        if (context.Features.Get<UnreadInput>() is { HasEnded: true })
        {
            throw new BadHttpRequestException("The caller has closed the connection.");
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        var isRead = input.TryRead(out result);
        result = isRead ? Hold(result) : result;
        return isRead;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = input.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Hold(read.Result)) : HoldAsync(read);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // No byte comes after it: what was due once stays due.
        _isEndDue |= !_held.IsEmpty && _held.Slice(examined).IsEmpty;
        _held = default;
        input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => input.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> HoldAsync(ValueTask<ReadResult> read) => Hold(await read);

    private ReadResult Hold(ReadResult result)
    {
        HasEnded |= result.IsCompleted;
        if (!result.IsCompleted || result.Buffer.IsEmpty || _isEndDue)
        {
            return result;
        }

        _held = result.Buffer;
        return new ReadResult(_held, result.IsCanceled, isCompleted: false);
    }
}
