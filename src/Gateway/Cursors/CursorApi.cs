using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Cursors;

internal static class CursorApi
{
    private const string Example = """{"state":{"page":5,"offset":100}}""";

    internal static void MapCursors(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/cursor/{namespace}", GetAsync)
            .Describe("getCursor", "Cursors", "Get a cursor", "The namespace's stored pagination state; null where none was ever set.")
            .Answers<CursorState>(Example);
        routes.MapPut("/cursor/{namespace}", SetAsync)
            .Describe("setCursor", "Cursors", "Set a cursor", "Stores any JSON as the namespace's pagination state.")
            .Takes<CursorState>(Example)
            .Answers<CursorStored>("""{"ok":true}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var state = await calls.CallAsync<INamespaceGrain, string, byte[]?>(
            new NamespaceKey(context.Tenant(), name).GrainKey, name, static (grain, _, token) => grain.GetCursorAsync(token), context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, state, WriteState);
    }

    private static async Task SetAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name)
            || (await JsonBody.ReadAsync<byte[]>(context, JsonBody.SmallLimit, ReadState)).Failed(out problem, out var state))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await calls.CallAsync<INamespaceGrain, byte[], bool>(
            new NamespaceKey(context.Tenant(), name).GrainKey, state, StoreAsync, context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, true, WriteStored);
    }

    private static async Task<bool> StoreAsync(INamespaceGrain grain, byte[] state, CancellationToken cancellationToken)
    {
        await grain.SetCursorAsync(state, cancellationToken);
        return true;
    }

    private static Parsed<byte[]> ReadState(JsonElement root)
    {
        var members = new MemberReader(root);
        var state = members.RequiredRaw("state"u8);
        return members.Problem is { } problem ? problem : state;
    }

    private static void WriteState(Utf8JsonWriter json, byte[]? state)
    {
        json.WriteStartObject();
        json.WritePropertyName("state"u8);
        json.WriteRawValue(state ?? "null"u8, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void WriteStored(Utf8JsonWriter json, bool stored)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok"u8, stored);
        json.WriteEndObject();
    }
}
