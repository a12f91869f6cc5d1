using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace LeadGrain.CrashTests.Processes;

/// <summary>README.md's commands, one after the other in one shell, in the sandbox: each answers as it is written there.</summary>
public sealed partial class ReadmeTests
{
    private const string End = "--- done ---";

    [ShellFact]
    public async Task Every_command_answers_as_the_readme_says()
    {
        var blocks = Blocks().Matches(await File.ReadAllTextAsync(Readme())).Select(match => match.Groups["text"].Value).ToArray();
        Assert.Equal("dotnet run -c Release --project src/Silo -- --sandbox", blocks[0].Trim());
        var session = blocks[1..].Where(block => block.Contains("localhost:3006", StringComparison.Ordinal)).ToArray();
        Assert.True(session.Length > 5);

        await using var folder = new GridFolder();
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, ".data"), folder.Path);
        await using var grid = await GridProcess.StartAsync(new GridSettings { Folder = folder.Path, ApiKey = null, Arguments = ["--sandbox"] });
        using var shell = Shell(folder.Path);
        var checkedAnswers = 0;
        foreach (var (commands, expected) in session.SelectMany(Steps))
        {
            var answers = await RunAsync(shell, commands.Replace("http://localhost:3006", grid.Url.ToString().TrimEnd('/'), StringComparison.Ordinal));
            Assert.DoesNotContain("urn:leadgrain:problem", answers, StringComparison.Ordinal);
            Assert.DoesNotContain("\"error\":\"", answers, StringComparison.Ordinal);
            Assert.DoesNotContain("\"success\":false", answers, StringComparison.Ordinal);
            if (expected is not null)
            {
                checkedAnswers++;
                var last = answers.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
                Assert.True(Pattern(expected).IsMatch(Bare(last)), $"After\n{commands}\ncame\n{last}\nand not\n{expected}");
            }
        }

        Assert.True(checkedAnswers > 15, $"Only {checkedAnswers} answers are told.");
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
    }

    // A step ends with a comment that tells the answer, in one line or more, or with the block.
    private static IEnumerable<(string Commands, string? Expected)> Steps(string block)
    {
        var commands = new StringBuilder();
        var lines = block.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("# ", StringComparison.Ordinal) && lines[i].Contains("{\"", StringComparison.Ordinal))
            {
                var comment = lines[i];
                while (i + 1 < lines.Length && lines[i + 1].StartsWith("#  ", StringComparison.Ordinal))
                {
                    comment += lines[++i].TrimStart('#');
                }

                yield return (commands.ToString(), FirstObject(comment));
                commands.Clear();
            }
            else
            {
                commands.AppendLine(lines[i]);
            }
        }

        if (!string.IsNullOrWhiteSpace(commands.ToString()))
        {
            yield return (commands.ToString(), null);
        }
    }

    private static string FirstObject(string comment)
    {
        var (start, depth, end) = (comment.IndexOf('{', StringComparison.Ordinal), 0, 0);
        for (end = start; end < comment.Length; end++)
        {
            depth += comment[end] is '{' or '[' ? 1 : comment[end] is '}' or ']' ? -1 : 0;
            if (depth == 0)
            {
                break;
            }
        }

        return comment[start..(end + 1)];
    }

    // What differs each time, and what is left out, stands for anything.
    private static Regex Pattern(string expected)
        => new($"^{string.Join(".*", Varying().Split(Bare(expected)).Select(Regex.Escape))}$", RegexOptions.Singleline);

    private static string Bare(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));

    private static Process Shell(string folder) => Process.Start(new ProcessStartInfo("bash")
    {
        WorkingDirectory = folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static async Task<string> RunAsync(Process shell, string commands)
    {
        await shell.StandardInput.WriteLineAsync($"{commands}\necho; echo '{End}'");
        await shell.StandardInput.FlushAsync();
        var answers = new StringBuilder();
        while (await shell.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience) is { } line && line != End)
        {
            answers.AppendLine(line);
        }

        return answers.ToString();
    }

    private static string Readme()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LeadGrain.sln")))
            {
                return Path.Combine(folder.FullName, "README.md");
            }
        }

        throw new FileNotFoundException("README.md is in no folder above.");
    }

    [GeneratedRegex("^```bash\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("0190…|…|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ")]
    private static partial Regex Varying();
}

/// <summary>A test that needs a shell with curl and openssl.</summary>
internal sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute()
    {
        if (new[] { "bash", "curl", "openssl" }.Any(tool => !Paths.Any(path => File.Exists(Path.Combine(path, tool)))))
        {
            Skip = "README's commands cannot be run here: install bash, curl and openssl.";
        }
    }

    private static string[] Paths => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
}
