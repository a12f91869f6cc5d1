using System.Text.Json.Nodes;

namespace LeadGrain.Tests;

/// <summary>Lists that a time cuts.</summary>
internal static class TimeCuts
{
    /// <summary>Waits until what comes next is later, to the millisecond, than what came.</summary>
    internal static Task NextMillisecondAsync()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return Eventually.Async("the clock goes on", () => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() > now);
    }

    /// <summary>Asserts that a list, newest first, begins with what is as old as its <c>from</c> and ends before what is as old as its <c>to</c>.</summary>
    /// <param name="client">Whose list.</param>
    /// <param name="path">With whatever else it is filtered by. It must have three entries at least, all of different times.</param>
    /// <param name="list">The answer's member.</param>
    /// <param name="time">The entries' member.</param>
    internal static async Task MustBeCutAsync(this HttpClient client, string path, string list, string time)
    {
        var all = await IdsAsync("");
        Assert.True(all.Count >= 3, $"{path}: {all.Count}");
        Assert.Equal(all.OrderByDescending(entry => DateTimeOffset.Parse(entry.Time, null)), all);
        var (newest, at) = (all[0].Time, all[1].Time);

        Assert.Equal(all[..2], await IdsAsync($"&from={at}"));
        Assert.Equal(all[2..], await IdsAsync($"&to={at}"));
        Assert.Equal(all[1..2], await IdsAsync($"&from={at}&to={newest}"));
        Assert.Empty(await IdsAsync($"&from={at}&to={at}"));

        async Task<List<(string Id, string Time)>> IdsAsync(string cut)
            => [.. (await client.ReadAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? "" : "?")}{cut}"))[list]!.AsArray()
                .Select(entry => (entry!["id"]!.ToJsonString(), (string)entry[time]!))];
    }
}
