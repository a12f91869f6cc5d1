using System.Diagnostics;
using LeadGrain.Silo;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace LeadGrain.Tests.OrleansHost;

public sealed class TwoSilosTests(ITestOutputHelper output)
{
    private static readonly string[] s_names = [.. Enumerable.Range(0, 8).Select(i => $"campaign-{i}")];

    [Fact]
    public async Task Each_lead_is_served_once_across_two_gateways()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (one, two) = (await cluster.StartAsync(), await cluster.StartAsync());
        await Task.WhenAll(s_names.Select((name, i) => (i % 2 == 0 ? one : two).Client.PushAsync(name, Emails(name, 40))));

        await Task.WhenAll(s_names.Select(async name =>
        {
            var drained = await Task.WhenAll(
                one.Client.DrainAsync(name), two.Client.DrainAsync(name), one.Client.DrainAsync(name), two.Client.DrainAsync(name));
            Assert.Equal(Emails(name, 40).Order(), drained.SelectMany(emails => emails).Order());
        }));
        Assert.Equal(320, await cluster.CountAsync("select count(*) from served_leads"));
    }

    [Fact]
    public async Task Both_silos_carry_grains_and_each_finds_those_of_the_other()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (one, two) = (await cluster.StartAsync(), await cluster.StartAsync());
        var names = new List<string>();
        var carrying = 0;

        // Orleans places grains by how busy its silos are, as it was told last: one of them may get all for a while.
        var began = Stopwatch.GetTimestamp();
        while (carrying < 2 && Stopwatch.GetElapsedTime(began) < Eventually.Patience)
        {
            var more = Enumerable.Range(names.Count, 30).Select(i => $"n-{i}").ToArray();
            await Task.WhenAll(more.Select((name, i) => (i % 2 == 0 ? one : two).Client.PushAsync(name, [$"{name}@example.com"])));
            names.AddRange(more);
            var statistics = await one.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics();
            carrying = statistics.Where(s => s.GrainType.Contains("NamespaceGrain", StringComparison.Ordinal) && s.ActivationCount > 0)
                .Select(s => s.SiloAddress).Distinct().Count();
        }

        Assert.Equal(2, carrying);
        Assert.Equal(names.Select(name => $"{name}@example.com"), await Task.WhenAll(names.Select(name => two.Client.PullAsync(name))));
    }

    [Fact]
    public async Task A_silo_that_stops_hands_its_grains_over()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (one, two) = (await cluster.StartAsync(), await cluster.StartAsync());
        await Task.WhenAll(s_names.Select(name => two.Client.PushAsync(name, Emails(name, 3))));

        await two.StopAsync();

        Assert.All(await Task.WhenAll(s_names.Select(one.Client.DrainAsync)), emails => Assert.Equal(3, emails.Count));
    }

    [Fact]
    public async Task A_killed_silos_namespaces_answer_again_and_serve_nothing_twice()
    {
        await using var cluster = await Cluster.CreateAsync();
        var one = await cluster.StartAsync();
        await using var victim = await SiloProcess.StartAsync(cluster);
        await Task.WhenAll(s_names.Select(name => victim.Client.PushAsync(name, Emails(name, 20))));
        var before = await Task.WhenAll(s_names.Select(victim.Client.PullAsync));

        await victim.KillAsync();
        var since = Stopwatch.StartNew();
        var after = await Task.WhenAll(s_names.Select(async name =>
        {
            // What was under way towards the victim has an unknown outcome, as it would for any client.
            var answer = await Eventually.FindAsync($"{name} answers", () => one.Client.TryPullAsync(name), answer => (int)answer.Status != 503);
            Assert.Equal(200, (int)answer.Status);
            return (string?)answer.Json["lead"]!["email"];
        }));
        output.WriteLine($"All namespaces answered {since.Elapsed} after the kill.");

        Assert.True(since.Elapsed < TimeSpan.FromSeconds(20), $"{since.Elapsed}");
        Assert.Empty(before.Intersect(after));
        await Task.WhenAll(s_names.Select(one.Client.DrainAsync));
        Assert.Equal(160, await cluster.CountAsync("select count(*) from served_leads"));
        Assert.Equal(160, await cluster.CountAsync("select count(distinct (namespace_id, email_key)) from served_leads"));
    }

    private static string[] Emails(string name, int count) => [.. Enumerable.Range(0, count).Select(i => $"{i}@{name}.example")];
}
