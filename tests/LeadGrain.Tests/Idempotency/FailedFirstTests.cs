using System.Net;
using System.Net.Http.Json;
using LeadGrain.Tests.Leases;

namespace LeadGrain.Tests.Idempotency;

/// <summary>Requests with a key that fail, or meet another one of their key, or whose lead moves on before they are repeated.</summary>
public sealed class FailedFirstTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_first_request_that_failed_for_the_database_leaves_its_namespace_usable()
    {
        var database = shared.Database.DataSource;
        await database.CreateCommand(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise 'no space' using errcode = '53100'; end $$;
            create trigger refuse before insert on namespaces for each row execute function refuse()
            """).ExecuteNonQueryAsync();
        var body = new { @namespace = "wedged", leads = new[] { new { email = "a@x.example" } } };
        var cursor = new { state = 1 };

        var refused = await Client.AskAsync("/buffer/push", body, "wedged");
        using (var put = await Client.PutAsJsonAsync(new Uri("/cursor/wedged-cursor", UriKind.Relative), cursor))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, put.StatusCode);
        }

        await database.CreateCommand("drop trigger refuse on namespaces; drop function refuse").ExecuteNonQueryAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Equal("""{"buffered":1,"skippedAlreadyServed":0}""", (await Client.AskAsync("/buffer/push", body, "wedged")).Body);
        using var again = await Client.PutAsJsonAsync(new Uri("/cursor/wedged-cursor", UriKind.Relative), cursor);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task One_key_used_in_two_namespaces_at_once_is_refused_to_the_second_and_ends_neither_activation()
    {
        await Client.PushAsync("one", "a@x.example");
        await Client.PushAsync("two", "b@x.example");
        var epochs = await EpochsAsync();

        // Held up so, the first has not kept its answer yet.
        await using var connection = await shared.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand("select from namespaces where name = 'one' for update", connection);
        await hold.ExecuteNonQueryAsync();
        var first = Client.AskAsync("/buffer/next", new { @namespace = "one" }, "both");
        await shared.Database.LockWaitAsync();
        var second = await Client.AskAsync("/buffer/next", new { @namespace = "two" }, "both");
        await transaction.RollbackAsync();

        Assert.Equal("a@x.example", (string)(await first).Json["lead"]!["email"]!);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (second.Status, (string)second.Json["code"]!));
        Assert.Equal("b@x.example", await Client.NextAsync("two"));
        Assert.Equal(epochs, await EpochsAsync());
    }

    [Fact]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_its_lead_has_died_and_was_revived()
    {
        await Client.PushAsync("revived", "a@x.example");
        var body = new { @namespace = "revived", leaseSeconds = 600 };
        var first = await Client.AskAsync("/buffer/next", body, "revived");
        var lease = new LeasedLead("a@x.example", (Guid)first.Json["lead"]!["leaseId"]!, 1);
        while (await Client.NackAsync("revived", 0, lease) is not ["dead"])
        {
            lease = Assert.Single(await Client.LeaseAsync("revived"));
        }

        await Client.PostAsync("/namespaces/revived/dead/revive", new { all = true });

        var again = await Client.AskAsync("/buffer/next", body, "revived");
        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
    }

    private async Task<string> EpochsAsync() => (string)(await shared.Database.DataSource.CreateCommand(
        "select string_agg(name || epoch, ' ' order by name) from namespaces where name in ('one', 'two')").ExecuteScalarAsync())!;
}
