using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Audit;

/// <summary>Appends to the audit log: alone, or as a part of the statement that does what is recorded.</summary>
internal sealed class AuditStore(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly string s_appendSql = Append(firstParameter: 1);

    /// <summary>
    /// An insert of the rows that <see cref="Bind"/> binds. A statement may hold it in a <c>with</c> and append a condition on
    /// <c>entry.w</c>, the number of the write that the row belongs to, such as <c>join done on done.w = entry.w</c>.
    /// </summary>
    /// <param name="firstParameter">The number of the first one.</param>
    /// <param name="before">In place of what is bound: an expression of the statement's own for what was there.</param>
    internal static string Append(int firstParameter, string before = "entry.before")
    {
        var p = firstParameter;
        return $"""
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, before, after, reason)
            select entry.organization_id, entry.at, entry.actor, entry.action, entry.entity, entry.entity_id, {before}, entry.after, entry.reason
            from unnest(
                ${p}::bigint[], ${p + 1}::bigint[], ${p + 2}::timestamptz[], ${p + 3}::text[], ${p + 4}::text[], ${p + 5}::text[],
                ${p + 6}::text[], ${p + 7}::json[], ${p + 8}::json[], ${p + 9}::text[])
                as entry (w, organization_id, at, actor, action, entity, entity_id, before, after, reason)
            """;
    }

    /// <summary>Binds ten parameters for <see cref="Append"/>.</summary>
    /// <param name="command">The statement's.</param>
    /// <param name="entries">Each with the number of its write.</param>
    /// <param name="now">When they happened.</param>
    internal static void Bind(NpgsqlCommand command, IReadOnlyList<(long Owner, AuditEntry Entry)> entries, DateTimeOffset now)
    {
        var at = new DateTime[entries.Count];
        Array.Fill(at, now.UtcDateTime);
        command.Bind(
            entries.Column(static e => e.Owner),
            entries.Column(static e => e.Entry.OrganizationId),
            at,
            entries.Column(static e => e.Entry.Actor.Name),
            entries.Column(static e => e.Entry.Action),
            entries.Column(static e => e.Entry.Entity),
            entries.Column(static e => e.Entry.EntityId));
        command.Parameters.Add(CommandParameters.Json(entries.Column(static e => e.Entry.Before)));
        command.Parameters.Add(CommandParameters.Json(entries.Column(static e => e.Entry.After)));
        command.Bind((object)entries.Column(static e => ReasonOf(e.Entry)));
    }

    /// <summary>Appends entries by themselves.</summary>
    internal Task AppendAsync(params IReadOnlyList<AuditEntry> entries) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(s_appendSql);
        Bind(command, [.. entries.Select(static e => (0L, e))], time.GetUtcNow());
        return await command.ExecuteNonQueryAsync();
    });

    private static string? ReasonOf(AuditEntry entry) => (entry.Reason, entry.Actor.Why) switch
    {
        (var known, null) => known,
        (null, var said) => said,
        var (known, said) => $"{known} ({said})",
    };
}
