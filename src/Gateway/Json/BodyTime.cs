using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Gateway.Json;

/// <summary>
/// How long a body may take: half a minute, and a second more for each 4 KiB of it that has come. The server's own least rate is an
/// average from the beginning on, so that one which comes whole but for its last byte could hold its memory for an hour.
/// </summary>
internal readonly struct BodyTime
{
    // What a phone on the slowest of nets sends: a lead of 1 MB has five minutes, and a push of 32 MB over 1 Mbit/s uses a thirtieth of its time.
    private const int BytesPerSecond = 4 * 1024;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly long _startedAt;

    private BodyTime(TimeProvider time) => (_time, _startedAt) = (time, time.GetTimestamp());

    /// <summary>The time of a request's body begins.</summary>
    internal static BodyTime Start(HttpContext context) => new(context.RequestServices?.GetService<TimeProvider>() ?? TimeProvider.System);

    /// <summary>Reads on; the server's fault for a body that comes too slowly where time is up.</summary>
    /// <param name="reader">The body's.</param>
    /// <param name="arrived">How much of it was read.</param>
    internal ValueTask<ReadResult> ReadAsync(PipeReader reader, long arrived)
    {
        // Without a token: the server ends a read whose caller has gone, and takes one that was cancelled for a fault to be logged.
        var read = reader.ReadAsync(CancellationToken.None);
        return read.IsCompleted ? read : WaitAsync(reader, read.AsTask(), arrived);
    }

    private async ValueTask<ReadResult> WaitAsync(PipeReader reader, Task<ReadResult> read, long arrived)
    {
        var left = s_start + TimeSpan.FromSeconds((double)arrived / BytesPerSecond) - _time.GetElapsedTime(_startedAt);
        try
        {
            return await read.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time);
        }
        catch (TimeoutException) when (!read.IsFaulted)
        {
            reader.CancelPendingRead();
            reader.AdvanceTo((await read).Buffer.End);
            throw new BadHttpRequestException("The body came too slowly.", StatusCodes.Status408RequestTimeout);
        }
    }
}
