using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

namespace LeadGrain.Gateway.Campaigns;

internal static class CampaignApi
{
    internal const string Parameter = "campaign";

    private const string Example = """{"id":"123456","kind":"smartlead","state":"active","stoppedFor":null,"settings":{"batchLimit":50},"dailyCap":200,"timeZone":"Europe/Berlin","pushes":{"waiting":3,"sending":0,"sent":120,"dead":1},"createdAt":"2024-01-15T10:00:00Z","updatedAt":"2024-01-15T10:00:00Z"}""";

    internal static void MapCampaigns(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/campaigns", ListAsync)
            .Describe("listCampaigns", "Campaigns", "List campaigns", "The organization's campaigns with their pushes by state, by id.")
            .Paged()
            .Answers<CampaignsResponse>($$"""{"campaigns":[{{Example}}],"next":null}""");
        routes.MapGet("/campaigns/{campaign}", GetAsync)
            .Describe("getCampaign", "Campaigns", "Get a campaign", "One campaign with its pushes by state.")
            .Answers<CampaignResponse>(Example)
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPut("/campaigns/{campaign}", PutAsync)
            .AdminOnly().Audited()
            .Describe("putCampaign", "Campaigns", "Set up or change a campaign", "One of Smartlead's sets itself up with the first lead where there is an API key. What waits for a campaign of this id is pushed from now on. Of a webhook that is new the answer holds the signing secret, this once.")
            .Takes<CampaignRequest>(
                ("smartlead", """{"kind":"smartlead","settings":{"batchLimit":50},"dailyCap":200,"timeZone":"Europe/Berlin"}"""),
                ("webhook", """{"kind":"webhook","url":"https://crm.example/leads","retryDelays":[5,300,3600]}"""),
                ("namespace", """{"kind":"namespace","namespace":"baltics"}"""))
            .Answers<CampaignResponse>(Example)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapDelete("/campaigns/{campaign}", DeleteAsync)
            .AdminOnly().Audited()
            .Describe("deleteCampaign", "Campaigns", "Remove a campaign", "And its signing secrets. Its pushes wait until a campaign of this id is set up again.")
            .Answers<CampaignDeletedResponse>("""{"deleted":true}""")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapCommands();
    }

    // What is done to a campaign that is set up.
    private static void MapCommands(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/campaigns/{campaign}/pause", PauseAsync).Audited()
            .Describe("pauseCampaign", "Campaigns", "Pause a campaign", "Its leads are held until it is resumed; a batch under way is finished.")
            .Answers<CampaignResponse>(Example)
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/campaigns/{campaign}/resume", ResumeAsync).Audited()
            .Describe("resumeCampaign", "Campaigns", "Resume a campaign", "Also one that was stopped, or a webhook that was switched off.")
            .Answers<CampaignResponse>(Example)
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/campaigns/{campaign}/retry", RetryAsync).Audited()
            .Describe("retryPushes", "Campaigns", "Push again", "Makes held and dead pushes due at once, with all their attempts before them.")
            .Takes<PushRetryRequest>("""{"leadIds":["0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10"]}""")
            .Answers<PushRetryResponse>("""{"retried":1}""")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapPost("/campaigns/{campaign}/secret", RotateAsync)
            .AdminOnly().Audited()
            .Describe("rotateCampaignSecret", "Campaigns", "Rotate a signing secret", "Makes a webhook's new signing secret. Posts are signed with the old one as well until it is rotated again.")
            .Answers<SigningSecretResponse>("""{"signingSecret":"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}""")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (TextPage.Read(context.Request.Query, tokens, PageToken.Scope("/campaigns", tenant.App, tenant.Org)).Failed(out var problem, out var asked))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<ICampaignsGrain, TextPage, CampaignPage>(
            tenant.GrainKey, asked, static (grain, asked, token) => grain.ListAsync(asked.After ?? "", asked.Limit, token), context.RequestAborted);
        var next = page is { HasMore: true, Campaigns: [.., var last] } ? asked.Next(tokens, last.Id) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), CampaignAnswers.WritePage);
    }

    private static Task GetAsync(HttpContext context, GrainCalls calls)
        => AnswerAsync(context, calls, static (grain, _, token) => grain.GetAsync(token));

    private static Task PauseAsync(HttpContext context, GrainCalls calls)
        => AnswerAsync(context, calls, static (grain, actor, token) => grain.SetActiveAsync(false, actor, token));

    private static Task ResumeAsync(HttpContext context, GrainCalls calls)
        => AnswerAsync(context, calls, static (grain, actor, token) => grain.SetActiveAsync(true, actor, token));

    private static async Task PutAsync(HttpContext context, GrainCalls calls, IConfiguration configuration)
    {
        var allow = configuration.GetValue(OutboundAddress.AllowSetting, false);
        if (NamespaceRoute.Read(context, Parameter).Failed(out var problem, out var id)
            || (await JsonBody.ReadAsync(context, JsonBody.SmallLimit, root => CampaignInput.Read(root, allow))).Failed(out problem, out var settings))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var put = await CallAsync(
            context, calls, id, (Settings: settings, Actor: Actor(context)), static (grain, put, token) => grain.PutAsync(put.Settings, put.Actor, token));
        await JsonAnswer.WriteAsync(context.Response, (put.Campaign, put.SigningSecret), CampaignAnswers.Write);
    }

    private static async Task DeleteAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context, Parameter).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await (await CallAsync(context, calls, id, Actor(context), static (grain, actor, token) => grain.DeleteAsync(actor, token))
            ? JsonAnswer.WriteAsync(context.Response, true, static (json, deleted) =>
            {
                json.WriteStartObject();
                json.WriteBoolean("deleted"u8, deleted);
                json.WriteEndObject();
            })
            : context.AnswerAsync(Problem.CampaignNotFound()));
    }

    private static async Task RetryAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context, Parameter).Failed(out var problem, out var id)
            || (await JsonBody.ReadAsync<RetryInput>(context, JsonBody.SmallLimit, CampaignInput.ReadRetry)).Failed(out problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var retried = await CallAsync(
            context, calls, id, (input.LeadIds, Actor: Actor(context)), static (grain, retry, token) => grain.RetryAsync(retry.LeadIds, retry.Actor, token));
        await (retried is { } count
            ? JsonAnswer.WriteAsync(context.Response, count, static (json, count) =>
            {
                json.WriteStartObject();
                json.WriteNumber("retried"u8, count);
                json.WriteEndObject();
            })
            : context.AnswerAsync(Problem.CampaignNotFound()));
    }

    private static async Task RotateAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context, Parameter).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await (await CallAsync(context, calls, id, Actor(context), static (grain, actor, token) => grain.RotateSecretAsync(actor, token)) is { } secret
            ? JsonAnswer.WriteAsync(context.Response, secret, static (json, secret) =>
            {
                json.WriteStartObject();
                json.WriteString("signingSecret"u8, secret);
                json.WriteEndObject();
            })
            : context.AnswerAsync(await CallAsync(context, calls, id, true, static (grain, _, token) => grain.GetAsync(token)) is null
                ? Problem.CampaignNotFound() : Problem.NoSigningSecret()));
    }

    private static async Task AnswerAsync(
        HttpContext context, GrainCalls calls, Func<ICampaignGrain, Actor, CancellationToken, Task<Campaign?>> call)
    {
        if (NamespaceRoute.Read(context, Parameter).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await (await CallAsync(context, calls, id, Actor(context), call) is { } campaign
            ? JsonAnswer.WriteAsync(context.Response, (campaign, (string?)null), CampaignAnswers.Write)
            : context.AnswerAsync(Problem.CampaignNotFound()));
    }

    private static Task<TResult> CallAsync<TArgument, TResult>(
        HttpContext context, GrainCalls calls, string id, TArgument argument, Func<ICampaignGrain, TArgument, CancellationToken, Task<TResult>> call)
        => calls.CallAsync(new CampaignKey(context.Tenant(), id).GrainKey, argument, call, context.RequestAborted);

    // Who asked, for the audit log.
    private static Actor Actor(HttpContext context) => context.Caller().Actor;
}
