using System.Globalization;
using System.Text;
using LeadGrain.Gateway.Access;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Security;

/// <summary>Lets a request in: first the key, then for which organization it acts.</summary>
internal sealed class TenantGate(ApiKeys keys, OrganizationKeys organizationKeys)
{
    internal const string KeyHeader = "X-API-Key";
    internal const string AppHeader = "X-App-Id";
    internal const string OrgHeader = "X-Org-Id";

    private const int MaxIdLength = 255;

    /// <summary>Puts a group's endpoints behind the gate.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => InvokeAsync(context, inner);
        endpoint.Metadata.Add(TenantRequired.Instance);
    });

    private Task InvokeAsync(HttpContext context, RequestDelegate inner)
    {
        var headers = context.Request.Headers;
        if (headers[KeyHeader] is not [{ } key] || !keys.Accept(key))
        {
            return headers[KeyHeader] is [{ } other] && OrganizationKeyText.TryReadId(other, out var id)
                ? InvokeAsync(context, inner, id, other)
                : RefuseAsync(context);
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

    private async Task InvokeAsync(HttpContext context, RequestDelegate inner, string id, string key)
    {
        if (await organizationKeys.OpenAsync(id, key) is not { } grant)
        {
            await RefuseAsync(context);
            return;
        }

        var headers = context.Request.Headers;
        if ((Other(AppHeader, headers[AppHeader], grant.Tenant.App) ?? Other(OrgHeader, headers[OrgHeader], grant.Tenant.Org)
            ?? Beyond(context, grant)) is { } problem)
        {
            await context.AnswerAsync(problem);
            return;
        }

        context.Features.Set(grant.Tenant);
        context.Features.Set(new Caller($"key:{id}"));
        await inner(context);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "ApiKey";
        return context.AnswerAsync(Problem.Unauthorized());
    }

    // An organization's key says for whom it acts; a header may say it again.
    private static Problem? Other(string header, StringValues values, string own) => values switch
    {
        { Count: 0 } or [null or ""] => null,
        { Count: > 1 } => Problem.InvalidHeader(header, "must be given once."),
        [var text] => text == own ? null : Problem.OrganizationMismatch(header),
    };

    private static Problem? Beyond(HttpContext context, KeyGrant grant)
        => grant.Scope == KeyScope.Admin || context.GetEndpoint()?.Metadata.GetMetadata<AdminRequired>() is null ? null : Problem.Forbidden();

    /// <summary>The rule that an organization's part breaks; null where it can be one.</summary>
    internal static Problem? Broken(string header, StringValues values) => values switch
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
