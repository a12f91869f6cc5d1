using System.Collections.Immutable;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Routing;

internal static class RuleApi
{
    private const string Body =
        """{"persona":"VP Sales","minScore":80,"priority":100,"target":{"campaign":"123456"},"conditions":[{"path":"company_size","op":"gte","value":50}],"dailyCap":200,"activeHours":{"timeZone":"Europe/Berlin","days":["mon","tue","wed","thu","fri"],"from":"09:00","to":"17:30"}}""";

    private const string Example =
        """{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","name":null,"persona":"VP Sales","minScore":80,"min_score":80,"priority":100,"target":{"campaign":"123456"},"target_campaign_id":"123456","conditions":[{"path":"company_size","op":"gte","value":50}],"dailyCap":200,"weight":null,"activeHours":{"timeZone":"Europe/Berlin","days":["mon","tue","wed","thu","fri"],"from":"09:00","to":"17:30"},"enabled":true,"createdAt":"2024-01-15T10:00:00Z","updatedAt":"2024-01-15T10:00:00Z"}""";

    private const string Path = "/routing/rules/{id}";
    private const int ChangeTries = 3;

    internal static void MapRules(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/routing/rules", AddAsync)
            .AdminOnly().Audited()
            .Describe("createRule", "Routing", "Make a routing rule", "In force for the next lead. Only the target must be given.")
            .Takes<RuleRequest>(Body).Answers<RuleResponse>(Example)
            .Fails(StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapGet("/routing/rules", ListAsync)
            .Describe("listRules", "Routing", "List the routing rules", "All of them, in the order in which they are asked.")
            .Answers<RulesResponse>($$"""{"rules":[{{Example}}]}""");
        Named(routes.MapGet(Path, GetAsync))
            .Describe("getRule", "Routing", "Get a routing rule", "As it is in force.");
        Named(routes.MapPut(Path, ReplaceAsync))
            .AdminOnly().Audited()
            .Describe("replaceRule", "Routing", "Replace a routing rule", "What is absent gets its default. Its age stays.")
            .Takes<RuleRequest>(Body)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        Named(routes.MapMethods(Path, ["PATCH"], ChangeAsync))
            .AdminOnly().Audited()
            .Describe("changeRule", "Routing", "Change a routing rule", "What is absent stays as it is; what is null goes.")
            .Takes<RuleRequest>("""{"priority":90}""")
            .Fails(StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        Named(routes.MapDelete(Path, DeleteAsync))
            .AdminOnly().Audited()
            .Describe("deleteRule", "Routing", "Remove a routing rule", "What it has routed stays routed. Answers the rule as it was.");
    }

    private static RouteHandlerBuilder Named(RouteHandlerBuilder route) => route
        .InPath("id", "The rule.", isUuid: true).Answers<RuleResponse>(Example).Fails(StatusCodes.Status404NotFound);

    private static async Task AddAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<RuleDefinition>(context, JsonBody.SmallLimit, RuleInput.ReadNew)).Failed(out var problem, out var rule))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await AnswerAsync(context, await calls.CallAsync<IRoutingGrain, (RuleDefinition Rule, Actor Actor), RuleChange>(
            context.Tenant().GrainKey,
            (rule, context.Caller().Actor),
            static (grain, asked, token) => grain.AddRuleAsync(asked.Rule, asked.Actor, token),
            context.RequestAborted));
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls)
        => await JsonAnswer.WriteAsync(context.Response, await AllAsync(context, calls), RuleAnswers.WriteList);

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
        => await (await FindAsync(context, calls) is { } rule
            ? JsonAnswer.WriteAsync(context.Response, rule, RuleAnswers.Write)
            : context.AnswerAsync(Problem.RuleNotFound()));

    private static async Task ReplaceAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<RuleDefinition>(context, JsonBody.SmallLimit, RuleInput.ReadNew)).Failed(out var problem, out var rule))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await AnswerAsync(context, RouteId.TryRead(context, out var id)
            ? await StoreAsync(context, calls, id, rule, null)
            : RuleChange.NotFound.Value);
    }

    private static async Task ChangeAsync(HttpContext context, GrainCalls calls)
    {
        if (await FindAsync(context, calls) is not { } rule)
        {
            await context.AnswerAsync(Problem.RuleNotFound());
            return;
        }

        // The body is read once, and laid over the rule as it is; over the newer one where somebody was faster.
        if ((await JsonBody.ReadAsync<byte[]>(context, JsonBody.SmallLimit, RawInput.Read)).Failed(out var problem, out var body))
        {
            await context.AnswerAsync(problem);
            return;
        }

        RuleChange change = RuleChange.ChangedMeanwhile.Value;
        for (var tries = 0; tries < ChangeTries && change is RuleChange.ChangedMeanwhile; tries++)
        {
            rule = tries == 0 ? rule : await FindAsync(context, calls);
            if (rule is null)
            {
                change = RuleChange.NotFound.Value;
                break;
            }

            var basis = rule.Definition;
            if (JsonBody.Parse<RuleDefinition>(body, root => RuleInput.Read(root, basis)).Failed(out problem, out var changed))
            {
                await context.AnswerAsync(problem);
                return;
            }

            change = await StoreAsync(context, calls, rule.Id, changed, rule.UpdatedAt);
        }

        await AnswerAsync(context, change);
    }

    private static async Task DeleteAsync(HttpContext context, GrainCalls calls)
        => await AnswerAsync(context, RouteId.TryRead(context, out var id)
            ? await calls.CallAsync<IRoutingGrain, (Guid Id, Actor Actor), RuleChange>(
                context.Tenant().GrainKey,
                (id, context.Caller().Actor),
                static (grain, asked, token) => grain.DeleteRuleAsync(asked.Id, asked.Actor, token),
                context.RequestAborted)
            : RuleChange.NotFound.Value);

    private static Task<RuleChange> StoreAsync(HttpContext context, GrainCalls calls, Guid id, RuleDefinition rule, DateTimeOffset? basis)
        => calls.CallAsync<IRoutingGrain, (Guid Id, RuleDefinition Rule, DateTimeOffset? Basis, Actor Actor), RuleChange>(
            context.Tenant().GrainKey,
            (id, rule, basis, context.Caller().Actor),
            static (grain, asked, token) => grain.ReplaceRuleAsync(asked.Id, asked.Rule, asked.Basis, asked.Actor, token),
            context.RequestAborted);

    private static Task<ImmutableArray<RoutingRule>> AllAsync(HttpContext context, GrainCalls calls)
        => calls.CallAsync<IRoutingGrain, int, ImmutableArray<RoutingRule>>(
            context.Tenant().GrainKey, 0, static (grain, _, token) => grain.ListRulesAsync(token), context.RequestAborted);

    private static async Task<RoutingRule?> FindAsync(HttpContext context, GrainCalls calls)
        => RouteId.TryRead(context, out var id) ? (await AllAsync(context, calls)).FirstOrDefault(rule => rule.Id == id) : null;

    private static Task AnswerAsync(HttpContext context, RuleChange change) => change switch
    {
        RuleChange.Done done => JsonAnswer.WriteAsync(context.Response, done.Rule, RuleAnswers.Write),
        RuleChange.TooMany => context.AnswerAsync(Problem.TooManyRules(RuleDefinition.MaxRules)),
        RuleChange.ChangedMeanwhile => context.AnswerAsync(Problem.ChangedMeanwhile()),
        _ => context.AnswerAsync(Problem.RuleNotFound()),
    };
}
