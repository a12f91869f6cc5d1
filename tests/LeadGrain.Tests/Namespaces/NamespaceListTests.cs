using System.Globalization;
using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Namespaces;

public sealed class NamespaceListTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Fact]
    public async Task Namespaces_are_listed_by_name_in_pages_with_their_counts()
    {
        using var client = shared.Grid.NewClient("list", "org");
        var names = Enumerable.Range(0, 12).Select(i => $"campaign {i:00}/ä").ToArray();
        foreach (var name in names)
        {
            await client.PushAsync(name, "a@x.example", "b@x.example");
            await client.NextAsync(name);
        }

        var (listed, next) = (new List<JsonNode>(), (string?)null);
        do
        {
            var page = await client.ReadAsync($"/namespaces?limit=5{(next is null ? "" : $"&next={next}")}");
            listed.AddRange(page["namespaces"]!.AsArray()!);
            next = (string?)page["next"];
        }
        while (next is not null);

        Assert.Equal(names, listed.Select(n => (string)n["namespace"]!));
        Assert.All(listed, n => Assert.Equal((1, 1, 0), ((int)n["waiting"]!, (int)n["served"]!, (int)n["skipped"]!)));
    }

    [Fact]
    public async Task The_oldest_waiting_lead_and_the_last_push_and_pull_are_told()
    {
        using var client = shared.Grid.NewClient("ages", "org");
        await client.PushAsync("ns", "a@x.example");
        var first = await client.ReadAsync("/namespaces/ns");
        await client.PushAsync("ns", "b@x.example");
        Assert.Null(first["lastPullAt"]);
        Assert.Equal((string?)first["lastPushAt"], (string?)first["oldestWaitingSince"]);

        await client.NextAsync("ns");
        var second = await client.ReadAsync("/namespaces/ns");
        Assert.True(Time(second, "oldestWaitingSince") > Time(first, "oldestWaitingSince"));
        Assert.Equal(Time(second, "lastPushAt"), Time(second, "oldestWaitingSince"));
        Assert.True(Time(second, "lastPullAt") > Time(first, "lastPushAt"));

        await client.NextAsync("ns");
        Assert.Null((await client.ReadAsync("/namespaces/ns"))["oldestWaitingSince"]);
    }

    private static DateTimeOffset Time(JsonNode status, string member)
        => DateTimeOffset.Parse((string)status[member]!, CultureInfo.InvariantCulture);
}
