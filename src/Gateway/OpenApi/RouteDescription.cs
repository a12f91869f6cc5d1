using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.OpenApi;

/// <summary>What a route says of itself beside its code, for the OpenAPI document.</summary>
internal static class RouteDescription
{
    private const string Json = "application/json";

    private static readonly int[] s_gatedErrors = [400, 401, 403, 429, 500, 503];

    internal static RouteHandlerBuilder Describe(
        this RouteHandlerBuilder route, string id, string tag, string summary, string description) =>
        route.WithName(id).WithTags(tag).WithSummary(summary).WithDescription(description);

    /// <summary>A body: JSON, or a form of the same members in one of the media types.</summary>
    internal static RouteHandlerBuilder Takes<TBody>(this RouteHandlerBuilder route, string example, params string[] forms) =>
        route.WithMetadata(new BodyDescription(typeof(TBody), [Json, .. forms], [(string.Empty, example)]));

    /// <summary>A body of several kinds, with an example of each by the kind's name.</summary>
    internal static RouteHandlerBuilder Takes<TBody>(this RouteHandlerBuilder route, params (string Kind, string Example)[] examples) =>
        route.WithMetadata(new BodyDescription(typeof(TBody), [Json], examples));

    internal static RouteHandlerBuilder Answers<TAnswer>(this RouteHandlerBuilder route, string example, int status = StatusCodes.Status200OK) =>
        route.Produces<TAnswer>(status).WithMetadata(new AnswerExamples(status, [(string.Empty, example)]));

    /// <summary>An answer of several kinds, with an example of each by the kind's name.</summary>
    internal static RouteHandlerBuilder Answers<TAnswer>(this RouteHandlerBuilder route, params (string Kind, string Example)[] examples) =>
        route.Produces<TAnswer>().WithMetadata(new AnswerExamples(StatusCodes.Status200OK, examples));

    /// <summary>An answer that is no JSON document.</summary>
    internal static RouteHandlerBuilder AnswersText(this RouteHandlerBuilder route, string mediaType, string example) =>
        route.Produces<string>(StatusCodes.Status200OK, mediaType).WithMetadata(new AnswerExamples(StatusCodes.Status200OK, [(string.Empty, example)]));

    /// <summary>A body that is no JSON document.</summary>
    internal static RouteHandlerBuilder TakesText(this RouteHandlerBuilder route, params (string MediaType, string Example)[] bodies) =>
        route.WithMetadata(new TextBodies(bodies));

    /// <summary>Errors beyond those that every route behind the gate has.</summary>
    internal static RouteHandlerBuilder Fails(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces<ProblemResponse>(status, ProblemAnswer.ContentType);
        }

        return route;
    }

    /// <summary>The errors that every route behind the gate has.</summary>
    /// <param name="group">The routes.</param>
    /// <param name="shape">How they are told; null for problems.</param>
    /// <param name="isLimited">Whether they are refused with 429 over the organization's limits.</param>
    internal static RouteGroupBuilder FailsLikeAnyGatedRoute(this RouteGroupBuilder group, ErrorShape? shape = null, bool isLimited = true)
    {
        foreach (var status in s_gatedErrors.Where(status => isLimited || status != StatusCodes.Status429TooManyRequests))
        {
            group.WithMetadata(shape is null
                ? new ProducesResponseTypeMetadata(status, typeof(ProblemResponse), [ProblemAnswer.ContentType])
                : new ProducesResponseTypeMetadata(status, shape.Answer, [Json]));
        }

        return shape is null ? group : group.WithMetadata(shape);
    }

    /// <summary>Errors beyond those, in a shape of the route's own.</summary>
    internal static RouteHandlerBuilder FailsAs(this RouteHandlerBuilder route, ErrorShape shape, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces(status, shape.Answer, Json);
        }

        return route;
    }

    /// <summary>Takes an Idempotency-Key, and answers a repeat as it did the first time.</summary>
    internal static RouteHandlerBuilder Repeatable(this RouteHandlerBuilder route) => route
        .WithMetadata(TakesIdempotencyKey.Instance)
        .Fails(StatusCodes.Status409Conflict, StatusCodes.Status422UnprocessableEntity);

    internal static RouteHandlerBuilder Query(
        this RouteHandlerBuilder route, string name, string description, QueryKind kind = QueryKind.Text, bool isRequired = false) =>
        route.WithMetadata(new QueryDescription(name, description, kind, isRequired));

    /// <summary>A parameter of the path.</summary>
    internal static RouteHandlerBuilder InPath(this RouteHandlerBuilder route, string name, string description, bool isUuid = false) =>
        route.WithMetadata(new PathDescription(name, description, isUuid));

    /// <summary>A header that the route reads; no request must have it.</summary>
    internal static RouteHandlerBuilder Header(this RouteHandlerBuilder route, string name, string description, int? maxLength = null) =>
        route.WithMetadata(new HeaderDescription(name, description, maxLength));

    /// <summary>A header of the answer.</summary>
    internal static RouteHandlerBuilder AnswersHeader(
        this RouteHandlerBuilder route, string name, string description, int status = StatusCodes.Status200OK) =>
        route.WithMetadata(new AnswerHeader(status, name, description));

    /// <summary>Has no key of ours: a header proves the request. Of several, one is enough.</summary>
    internal static RouteHandlerBuilder ProvenBy(this RouteHandlerBuilder route, string scheme, string header, string description) =>
        route.Header(header, description).WithMetadata(new ProofDescription(scheme, header, description));

    /// <summary>What the route does is noted in the audit log, with what the caller says why.</summary>
    internal static RouteHandlerBuilder Audited(this RouteHandlerBuilder route) => route.Header(
        Caller.WhyHeader, "Says why this is done, in printable characters; kept in the audit log as the reason.", MemberReader.MaxIdLength);

    /// <summary>Opens for the grid's key and for organizations' keys with the scope admin only.</summary>
    internal static RouteHandlerBuilder AdminOnly(this RouteHandlerBuilder route) => route.WithMetadata(AdminRequired.Instance);

    /// <summary>Opens for the grid's key only.</summary>
    internal static RouteHandlerBuilder GridKeyOnly(this RouteHandlerBuilder route) => route.WithMetadata(GridKeyRequired.Instance);

    internal static RouteHandlerBuilder Paged(this RouteHandlerBuilder route) => route
        .Query("limit", $"At most this many, 1 to {QueryReader.MaxLimit}; {QueryReader.DefaultLimit} unless told.", QueryKind.Limit)
        .Query("next", "The previous page's next, with the same filters.");
}

/// <summary>The body that a route takes: one example, or one of each kind, as JSON.</summary>
internal sealed record BodyDescription(Type Shape, IReadOnlyList<string> MediaTypes, IReadOnlyList<(string Kind, string Example)> Examples);

/// <summary>What a route answers when all is well, one example or one of each kind: JSON, or text where the answer's media type says so.</summary>
internal sealed record AnswerExamples(int Status, IReadOnlyList<(string Kind, string Example)> Examples);

/// <summary>The bodies that a route takes, by media type.</summary>
internal sealed record TextBodies(IReadOnlyList<(string MediaType, string Example)> Bodies);

/// <summary>Marks an endpoint that takes an Idempotency-Key.</summary>
internal sealed class TakesIdempotencyKey
{
    internal static readonly TakesIdempotencyKey Instance = new();
}

/// <summary>A query parameter.</summary>
internal sealed record QueryDescription(string Name, string Description, QueryKind Kind, bool IsRequired);

/// <summary>A parameter of the path.</summary>
internal sealed record PathDescription(string Name, string Description, bool IsUuid);

/// <summary>A header of the request.</summary>
internal sealed record HeaderDescription(string Name, string Description, int? MaxLength);

/// <summary>A header of an answer.</summary>
internal sealed record AnswerHeader(int Status, string Name, string Description);

/// <summary>A header that proves a request, and the security scheme that it is.</summary>
internal sealed record ProofDescription(string Scheme, string Header, string Description);

internal enum QueryKind
{
    Text,
    Time,
    Limit,
    Uuid,
    Seconds,
}
