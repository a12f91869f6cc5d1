using System.Net;
using LeadGrain.Gateway.Crm;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Ingestion;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Crm;

public sealed class CrmTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Fact]
    public async Task Leads_are_listed_newest_first_by_every_filter_and_in_pages()
    {
        using var client = shared.Grid.NewClient("crm", "list");
        var ids = new List<Guid>();
        for (var i = 0; i < 7; i++)
        {
            ids.Insert(0, (await client.PostLeadAsync(
                $$"""{"email":"u{{i}}@b.c","firstName":"Ann","lastName":"O_{{i}}","country":"{{(i % 2 == 0 ? "LV" : "EE")}}","offer":"o{{i % 3}}","sourcetype":"s{{i % 2}}"}""")).MustBeCreated());
            await TimeCuts.NextMillisecondAsync();
        }

        await client.PatchAsync(ids[0], """{"status":"called","assignedTo":"ann"}""");
        await client.PatchAsync(ids[3], """{"status":"called"}""");

        Assert.Equal(ids, await client.ListAsync(""));
        Assert.Equal([ids[0], ids[3]], await client.ListAsync("status=called"));
        Assert.Equal(5, (await client.ListAsync("status=new")).Count);
        Assert.Equal([ids[0]], await client.ListAsync("assignee=ann"));
        Assert.Equal([ids[0]], await client.ListAsync("assignedTo=ann"));
        Assert.Equal(3, (await client.ListAsync("sourcetype=s1")).Count);
        Assert.Equal([ids[0]], await client.ListAsync("assignee=ann&status=called&country=LV"));
        Assert.Empty(await client.ListAsync("assignee=ann&country=EE"));
        Assert.Equal(4, (await client.ListAsync("country=LV")).Count);
        Assert.Equal([ids[1], ids[4]], await client.ListAsync("offer=o2"));
        Assert.Equal(3, (await client.ListAsync("source=s1")).Count);
        Assert.Equal([ids[4]], await client.ListAsync("q=U2%40B"));
        Assert.Equal([ids[5]], await client.ListAsync("q=o_1"));
        foreach (var pattern in (string[])["q=%25x", "q=u_%40b", "q=o%5C_1"])
        {
            Assert.Empty(await client.ListAsync(pattern)); // text, and no pattern
        }

        foreach (var filter in new[] { "", "status=new", "country=LV" })
        {
            await client.MustBeCutAsync($"/crm/leads?{filter}", "leads", "createdAt");
        }

        var (paged, next) = (new List<Guid>(), "");
        do
        {
            var page = await client.ReadAsync($"/crm/leads?limit=3&country=LV{next}");
            paged.AddRange(page["leads"]!.AsArray().Select(lead => (Guid)lead!["id"]!));
            next = (string?)page["next"] is { } token ? $"&next={token}" : null;
        }
        while (next is not null);
        Assert.Equal(await client.ListAsync("country=LV"), paged);
    }

    [Fact]
    public async Task A_page_goes_on_for_the_filters_and_the_organization_that_it_was_asked_for_only()
    {
        var org = $"tokens-{Guid.NewGuid():n}";
        using var client = shared.Grid.NewClient("crm", org);
        using var other = shared.Grid.NewClient("crm", $"{org}-other");
        const string Filters = "status=called&assignee=ann&country=LV&offer=o&source=s&q=ann&from=2020-01-01T00:00:00Z&to=2120-01-01T00:00:00Z";
        for (var i = 0; i < 2; i++)
        {
            var id = (await client.PostLeadAsync("""{"firstName":"Ann","country":"LV","offer":"o","sourcetype":"s"}""")).MustBeCreated();
            await client.PatchAsync(id, """{"status":"called","assignedTo":"ann"}""");
        }

        var next = Uri.EscapeDataString((string)(await client.ReadAsync($"/crm/leads?limit=1&{Filters}"))["next"]!);

        Assert.Single((await client.ReadAsync($"/crm/leads?limit=1&{Filters}&next={next}"))["leads"]!.AsArray());
        (await Answer.OfAsync(await other.GetAsync($"/crm/leads?limit=1&{Filters}&next={next}"))).MustBeProblem(400, "invalid_next", "next");
        foreach (var filter in Filters.Split('&'))
        {
            var without = string.Join('&', Filters.Split('&').Where(one => one != filter));
            (await Answer.OfAsync(await client.GetAsync($"/crm/leads?limit=1&{without}&next={next}"))).MustBeProblem(400, "invalid_next", "next");
        }
    }

    [Fact]
    public async Task Text_is_found_in_whatever_case_of_whatever_alphabet()
    {
        using var client = shared.Grid.NewClient("crm", "letters");
        var id = (await client.PostLeadAsync("""{"firstName":"Ülkü","lastName":"Žukauskas","description":"Ельцин"}""")).MustBeCreated();

        foreach (var text in (string[])["ülkü", "ÜLKÜ", "žuk", "ŽUKAUSKAS", "ельцин"])
        {
            Assert.Equal([id], await client.ListAsync($"q={Uri.EscapeDataString(text)}"));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("&status=new")]
    [InlineData("&country=LV")]
    public async Task Leads_that_come_between_pages_shift_none(string filter)
    {
        using var client = shared.Grid.NewClient("crm", $"shift-{Guid.NewGuid():n}");
        for (var i = 0; i < 7; i++)
        {
            (await client.PostLeadAsync("""{"country":"LV"}""")).MustBeCreated();
        }

        var (listed, paged, next) = (await client.ListAsync(filter), new List<Guid>(), "");
        do
        {
            var page = await client.ReadAsync($"/crm/leads?limit=2{filter}{next}");
            paged.AddRange(page["leads"]!.AsArray().Select(lead => (Guid)lead!["id"]!));
            next = (string?)page["next"] is { } token ? $"&next={token}" : null;
            (await client.PostLeadAsync("""{"country":"LV"}""")).MustBeCreated();
        }
        while (next is not null);

        Assert.Equal(7, listed.Count);
        Assert.Equal(listed, paged);
    }

    [Fact]
    public async Task A_change_takes_ten_thousand_characters_of_notes_and_passes_over_what_it_does_not_know()
    {
        using var client = shared.Grid.NewClient("crm", "notes");
        var id = (await client.PostLeadAsync("{}")).MustBeCreated();

        (await client.PatchAsync(id, $$"""{"notes":"{{new string('n', 10_001)}}"}""")).MustBeProblem(400, "invalid_member", "notes");
        var unknown = await client.PatchAsync(id, """{"email":"other@b.c","unknown":1}""");
        var changed = await client.PatchAsync(id, $$"""{"notes":"{{new string('n', 10_000)}}","version":1}""");

        Assert.Equal((HttpStatusCode.OK, 1, null), (unknown.Status, (int)unknown.Json["lead"]!["version"]!, (string?)unknown.Json["lead"]!["email"]));
        Assert.Equal((HttpStatusCode.OK, 2, 10_000), (changed.Status, (int)changed.Json["lead"]!["version"]!, ((string)changed.Json["lead"]!["notes"]!).Length));
    }

    [Fact]
    public void An_If_Match_that_is_given_twice_is_refused_and_not_passed_over()
    {
        var headers = new HeaderDictionary { ["If-Match"] = new(["\"1\"", "\"2\""]) };

        var read = CrmChangeInput.Complete(new CrmChange(Guid.Empty, "", null, null, new NewValue("n"), null), Guid.NewGuid(), headers);

        Assert.Equal("If-Match", read.Problem?.Member);
    }

    [Theory]
    [InlineData("\"2\"")]
    [InlineData("W/\"2\"")]
    public void The_tag_of_an_answer_counts_also_where_a_proxy_has_made_it_a_weak_one(string tag)
    {
        var headers = new HeaderDictionary { ["If-Match"] = tag };

        Assert.False(CrmChangeInput.Complete(new CrmChange(Guid.Empty, "", null, null, null, null), Guid.NewGuid(), headers).Failed(out _, out var change));

        Assert.Equal(2, change.Version);
    }

    [Fact]
    public async Task A_change_is_noted_with_who_and_refused_where_another_came_first()
    {
        using var client = shared.Grid.NewClient("crm", "change");
        var id = (await client.PostLeadAsync("""{"email":"a@b.c"}""")).MustBeCreated();

        var changed = await client.PatchAsync(id, """{"status":"called","assignedTo":"ann","notes":"n"}""", user: "boss");
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.Status, changed.Headers.ETag!.Tag));
        (await client.PatchAsync(id, """{"notes":"m"}""", match: "\"1\"")).MustBeProblem(412, "version_mismatch");
        (await client.PatchAsync(id, """{"notes":"m","version":1}""")).MustBeProblem(412, "version_mismatch");
        var cleared = await client.PatchAsync(id, """{"status":null,"notes":null}""", match: "\"2\"");
        var same = await client.PatchAsync(id, """{"assignedTo":"ann"}""");

        Assert.Equal(("new", "ann", null, 3), (
            (string?)cleared.Json["lead"]!["status"], (string?)cleared.Json["lead"]!["assignedTo"], (string?)cleared.Json["lead"]!["notes"], (int)same.Json["lead"]!["version"]!));
        Assert.Equal(
            ["2 boss assignedTo:>ann", "2 boss notes:>n", "2 boss status:new>called", "3 key notes:n>", "3 key status:called>new"],
            (await client.ReadAsync($"/crm/leads/{id}"))["history"]!.AsArray()
                .Select(e => $"{e!["version"]} {e["changedBy"]} {e["field"]}:{e["before"]}>{e["after"]}"));

        (await client.PatchAsync(id, """{"status":7}""")).MustBeProblem(400, "invalid_member", "status");
        (await client.PatchAsync(id, """{"status":" "}""")).MustBeProblem(400, "invalid_member", "status");
        (await client.PatchAsync(Guid.NewGuid(), """{"status":"x"}""")).MustBeProblem(404, "not_found");
        using var other = shared.Grid.NewClient("crm", "change-other");
        (await other.PatchAsync(id, """{"status":"x"}""")).MustBeProblem(404, "not_found");
        (await Answer.OfAsync(await other.GetAsync($"/crm/leads/{id}"))).MustBeProblem(404, "not_found");
        (await Answer.OfAsync(await other.GetAsync($"/raw/{id}"))).MustBeProblem(404, "not_found");
    }

    [Fact]
    public async Task Of_many_changes_under_one_version_one_wins()
    {
        using var client = shared.Grid.NewClient("crm", "race");
        var id = (await client.PostLeadAsync("{}")).MustBeCreated();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => client.PatchAsync(id, $$"""{"notes":"{{n}}","version":1}""")));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Single((await client.ReadAsync($"/crm/leads/{id}"))["history"]!.AsArray());
    }
}
