using System.Net;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace LeadGrain.CrashTests.Processes;

/// <summary>Variables that a template leaves empty.</summary>
public sealed partial class EmptySettingTests
{
    [Fact]
    public async Task A_host_starts_with_every_documented_variable_empty_as_with_none()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var folder = new GridFolder();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Folder = folder.Path };
        var needed = settings.Variables().Where(static variable => variable.Value is not null).Select(static variable => variable.Key).ToHashSet();
        var empty = (await DocumentedAsync()).Except(needed).ToArray();
        Assert.True(empty.Length > 100, string.Join(' ', empty));

        await using var grid = await GridProcess.StartAsync(settings with { More = empty.ToDictionary(static name => name, static _ => "") });
        using var client = new CampaignClient(grid.Url, "empty");

        Assert.Equal(200, (await client.PushAsync(["a@example.com"])).Status);
        Assert.Equal("a@example.com", (await client.NextAsync()).Email);

        // The one that says something by being empty: nobody posts without a key.
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent([new("email", "b@example.com")]);
        using var answer = await http.PostAsync(new Uri(grid.Url, "/api/lead"), form);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static async Task<IReadOnlyCollection<string>> DocumentedAsync([CallerFilePath] string here = "")
    {
        var root = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..");
        var pages = Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md").Append(Path.Combine(root, "README.md"));
        var texts = await Task.WhenAll(pages.Select(static page => File.ReadAllTextAsync(page)));
        return texts.SelectMany(static text => Row().Matches(text))
            .SelectMany(static row => Name().Matches(row.Groups["names"].Value).Select(static name => name.Groups["name"].Value))
            .ToHashSet();
    }

    [GeneratedRegex(@"^\| (?<names>`[^|]+`) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>ROLES|[A-Z]+(?:_[A-Z]+)+|[A-Z][A-Za-z]+__[A-Za-z]+)`")]
    private static partial Regex Name();
}
