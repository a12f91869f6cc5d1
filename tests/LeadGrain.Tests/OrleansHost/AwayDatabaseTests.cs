using System.Net;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>A database that takes nobody in, seen through the silo that carries the grains and through the other one.</summary>
public sealed class AwayDatabaseTests
{
    private static readonly string[] s_names = [.. Enumerable.Range(0, 16).Select(i => $"campaign-{i}")];

    [Fact]
    public async Task Every_silo_says_that_the_database_is_away_and_serves_once_it_is_back()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (one, two) = (await cluster.StartAsync(), await cluster.StartAsync());
        await Task.WhenAll(s_names.Select((name, i) => (i % 2 == 0 ? one : two).Client.PushAsync(name, $"a@{name}.example", $"b@{name}.example")));

        await using (await AwayDatabase.BeginAsync(cluster.Database.ConnectionString))
        {
            foreach (var path in new[] { "/leads", "/namespaces", "/routing/rules", "/gate", "/crm/leads", "/campaigns", "/organization/limits" })
            {
                MustSayWhy(await one.Client.GetAsync(path));
                MustSayWhy(await two.Client.GetAsync(path));
            }

            // A campaign's breaker is what the host keeps for it.
            MustSayWhy(await one.Client.PostAsync("/campaigns/555/pause", "{}"));
            MustSayWhy(await two.Client.PostAsync("/campaigns/556/pause", "{}"));
            foreach (var name in s_names)
            {
                MustSayWhy(await one.Client.TryPullAsync(name));
                MustSayWhy(await two.Client.TryPullAsync(name));
            }
        }

        Assert.Equal(s_names.Length, (await Task.WhenAll(s_names.Select(one.Client.PullAsync))).Count(email => email is not null));
    }

    private static void MustSayWhy(Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains(answer.Code, new[] { "storage_unavailable", "not_ready" });
    }
}
