using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LeadGrain.Gateway.OpenApi;

/// <summary>The document's head and its security scheme.</summary>
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
            Description = "The grid's API key.",
        };
        return Task.CompletedTask;
    }
}
