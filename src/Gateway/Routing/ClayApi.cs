using System.Security.Cryptography;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Routing;

/// <summary>Leads that Clay delivers. It has no key of ours: the signature or the token of a delivery says whose it is.</summary>
internal static class ClayApi
{
    internal const string SignatureHeader = "X-Clay-Signature";
    internal const string TokenHeader = "X-Clay-Token";
    internal const string DeliveryHeader = "X-Clay-Delivery-Id";

    internal static void MapClay(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/ingest/clay", IngestAsync)
            .Describe("ingestClayLead", "Routing", "Ingest a lead from Clay", "As ingestLead. Proven by X-Clay-Signature, HMAC-SHA256 of the body's bytes in hexadecimal, with or without sha256=, or by X-Clay-Token. The same delivery again, by X-Clay-Delivery-Id or by its bytes, is the same lead for as long as the duplicate look-back. Names of columns are found as they are usually written (First Name, Persona, Lead Score), and a score that is no number counts as none.")
            .Query("orgId", "The organization.", isRequired: true)
            .Query("appId", "Its application; the grid's setting CLAY_APP unless told.")
            .Query("wait", "Seconds to wait for the push, 0 to 30.", QueryKind.Seconds)
            .ProvenBy("ClaySignature", SignatureHeader, "HMAC-SHA256 of the body's bytes in hexadecimal, with or without sha256=, under the organization's secret clay-hmac.")
            .ProvenBy("ClayToken", TokenHeader, "The organization's secret clay-token, in place of a signature.")
            .Header(DeliveryHeader, "Names the delivery, the same for each repeat.", IdempotencyKey.MaxLength)
            .Takes<IngestRequest>("""{"email":"jane@example.com","persona":"Marketing Manager","lead_score":75,"first_name":"Jane","last_name":"Smith","company":"Tech Inc"}""")
            .Answers<IngestResponse>(IngestApi.Example)
            .AnswersHeader(KeyedAnswer.ReplayedHeader, "true where this is the first delivery's answer again.")
            .FailsAs(PlainErrors.Shape, StatusCodes.Status413PayloadTooLarge);

    private static async Task IngestAsync(
        HttpContext context, GrainCalls calls, IOptions<GatewayOptions> options, UnprovenDeliveries unproven, OrganizationShares shares)
    {
        if (DeliveryTenant.Read(context.Request.Query, options.Value.ClayApp, Problem.DeliveryUnproven).Failed(out var problem, out var tenant)
            || IngestApi.ReadWait(context.Request.Query, options.Value).Failed(out problem, out var wait)
            || (await Body.ReadAllAsync(context, JsonBody.SmallLimit)).Failed(out problem, out var body))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var headers = context.Request.Headers;
        var proof = new DeliveryProof(
            DeliverySender.Clay, body, headers[SignatureHeader] is [{ } signature] ? signature : null, headers[TokenHeader] is [{ } token] ? token : null);
        await (await unproven.CheckAsync(tenant, proof, context.RequestAborted) switch
        {
            null => context.AnswerAsync(Problem.Overloaded()),
            false => context.AnswerAsync(Problem.DeliveryUnproven()),
            true => shares.ServeAsync(context, tenant, proven => TakeInAsync(proven, calls, tenant, body, wait)),
        });
    }

    private static Task TakeInAsync(HttpContext context, GrainCalls calls, Tenant tenant, byte[] body, TimeSpan wait)
        => JsonBody.Parse<NewRoutedLead>(body, IngestInput.ReadDelivery).Failed(out var problem, out var lead)
            ? context.AnswerAsync(problem)
            : IngestApi.TakeInAsync(
                context, calls, tenant, new IngestCommand(lead, "clay", KeyOf(context.Request.Headers, body), IsDelivery: true), wait);

    private static RequestKey KeyOf(IHeaderDictionary headers, byte[] body)
    {
        var hash = SHA256.HashData(body);
        return headers[DeliveryHeader] is [{ Length: > 0 and <= IdempotencyKey.MaxLength } id]
            ? new RequestKey($"id:{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)))}", hash)
            : new RequestKey($"body:{Convert.ToHexStringLower(hash)}", hash);
    }
}
