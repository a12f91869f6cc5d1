using System.Globalization;
using System.Text;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Security;

/// <summary>Lets a request in: first the key, then for which organization it acts.</summary>
internal sealed class TenantGate(ApiKeys keys)
{
    internal const string KeyHeader = "X-API-Key";
    internal const string AppHeader = "X-App-Id";
    internal const string OrgHeader = "X-Org-Id";

    private const int MaxIdLength = 255;

    /// <summary>Puts a group's endpoints behind the gate.</summary>
    /// <param name="group">The endpoints.</param>
    /// <param name="open">For whom requests without any key act; null: such are refused.</param>
    internal void Guard(IEndpointConventionBuilder group, Tenant? open = null) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => InvokeAsync(context, inner, open);
        endpoint.Metadata.Add(open is null ? TenantRequired.Instance : TenantOptional.Instance);
    });

    private Task InvokeAsync(HttpContext context, RequestDelegate inner, Tenant? open)
    {
        var headers = context.Request.Headers;
        if (open is not null && headers[KeyHeader].Count == 0)
        {
            context.Features.Set(open);
            return inner(context);
        }

        if (headers[KeyHeader] is not [{ } key] || !keys.Accept(key))
        {
            context.Response.Headers.WWWAuthenticate = "ApiKey";
            return context.AnswerAsync(Problem.Unauthorized());
        }

        var app = headers[AppHeader];
        var org = headers[OrgHeader];
        if ((Broken(AppHeader, app) ?? Broken(OrgHeader, org)) is { } problem)
        {
            return context.AnswerAsync(problem);
        }

        context.Features.Set(new Tenant(app[0]!, org[0]!));
        return inner(context);
    }

    private static Problem? Broken(string header, StringValues values) => values switch
    {
        { Count: 0 } or [null or ""] => Problem.InvalidHeader(header, "is required."),
        { Count: > 1 } => Problem.InvalidHeader(header, "must be given once."),
        [{ Length: > MaxIdLength }] => Problem.InvalidHeader(header, $"must be at most {MaxIdLength} characters."),
        [{ } text] when !IsPrintable(text) => Problem.InvalidHeader(header, "must hold printable characters only."),
        _ => null,
    };

    private static bool IsPrintable(string text) =>
        !text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? !string.IsNullOrWhiteSpace(text) : IsPrintableUnicode(text);

    private static bool IsPrintableUnicode(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (rune == Rune.ReplacementChar || category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Marks an endpoint that needs the key and the organization's headers.</summary>
internal sealed class TenantRequired
{
    internal static readonly TenantRequired Instance = new();
}

/// <summary>Marks an endpoint that takes the key and the organization's headers, and acts for an open organization without.</summary>
internal sealed class TenantOptional
{
    internal static readonly TenantOptional Instance = new();
}
