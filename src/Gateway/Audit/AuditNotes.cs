using System.Text.Json;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Audit;

/// <summary>Notes what a request does that no grain's own write would tell of.</summary>
internal static class AuditNotes
{
    /// <summary>Notes it, before it is done: what cannot be noted is not done.</summary>
    /// <param name="context">Whose request it is.</param>
    /// <param name="calls">Makes the call.</param>
    /// <param name="action">What, in <c>snake_case</c>.</param>
    /// <param name="entity">To what kind of thing.</param>
    /// <param name="entityId">Which one.</param>
    /// <param name="after">What was asked for; nothing of it may name a person.</param>
    internal static Task NoteAsync(
        this HttpContext context, GrainCalls calls, string action, string entity, string entityId, JsonObject? after = null)
        => calls.CallAsync<IAuditGrain, AuditNote, bool>(
            context.Tenant().GrainKey,
            new AuditNote(context.Caller().Actor, action, entity, entityId, after is null ? null : JsonSerializer.SerializeToUtf8Bytes(after)),
            NoteAsync,
            context.RequestAborted);

    private static async Task<bool> NoteAsync(IAuditGrain grain, AuditNote note, CancellationToken cancellationToken)
    {
        await grain.NoteAsync(note, cancellationToken);
        return true;
    }
}
