using System.Diagnostics;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Enrichment;

internal static class EnrichmentApi
{
    internal static void MapEnrichment(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/enrich", EnrichAsync)
            .Describe("enrichLead", "Enrichment", "Enrich an email", "Answers from the global cache or, where it has nothing fresh, from the provider. Never pays twice for the same email.")
            .Takes<EnrichRequest>("""{"email":"john@example.com"}""")
            .Answers<EnrichResponse>("""{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","email":"john@example.com","firstName":"John","lastName":"Doe","title":"CEO","linkedinUrl":"https://linkedin.com/in/johndoe","organizationName":"Acme Inc","organizationDomain":"acme.com","organizationIndustry":"Technology","organizationSize":"51-200","cached":true,"found":true}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status502BadGateway, StatusCodes.Status504GatewayTimeout);

    private static async Task EnrichAsync(HttpContext context, GrainCalls calls, RunScopes runs)
    {
        if ((await JsonBody.ReadAsync<EnrichInput>(context, JsonBody.SmallLimit, EnrichInput.Read)).Failed(out var problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, RunTasks.Enrich);
        var outcome = await calls.CallAsync<IEmailGrain, Tenant, EnrichOutcome>(
            EmailKey.Of(input.Email), tenant, static (grain, requester, token) => grain.EnrichAsync(requester, token), context.RequestAborted);
        if (EnrichProblems.Find(outcome) is { } failure)
        {
            await context.AnswerAsync(failure);
            return;
        }

        var known = outcome as EnrichOutcome.Known ?? throw new UnreachableException($"{outcome.GetType().Name} has no answer.");
        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, (input.Email, known), Write);
    }

    private static void Write(Utf8JsonWriter json, (string Email, EnrichOutcome.Known Known) answer)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, answer.Known.Id);
        json.WriteString("email"u8, answer.Email);
        ProfileAnswer.WriteMembers(json, answer.Known.Profile);
        json.WriteBoolean("cached"u8, answer.Known.Cached);
        json.WriteBoolean("found"u8, answer.Known.Profile is not null);
        json.WriteEndObject();
    }
}
