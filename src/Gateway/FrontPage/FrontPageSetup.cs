using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.FrontPage;

/// <summary>The page that a browser sees at the root.</summary>
public static class FrontPageSetup
{
    /// <summary>Maps GET / to a static page: what this is, its version, whether it is ready, and where to look.</summary>
    public static IEndpointConventionBuilder MapFrontPage(this IEndpointRouteBuilder routes)
    {
        var page = FrontPageHtml.Load();
        return routes.MapGet("/", (HttpContext context) => Show(context, page)).ExcludeFromDescription();
    }

    private static FileContentHttpResult Show(HttpContext context, FrontPageHtml page)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = page.Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        return TypedResults.Bytes(page.Body, "text/html; charset=utf-8");
    }
}
