using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Campaigns;

internal static class SmartleadSettingsApi
{
    private const string Example = """{"ignoreGlobalBlockList":null,"ignoreUnsubscribeList":null,"ignoreCommunityBounceList":null,"ignoreDuplicateLeadsInOtherCampaign":false,"returnLeadIds":null,"batchLimit":null,"rateLimit":60,"rateWindow":60,"burstLimit":10}""";

    internal static void MapSmartleadSettings(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/organization/smartlead", GetAsync)
            .Describe("getSmartleadSettings", "Campaigns", "Get the Smartlead settings", "How the organization uses Smartlead, as set; null leaves the default in force.")
            .Answers<SmartleadSettingsShape>(Example);
        routes.MapPut("/organization/smartlead", SetAsync)
            .AdminOnly().Audited()
            .Describe("setSmartleadSettings", "Campaigns", "Set the Smartlead settings", "Sets all of them, for all campaigns; in force with the next batch.")
            .Takes<SmartleadSettingsShape>("""{"ignoreDuplicateLeadsInOtherCampaign":false,"rateLimit":60,"rateWindow":60,"burstLimit":10}""")
            .Answers<SmartleadSettingsShape>(Example)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        var settings = await calls.CallAsync<ICampaignsGrain, bool, SmartleadSettings>(
            context.Tenant().GrainKey, true, static (grain, _, token) => grain.GetSmartleadAsync(token), context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, settings, CampaignAnswers.WriteSmartlead);
    }

    private static async Task SetAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<SmartleadSettings>(context, JsonBody.SmallLimit, CampaignInput.ReadSmartlead)).Failed(out var problem, out var settings))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await calls.CallAsync<ICampaignsGrain, (SmartleadSettings Settings, Actor Actor), bool>(
            context.Tenant().GrainKey, (settings, context.Caller().Actor), StoreAsync, context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, settings, CampaignAnswers.WriteSmartlead);
    }

    private static async Task<bool> StoreAsync(ICampaignsGrain grain, (SmartleadSettings Settings, Actor Actor) asked, CancellationToken cancellationToken)
    {
        await grain.SetSmartleadAsync(asked.Settings, asked.Actor, cancellationToken);
        return true;
    }
}
