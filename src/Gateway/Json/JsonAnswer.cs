using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Json;

/// <summary>Writes JSON answers through a buffer kept per thread, with their Content-Length.</summary>
internal static class JsonAnswer
{
    internal const string ContentType = "application/json; charset=utf-8";

    // What a page of leads seldom exceeds; a thread does not hold on to more.
    private const int KeptCapacity = 256 * 1024;

    private static readonly JsonWriterOptions s_options = new()
    {
        // The answers are JSON for programs, never embedded in HTML: an email's plus sign stays a plus sign.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static Scratch? t_scratch;

    internal static Task WriteAsync<TAnswer>(HttpResponse response, TAnswer answer, Action<Utf8JsonWriter, TAnswer> write)
    {
        var scratch = t_scratch ?? new Scratch();
        t_scratch = null;
        write(scratch.Json, answer);
        scratch.Json.Flush();

        var bytes = scratch.Bytes.WrittenSpan;
        if (bytes.Length > LargeBodies.SmallBytes && !HasRoom(response, bytes.Length))
        {
            response.Headers.Remove(KeyedAnswer.ReplayedHeader);
            return response.HttpContext.AnswerAsync(Problem.OverloadedByBodies());
        }

        response.Headers.CacheControl = "no-store";
        response.ContentType ??= ContentType;
        response.ContentLength = bytes.Length;
        response.BodyWriter.Write(bytes);
        scratch.Clear();
        t_scratch = scratch.Bytes.Capacity <= KeptCapacity ? scratch : null;

        var flushed = response.BodyWriter.FlushAsync(response.HttpContext.RequestAborted);
        return flushed.IsCompletedSuccessfully ? Task.CompletedTask : flushed.AsTask();
    }

    // A large answer stays in memory until it is read, and nobody can be made to read. What cost nothing but the looking is refused then; a pull's
    // first answer, of which there is no second, never is.
    private static bool HasRoom(HttpResponse response, int bytes)
        => response.HttpContext.Features.Get<InFlightSlot>()?.TryTake(bytes) != false
            || !(HttpMethods.IsGet(response.HttpContext.Request.Method) || response.Headers.ContainsKey(KeyedAnswer.ReplayedHeader));

    private sealed class Scratch
    {
        internal Scratch() => Json = new Utf8JsonWriter(Bytes, s_options);

        internal ArrayBufferWriter<byte> Bytes { get; } = new(4096);

        internal Utf8JsonWriter Json { get; }

        internal void Clear()
        {
            Bytes.ResetWrittenCount();
            Json.Reset();
        }
    }
}
