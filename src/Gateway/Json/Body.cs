using System.Buffers;
using System.IO.Pipelines;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LeadGrain.Gateway.Json;

/// <summary>Makes something of a body's bytes, which are gone once this returns.</summary>
internal delegate Parsed<T> BodyUse<T, TState>(ReadOnlyMemory<byte> bytes, TState state)
    where T : notnull;

/// <summary>Reads request bodies: within limits, and without a copy where the body came in one piece.</summary>
internal static class Body
{
    // A declared length is only a promise: memory is taken as the bytes come.
    private const int FirstRent = LargeBodies.SmallBytes;

    /// <summary>Sets the server's limit, and refuses what says that it is larger.</summary>
    internal static Problem? Refuse(HttpContext context, int limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = limit;
        }

        return context.Request.ContentLength > limit ? Problem.BodyTooLarge(limit) : null;
    }

    /// <summary>The bytes as they came in: what a signature is over.</summary>
    internal static async ValueTask<Parsed<byte[]>> ReadAllAsync(HttpContext context, int limit)
        => Refuse(context, limit) is { } problem ? problem : await ReadAsync<byte[], object?>(context, limit, null, static (bytes, _) => bytes.ToArray(), context.RequestAborted);

    /// <summary>
    /// Whether a failed read is the body's fault. The server calls most of what is wrong with one a bad request, but not a chunk of
    /// a size that it cannot count, nor a trailer that is no text.
    /// </summary>
    internal static bool IsUnreadable(Exception fault)
        => fault is InvalidOperationException { Source: "Microsoft.AspNetCore.Server.Kestrel.Core" } or (IOException and not BadHttpRequestException);

    /// <summary>Reads a body that <see cref="Refuse"/> let through.</summary>
    /// <param name="context">The request.</param>
    /// <param name="limit">The most bytes.</param>
    /// <param name="state">Handed to <paramref name="use"/>.</param>
    /// <param name="use">Makes something of the bytes, which are gone once it returns.</param>
    /// <param name="cancellationToken">Ends the wait of a large body that has been read for its turn.</param>
    internal static async ValueTask<Parsed<T>> ReadAsync<T, TState>(
        HttpContext context, int limit, TState state, BodyUse<T, TState> use, CancellationToken cancellationToken)
        where T : notnull
    {
        var reader = context.Request.BodyReader;
        var time = BodyTime.Start(context);
        var result = await NextAsync(reader, time, arrived: 0);
        if (result.IsCompleted && result.Buffer.IsSingleSegment)
        {
            try
            {
                return result.Buffer.Length > limit ? Problem.BodyTooLarge(limit) : use(result.Buffer.First, state);
            }
            finally
            {
                reader.AdvanceTo(result.Buffer.End);
            }
        }

        return await CollectAsync(reader, time, result, limit, state, use, context.Features.Get<InFlightSlot>(), cancellationToken);
    }

    private static async ValueTask<Parsed<T>> CollectAsync<T, TState>(
        PipeReader reader, BodyTime time, ReadResult result, int limit,
        TState state, BodyUse<T, TState> use, InFlightSlot? slot, CancellationToken cancellationToken)
        where T : notnull
    {
        var rented = ArrayPool<byte>.Shared.Rent(FirstRent);
        var length = 0;
        try
        {
            while (true)
            {
                var total = length + result.Buffer.Length;
                if (RefuseMore(length, total, limit, slot) is { } problem)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    return problem;
                }

                rented = Grow(rented, length, (int)total);
                result.Buffer.CopyTo(rented.AsSpan(length));
                length = (int)total;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return length <= FirstRent || slot is null || await slot.TakeTurnAsync(cancellationToken)
                        ? use(rented.AsMemory(0, length), state)
                        : Problem.OverloadedByBodies();
                }

                result = await NextAsync(reader, time, length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Takes room for what has come, beyond what was there; the problem where it is too much, of this body or of all.</summary>
    private static Problem? RefuseMore(int length, long total, int limit, InFlightSlot? slot)
        => total > limit ? Problem.BodyTooLarge(limit)
            : total > FirstRent && slot?.TryTake((int)total - Math.Max(length, FirstRent)) == false ? Problem.OverloadedByBodies()
            : null;

    private static async ValueTask<ReadResult> NextAsync(PipeReader reader, BodyTime time, long arrived)
    {
        try
        {
            return await time.ReadAsync(reader, arrived);
        }
        catch (Exception broken) when (IsUnreadable(broken))
        {
            throw new BadHttpRequestException("The body cannot be read.", broken);
        }
    }

    private static byte[] Grow(byte[] rented, int used, int needed)
    {
        if (needed <= rented.Length)
        {
            return rented;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, rented.Length * 2));
        rented.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(rented);
        return larger;
    }
}
