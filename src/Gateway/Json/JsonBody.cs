using System.Security.Cryptography;
using System.Text.Json;
using LeadGrain.Gateway.Connections;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Json;

/// <summary>Makes something of a body's root object. The element is gone once this returns.</summary>
internal delegate Parsed<T> BodyShape<T>(JsonElement root)
    where T : notnull;

/// <summary>Makes the same of a usual body, faster; null where it cannot.</summary>
internal delegate T? QuickShape<T>(ReadOnlySpan<byte> json)
    where T : class;

/// <summary>Reads bodies of JSON, strictly.</summary>
internal static class JsonBody
{
    /// <summary>What every body but a push may hold.</summary>
    internal const int SmallLimit = 1024 * 1024;

    /// <summary>What a push may hold: 10,000 leads of some 3 kB.</summary>
    internal const int PushLimit = GatewayOptions.LargestBody;

    internal const int MaxDepth = 64;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <param name="context">The request.</param>
    /// <param name="limit">The most bytes.</param>
    /// <param name="shape">Makes something of the body.</param>
    /// <param name="hash">Filled with the SHA-256 of the body as received; null where nobody wants it.</param>
    /// <param name="quick">Tried before <paramref name="shape"/>.</param>
    internal static async ValueTask<Parsed<T>> ReadAsync<T>(
        HttpContext context, int limit, BodyShape<T> shape, byte[]? hash = null, QuickShape<T>? quick = null)
        where T : class
    {
        if (Refuse(context, limit) is { } refusal)
        {
            return refusal;
        }

        var read = await Body.ReadAsync(
            context,
            limit,
            (Shape: shape, Hash: hash, Quick: quick),
            static (bytes, to) => Parse(bytes, to.Shape, to.Hash, to.Quick),
            context.RequestAborted);
        UnreadInput.ThrowIfEnded(context);
        return read;
    }

    private static Problem? Refuse(HttpContext context, int limit)
        => !JsonContentType.Accepts(context.Request.ContentType) ? Problem.UnsupportedMediaType()
            : !ContentCoding.IsPlain(context.Request.Headers.ContentEncoding)
                ? Problem.UnsupportedMediaType() with { Detail = "This route takes a body as it is, without Content-Encoding." }
            : Body.Refuse(context, limit);

    internal static Parsed<T> Parse<T>(ReadOnlyMemory<byte> json, BodyShape<T> shape, byte[]? hash = null, QuickShape<T>? quick = null)
        where T : class
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

        if (quick?.Invoke(json.Span) is { } made)
        {
            return made;
        }

        try
        {
            using var document = JsonDocument.Parse(json, s_options);
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
