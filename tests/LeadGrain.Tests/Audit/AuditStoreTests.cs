using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Organizations;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Audit;

public sealed class AuditStoreTests
{
    [Fact]
    public async Task What_is_appended_is_there_and_nobody_can_change_or_remove_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        var store = new AuditStore(database.DataSource, TimeProvider.System);
        await store.AppendAsync(
            new AuditEntry(organization, "admin", "a", "thing", "1", "1"u8.ToArray(), """{"b":2}"""u8.ToArray(), "why"),
            new AuditEntry(organization, "admin", "b", "thing", "2"));

        foreach (var sql in new[] { "update audit_log set actor = 'x'", "delete from audit_log", "truncate audit_log", "delete from audit_log where false" })
        {
#pragma warning disable CA2100 // The statements above.
            await using var command = database.DataSource.CreateCommand(sql);
#pragma warning restore CA2100
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
        }

        var page = await new AuditLogStore(database.DataSource).ListAsync(new Tenant("app", "org"), new(null, null, null, null, null, null, null, 10));
        Assert.Equal(["b", "a"], page.Entries.Select(e => e.Action));
        Assert.Equal(("1", """{"b":2}""", "why"), (
            System.Text.Encoding.UTF8.GetString(page.Entries[1].Before!), System.Text.Encoding.UTF8.GetString(page.Entries[1].After!), page.Entries[1].Reason));
    }
}
