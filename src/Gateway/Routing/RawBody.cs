using System.Buffers;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LeadGrain.Gateway.Routing;

/// <summary>Reads a body as the bytes that came in: what a signature is over.</summary>
internal static class RawBody
{
    internal static async ValueTask<Parsed<byte[]>> ReadAsync(HttpContext context, int limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = limit;
        }

        if (context.Request.ContentLength > limit)
        {
            return Problem.BodyTooLarge(limit);
        }

        var (reader, slot, body) = (context.Request.BodyReader, context.Features.Get<InFlightSlot>(), new ArrayBufferWriter<byte>());
        while (true)
        {
            var result = await reader.ReadAsync(CancellationToken.None);
            var total = body.WrittenCount + result.Buffer.Length;
            var fits = total <= limit;
            if (fits && total > LargeBodies.SmallBytes
                && slot?.TryTake((int)total - Math.Max(body.WrittenCount, LargeBodies.SmallBytes)) == false)
            {
                reader.AdvanceTo(result.Buffer.End);
                return Problem.OverloadedByBodies();
            }

            if (fits)
            {
                foreach (var piece in result.Buffer)
                {
                    body.Write(piece.Span);
                }
            }

            reader.AdvanceTo(result.Buffer.End);
            if (!fits)
            {
                return Problem.BodyTooLarge(limit);
            }

            if (result.IsCompleted)
            {
                return body.WrittenSpan.ToArray();
            }
        }
    }
}
