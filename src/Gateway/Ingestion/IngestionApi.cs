using System.Text.Json;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Ingestion;

/// <summary><c>/api/lead</c>: whatever is posted is kept, then made a lead of.</summary>
internal static class IngestionApi
{
    internal const string Path = "/api/lead";

    private const string Created = """{"ok":true,"lead_id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","deduplicated":false}""";
    private const string Repeated = """{"ok":true,"lead_id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","deduplicated":true}""";

    internal static void MapIngestion(this IEndpointRouteBuilder routes) =>
        routes.MapPost(Path, PostAsync)
            .WithMetadata(LeadErrors.Shape)
            .Describe(
                "postLead",
                "Ingestion",
                "Post a lead",
                "Commits the bytes as received, then makes a lead of them: a JSON object, under a form's type too, or a web form, up to 1 MB, gzip and br too. "
                    + "Nothing is validated away. The key is optional; without it the lead belongs to the open organization. "
                    + "An Idempotency-Key makes repeats one lead: they are answered 409 with the first one's id.")
            .Header(IdempotencyKey.Header, "Makes repeats one lead: the first post is answered 201, those after it 409 with its lead's id. Any text will do.")
            .Takes<LeadPost>("""{"click_id":"12345","country":"LV","creo":"banner-1","description":"Interested in trading","domain":"example.com","email":"user@example.com","firstName":"John","ip":"192.168.1.1","lang":"lv","lastName":"Doe","marker":"Pureshka","offer":"Baltic Capital Native","phone":"+371123456789","sourcetype":"web"}""", "application/x-www-form-urlencoded", "multipart/form-data")
            .Answers<LeadTaken>(Created, StatusCodes.Status201Created)
            .Answers<LeadTaken>(Repeated, StatusCodes.Status409Conflict)
            .FailsAs(LeadErrors.Shape, StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden)
            .FailsAs(LeadErrors.Shape, StatusCodes.Status408RequestTimeout, StatusCodes.Status413PayloadTooLarge)
            .FailsAs(LeadErrors.Shape, StatusCodes.Status429TooManyRequests, StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable);

    private static async Task PostAsync(HttpContext context, LeadIntake intake)
    {
        var post = Body.Refuse(context, RawPost.MaxBytes) is { } refusal
            ? refusal
            : await Body.ReadAsync<RawPost, HttpContext>(
                context, RawPost.MaxBytes, context, static (bytes, of) => Take(bytes.ToArray(), of), CancellationToken.None);
        if (post.Failed(out var problem, out var taken))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var outcome = await intake.TakeAsync(context.Tenant(), taken);
        context.Features.Set(outcome);
        await AnswerAsync(context, outcome);
    }

    private static Parsed<RawPost> Take(byte[] body, HttpContext context)
    {
        var headers = context.Request.Headers;
        var encoding = headers.ContentEncoding.Count == 0 ? null : headers.ContentEncoding.ToString();

        // Only what unfolds to too much is refused here; what cannot be unfolded is kept.
        if (!ContentCoding.IsPlain(encoding) && ContentCoding.TryDecode(body, encoding, RawPost.MaxBytes, out _) == DecodeResult.TooLarge)
        {
            return Problem.BodyTooLarge(RawPost.MaxBytes);
        }

        return new RawPost(
            body,
            context.Request.ContentType,
            encoding,
            SafeHeaders.ToJson(headers),
            context.Connection.RemoteIpAddress?.ToString(),
            context.TraceIdentifier,
            LeadKey.Of(headers[IdempotencyKey.Header]),
            context.Request.QueryString.Value is { Length: > 1 } query ? query[1..] : null);
    }

    private static Task AnswerAsync(HttpContext context, PostOutcome outcome)
    {
        switch (outcome)
        {
            case PostOutcome.Created created:
                context.Response.StatusCode = StatusCodes.Status201Created;
                return JsonAnswer.WriteAsync(context.Response, (created.LeadId, false), WriteTaken);
            case PostOutcome.Repeated repeated:
                context.Response.StatusCode = StatusCodes.Status409Conflict;
                return JsonAnswer.WriteAsync(context.Response, (repeated.LeadId, true), WriteTaken);
            default:
                return context.AnswerAsync(LeadErrors.InvalidPayload());
        }
    }

    private static void WriteTaken(Utf8JsonWriter json, (Guid LeadId, bool Deduplicated) answer)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok"u8, true);
        json.WriteString("lead_id"u8, answer.LeadId);
        json.WriteBoolean("deduplicated"u8, answer.Deduplicated);
        json.WriteEndObject();
    }
}
