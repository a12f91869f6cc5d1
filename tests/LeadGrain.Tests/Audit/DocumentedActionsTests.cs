using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using LeadGrain.Grains.Routing;

namespace LeadGrain.Tests.Audit;

public sealed partial class DocumentedActionsTests
{
    [Fact]
    public async Task Every_action_that_the_code_writes_is_in_the_table_and_the_table_has_no_other()
    {
        var written = new SortedSet<string>(StringComparer.Ordinal) { IngestAudit.Assigned, IngestAudit.Unassigned, IngestAudit.Blocked };
        foreach (var file in Directory.GetFiles(Folder("src"), "*.cs", SearchOption.AllDirectories))
        {
            var code = await File.ReadAllTextAsync(file);
            written.UnionWith(Written().Matches(code).SelectMany(found => found.Groups["action"].Captures).Select(capture => capture.Value));
        }

        var page = await File.ReadAllTextAsync(Path.Combine(Folder("docs"), "routing.md"));
        var listed = Listed().Matches(page[page.IndexOf("| action |", StringComparison.Ordinal)..])
            .SelectMany(row => Name().Matches(row.Groups["actions"].Value)).Select(name => name.Value).ToArray();
        // What is filled in by the code, as in pushed_to_{kind}, is any word.
        var patterns = written.Select(action => new Regex($"^{Hole().Replace(action, "[a-z]+")}$")).ToArray();

        Assert.True(written.Count >= 30, string.Join(' ', written));
        Assert.All(patterns, pattern => Assert.Contains(listed, action => pattern.IsMatch(action)));
        Assert.All(listed, action => Assert.Contains(patterns, pattern => pattern.IsMatch(action)));
    }

    // A new entry, in C# or in a statement; an entry of what happens to a lead; a note of the gateway's; what starts a job.
    [GeneratedRegex("""
        (?:\bnew\ AuditEntry\(|\bAuditEntry\ \w+\([^)]*\)\s*=>\s*new\()\s*[\w.]+,\s*[\w."]+,\s*\$?"(?<action>[a-z_]+(?:\{[\w.]+\})?)"
        |insert\ into\ audit_log\b[^;]*?'(?<action>[a-z]+_[a-z_]+)'
        |Entry\(terms,\ push,\ \$?"(?<action>[a-z_]+(?:\{[\w.]+\})?)"
        |\bvar\ action\ =\ [^"]+"(?<action>\w+)"\ :\ "(?<action>\w+)"
        |NoteAsync\(calls,\ "(?<action>\w+)"
        |jobs\.AddAsync\([^"]*"(?<action>\w+)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Written();

    [GeneratedRegex(@"^\| (?<actions>`[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex("(?<=`)[a-z_]+(?=`)")]
    private static partial Regex Name();

    [GeneratedRegex(@"\{.*\}")]
    private static partial Regex Hole();

    private static string Folder(string name, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", name);
}
