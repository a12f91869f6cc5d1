using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Leases;

/// <summary>A lead on lease, as its holder sees it.</summary>
internal sealed record LeasedLead(string Email, Guid Lease, int Attempt);

/// <summary>Pulls by the new members and what may follow them, in one line each; every one asserts success.</summary>
internal static class LeaseCalls
{
    /// <summary>Pulls on lease.</summary>
    internal static async Task<List<LeasedLead>> LeaseAsync(this HttpClient client, string name, int count = 1, int seconds = 60)
    {
        var answer = await client.PostAsync("/buffer/next", new { @namespace = name, count, leaseSeconds = seconds });
        var leads = answer["leads"]!.AsArray()
            .Select(lead => new LeasedLead((string)lead!["email"]!, (Guid)lead["leaseId"]!, (int)lead["attempt"]!))
            .ToList();
        Assert.Equal(leads.Count > 0, (bool)answer["found"]!);
        return leads;
    }

    /// <summary>Pulls several for good.</summary>
    internal static async Task<string[]> NextAsync(this HttpClient client, string name, int count)
        => Emails(await client.PostAsync("/buffer/next", new { @namespace = name, count }));

    /// <summary>Acknowledges; the outcomes' words, in order.</summary>
    internal static Task<string[]> AckAsync(this HttpClient client, string name, params IEnumerable<LeasedLead> leads)
        => SettleAsync(client, "/buffer/ack", new { @namespace = name, leaseIds = leads.Select(lead => lead.Lease) });

    /// <summary>Gives back; the outcomes' words, in order.</summary>
    internal static Task<string[]> NackAsync(this HttpClient client, string name, int delaySeconds, params IEnumerable<LeasedLead> leads)
        => SettleAsync(client, "/buffer/nack", new { @namespace = name, leaseIds = leads.Select(lead => lead.Lease), delaySeconds });

    /// <summary>Extends; the outcomes' words, in order.</summary>
    internal static Task<string[]> ExtendAsync(this HttpClient client, string name, int leaseSeconds, params IEnumerable<LeasedLead> leads)
        => SettleAsync(client, "/buffer/extend", new { @namespace = name, leaseIds = leads.Select(lead => lead.Lease), leaseSeconds });

    /// <summary>Pushes emails with priorities.</summary>
    internal static Task<JsonNode> PushAsync(this HttpClient client, string name, params IEnumerable<(string Email, int Priority)> leads)
        => client.PostAsync(
            "/buffer/push", new { @namespace = name, leads = leads.Select(lead => new { email = lead.Email, priority = lead.Priority }) });

    /// <summary>The ids and emails of the dead, the oldest death first.</summary>
    internal static async Task<List<(Guid Id, string Email)>> DeadAsync(this HttpClient client, string name)
        => [.. (await client.ReadAsync($"/namespaces/{name}/dead"))["leads"]!.AsArray().Select(lead => ((Guid)lead!["id"]!, (string)lead["email"]!))];

    /// <summary>Waiting, leased, dead, served, skipped.</summary>
    internal static async Task<(int Waiting, int Leased, int Dead, int Served, int Skipped)> AllCountsAsync(this HttpClient client, string name)
    {
        await client.SettleAsync(name);
        var status = await client.ReadAsync($"/namespaces/{name}");
        return ((int)status["waiting"]!, (int)status["leased"]!, (int)status["dead"]!, (int)status["served"]!, (int)status["skipped"]!);
    }

    internal static string[] Emails(JsonNode answer) => [.. answer["leads"]!.AsArray().Select(lead => (string)lead!["email"]!)];

    private static async Task<string[]> SettleAsync(HttpClient client, string path, object body)
    {
        var answer = await client.PostAsync(path, body);
        string[] outcomes = [.. answer["results"]!.AsArray().Select(result => (string)result!["outcome"]!)];
        Assert.Equal(outcomes.Count(outcome => outcome == "not_held"), (int)answer["notHeld"]!);
        return outcomes;
    }
}
