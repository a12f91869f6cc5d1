using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.OpenApi;

/// <summary>Makes the document once and answers with its bytes from then on: it is open to all, and costly to make.</summary>
internal sealed class DocumentCache
{
    private Document? _document;

    /// <summary>Puts the route of the document behind the cache.</summary>
    internal void Guard(IEndpointConventionBuilder route) => route.Add(endpoint =>
    {
        var make = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => AnswerAsync(context, make);
    });

    private async Task AnswerAsync(HttpContext context, RequestDelegate make)
    {
        // Some first requests may each make it; it is the same, because nothing of a request is in it.
        var document = _document ??= await MakeAsync(context, make);
        context.Response.ContentType = document.ContentType;
        context.Response.ContentLength = document.Bytes.Length;
        await context.Response.Body.WriteAsync(document.Bytes, context.RequestAborted);
    }

    private static async Task<Document> MakeAsync(HttpContext context, RequestDelegate make)
    {
        var answer = context.Response.Body;
        using var made = new MemoryStream();
        context.Response.Body = made;
        try
        {
            await make(context);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Response.Body = answer;
        }

        return new Document(context.Response.ContentType, made.ToArray());
    }

    private sealed record Document(string? ContentType, byte[] Bytes);
}
