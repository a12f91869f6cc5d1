using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LeadGrain.Gateway.OpenApi;

/// <summary>The document's head, the key's security scheme and the headers that many answers share.</summary>
internal sealed class DocumentShape : IOpenApiDocumentTransformer
{
    internal const string KeyScheme = "ApiKey";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "LeadGrain",
            Version = "v1",
            Description = "Buffers leads, serves each exactly once, and never pays twice for an enrichment. "
                + "Errors are problem+json (RFC 9457) with a stable code; X-Request-Id is accepted and answered everywhere. "
                + "X-Audit-Reason (printable, at most 255 characters) says why, on any request that is noted in the audit log, and is kept there.",
        };
        // Relative: right behind any proxy, and no request has a say in what the next is answered.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[KeyScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = TenantGate.KeyHeader,
            Description = "The grid's API key, which takes X-App-Id and X-Org-Id too, or an organization's own, which names its organization by itself.",
        };
        AddHeader(document, RateLimitHeaders.Limit, JsonSchemaType.Integer, "What the limit allows at once: the rate's burst; over another limit, the requests or leases that may be under way.");
        AddHeader(document, RateLimitHeaders.Remaining, JsonSchemaType.Integer, "What is left of it.");
        AddHeader(document, RateLimitHeaders.Reset, JsonSchemaType.Integer, "Seconds until all of it is there again.");
        AddHeader(document, RateLimitHeaders.Policy, JsonSchemaType.String, "The burst, and the seconds in which it comes back, such as 200;w=2. Where a rate is set, every answer has it and the other three.");
        return Task.CompletedTask;
    }

    private static void AddHeader(OpenApiDocument document, string name, JsonSchemaType type, string description) =>
        document.AddComponent<IOpenApiHeader>(name, new OpenApiHeader
        {
            Description = description,
            Schema = new OpenApiSchema { Type = type, Minimum = type == JsonSchemaType.Integer ? "0" : null },
        });
}
