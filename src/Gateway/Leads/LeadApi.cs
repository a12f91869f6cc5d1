using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Enrichment;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Leads;

internal static class LeadApi
{
    internal static void MapLeads(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/leads", ListAsync)
            .Describe("listServedLeads", "Leads", "List served leads", "The organization's served leads with what the enrichment cache knows of them, newest first.")
            .Query("brandId", "Exact brand of the push.")
            .Query("clerkOrgId", "Exact Clerk organization of the push.")
            .Query("clerkUserId", "Exact Clerk user of the push.")
            .Query("namespace", "Exact namespace.")
            .Query("email", "Email, compared trimmed and lower-cased.")
            .Query("servedAfter", "Served at or after this ISO 8601 time.", QueryKind.Time)
            .Query("servedBefore", "Served before this ISO 8601 time.", QueryKind.Time)
            .Paged()
            .Answers<LeadsResponse>("""{"leads":[{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","email":"john@example.com","externalId":"apollo_123","namespace":"campaign-123","brandId":"brand-123","clerkOrgId":"org_abc","clerkUserId":"user_123","servedAt":"2024-01-15T10:00:00Z","enrichment":{"firstName":"John","lastName":"Doe","title":"CEO","linkedinUrl":"https://linkedin.com/in/johndoe","organizationName":"Acme Inc","organizationDomain":"acme.com","organizationIndustry":"Technology","organizationSize":"51-200"}}],"next":null}""");

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (LeadFilter.Read(context.Request.Query, tenant, tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IOrganizationGrain, ServedLeadQuery, ServedLeadPage>(
            tenant.GrainKey,
            filter.Query,
            static (grain, query, token) => grain.ListServedLeadsAsync(query, token),
            context.RequestAborted);
        var next = page is { HasMore: true, Leads: [.., var last] } ? filter.Next(tokens, last.Id) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), WritePage);
    }

    private static void WritePage(Utf8JsonWriter json, (ServedLeadPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("leads"u8);
        foreach (var lead in answer.Page.Leads)
        {
            WriteLead(json, lead);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private static void WriteLead(Utf8JsonWriter json, ServedLead lead)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, lead.Id);
        json.WriteString("email"u8, lead.Email);
        json.WriteString("externalId"u8, lead.ExternalId);
        json.WriteString("namespace"u8, lead.Namespace);
        json.WriteString("brandId"u8, lead.BrandId);
        json.WriteString("clerkOrgId"u8, lead.ClerkOrgId);
        json.WriteString("clerkUserId"u8, lead.ClerkUserId);
        json.WriteString("servedAt"u8, lead.ServedAt.UtcDateTime);
        json.WritePropertyName("enrichment"u8);
        if (lead.Enrichment is { } profile)
        {
            json.WriteStartObject();
            ProfileAnswer.WriteMembers(json, profile);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteEndObject();
    }
}
