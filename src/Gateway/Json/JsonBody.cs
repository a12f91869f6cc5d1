using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LeadGrain.Gateway.Json;

/// <summary>Makes something of a body's root object. The element is gone once this returns.</summary>
internal delegate Parsed<T> BodyShape<T>(JsonElement root)
    where T : notnull;

/// <summary>Reads request bodies: strictly, within limits, and without a copy where the body came in one piece.</summary>
internal static class JsonBody
{
    /// <summary>What every body but a push may hold.</summary>
    internal const int SmallLimit = 1024 * 1024;

    /// <summary>What a push may hold: 10,000 leads of some 3 kB.</summary>
    internal const int PushLimit = GatewayOptions.LargestBody;

    // A declared length is only a promise: memory is taken as the bytes come.
    private const int FirstRent = LargeBodies.SmallBytes;

    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <param name="context">The request.</param>
    /// <param name="limit">The most bytes.</param>
    /// <param name="shape">Makes something of the body.</param>
    /// <param name="hash">Filled with the SHA-256 of the body as received; null where nobody wants it.</param>
    internal static async ValueTask<Parsed<T>> ReadAsync<T>(HttpContext context, int limit, BodyShape<T> shape, byte[]? hash = null)
        where T : notnull
    {
        if (Refuse(context, limit) is { } refusal)
        {
            return refusal;
        }

        var reader = context.Request.BodyReader;
        var result = await NextAsync(reader);
        if (result.IsCompleted && result.Buffer.IsSingleSegment)
        {
            try
            {
                return result.Buffer.Length > limit ? Problem.BodyTooLarge(limit) : Parse(result.Buffer.First, shape, hash);
            }
            finally
            {
                reader.AdvanceTo(result.Buffer.End);
            }
        }

        return await CollectAsync(reader, result, limit, shape, hash, context.Features.Get<InFlightSlot>(), context.RequestAborted);
    }

    private static Problem? Refuse(HttpContext context, int limit)
    {
        if (!JsonContentType.Accepts(context.Request.ContentType))
        {
            return Problem.UnsupportedMediaType();
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = limit;
        }

        return context.Request.ContentLength > limit ? Problem.BodyTooLarge(limit) : null;
    }

    private static async ValueTask<Parsed<T>> CollectAsync<T>(
        PipeReader reader,
        ReadResult result,
        int limit,
        BodyShape<T> shape,
        byte[]? hash,
        InFlightSlot? slot,
        CancellationToken cancellationToken)
        where T : notnull
    {
        var rented = ArrayPool<byte>.Shared.Rent(FirstRent);
        var length = 0;
        try
        {
            while (true)
            {
                var total = length + result.Buffer.Length;
                if (total > limit)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    return Problem.BodyTooLarge(limit);
                }

                if (total > FirstRent && slot?.TryTake((int)total - Math.Max(length, FirstRent)) == false)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    return Problem.OverloadedByBodies();
                }

                rented = Grow(rented, length, (int)total);
                result.Buffer.CopyTo(rented.AsSpan(length));
                length = (int)total;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return length <= FirstRent || slot is null || await slot.TakeTurnAsync(cancellationToken)
                        ? Parse(rented.AsMemory(0, length), shape, hash)
                        : Problem.OverloadedByBodies();
                }

                result = await NextAsync(reader);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static async ValueTask<ReadResult> NextAsync(PipeReader reader)
    {
        try
        {
            // Without a token: the server ends a read whose caller has gone, and takes one that was cancelled for a fault to be logged.
            return await reader.ReadAsync(CancellationToken.None);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            // The server calls most of what is wrong with a body a bad request, but not a chunk of a size that it cannot count.
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

    internal static Parsed<T> Parse<T>(ReadOnlyMemory<byte> json, BodyShape<T> shape, byte[]? hash = null)
        where T : notnull
    {
        if (json.IsEmpty)
        {
            return Problem.InvalidJson("The body is empty.");
        }

        if (TextCheck.Find(json.Span) is { } fault)
        {
            return Problem.InvalidText(fault);
        }

        if (hash is not null)
        {
            SHA256.HashData(json.Span, hash);
        }

        try
        {
            using var document = JsonDocument.Parse(json, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? shape(document.RootElement)
                : Problem.InvalidJson("The body must be a JSON object.");
        }
        catch (JsonException)
        {
            return JsonFault.Explain(json.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        }
    }
}
