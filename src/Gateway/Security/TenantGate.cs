using System.Globalization;
using System.Text;
using LeadGrain.Gateway.Access;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Security;

/// <summary>Lets a request in: first the key, then for which organization it acts.</summary>
internal sealed class TenantGate(GridKey gridKey, OrganizationKeys organizationKeys)
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

        if (headers[KeyHeader] is not [{ } key] || !gridKey.Accept(key))
        {
            return headers[KeyHeader] is [{ } other] && OrganizationKeyText.TryReadId(other, out var id)
                ? InvokeAsync(context, inner, id, other)
                : RefuseAsync(context);
        }

        var app = headers[AppHeader];
        var org = headers[OrgHeader];
        if ((Broken(AppHeader, app) ?? Broken(OrgHeader, org) ?? BrokenWhy(headers)) is { } problem)
        {
            return context.AnswerAsync(problem);
        }

        if (Why(headers) is { } why)
        {
            context.Features.Set(Caller.Grid with { Actor = Caller.Grid.Actor with { Why = why } });
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
            ?? BrokenWhy(headers) ?? Beyond(context, grant)) is { } problem)
        {
            await context.AnswerAsync(problem);
            return;
        }

        context.Features.Set(grant.Tenant);
        context.Features.Set(new Caller(new Actor($"key:{id}", Why(headers)), grant.Scope == KeyScope.Admin));
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
    {
        var metadata = context.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<GridKeyRequired>() is not null ? Problem.GridKeyNeeded()
            : metadata?.GetMetadata<AdminRequired>() is not null && grant.Scope != KeyScope.Admin ? Problem.Forbidden()
            : null;
    }

    private static string? Why(IHeaderDictionary headers) => headers[Caller.WhyHeader] is [{ Length: > 0 } why] ? why : null;

    private static Problem? BrokenWhy(IHeaderDictionary headers)
        => headers[Caller.WhyHeader] is { Count: > 0 } why && Why(headers) is not null ? Broken(Caller.WhyHeader, why)
            : headers[Caller.WhyHeader].Count > 1 ? Problem.InvalidHeader(Caller.WhyHeader, "must be given once.")
            : null;

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

/// <summary>Marks an endpoint that takes the key and the organization's headers, and acts for an open organization without.</summary>
internal sealed class TenantOptional
{
    internal static readonly TenantOptional Instance = new();
}
