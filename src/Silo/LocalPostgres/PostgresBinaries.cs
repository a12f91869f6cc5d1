using System.Globalization;
using System.Text.RegularExpressions;

namespace LeadGrain.Silo;

/// <summary>One installed PostgreSQL server: a folder with <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c>.</summary>
internal sealed partial record PostgresBinaries(string Directory, int Major, string Version)
{
    // 15: the first with `unique nulls not distinct`, which the schema uses.
    private const int OldestMajor = 15;

    private const string Advice =
        "Install PostgreSQL 15 or newer (Debian, Ubuntu: apt install postgresql; Fedora: dnf install postgresql-server; "
        + "macOS: brew install postgresql@17), or set DATABASE_URL.";

    public string Postgres => Path.Combine(Directory, "postgres");

    public string Initdb => Path.Combine(Directory, "initdb");

    public string PgCtl => Path.Combine(Directory, "pg_ctl");

    /// <summary>The folders where packages put the server, PATH first, then the highest version of each place.</summary>
    public static IEnumerable<string> UsualDirectories()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return
        [
            .. path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).SelectMany(WithLinkTarget),
            .. Versioned("/usr/lib/postgresql", "*"),
            "/usr/local/pgsql/bin",
            .. Versioned("/usr", "pgsql-*"),
            .. Versioned("/opt/homebrew/opt", "postgresql@*"),
            .. Versioned("/usr/local/opt", "postgresql@*"),
        ];
    }

    /// <summary>The first usable server in <paramref name="directories"/>.</summary>
    /// <param name="major">The version that made the cluster, which alone can open it; null for a new cluster.</param>
    /// <exception cref="LocalPostgresException">None is there; says what to install.</exception>
    public static async Task<PostgresBinaries> FindAsync(
        IEnumerable<string> directories, int? major, CancellationToken cancellationToken)
    {
        var unfit = new List<PostgresBinaries>();
        foreach (var directory in directories.Distinct())
        {
            if (await ReadAsync(directory, cancellationToken) is not { } found)
            {
                continue;
            }
            if (major is null ? found.Major >= OldestMajor : found.Major == major)
            {
                return found;
            }
            unfit.Add(found);
        }
        var others = string.Join(", ", unfit.Select(u => $"{u.Version} in {u.Directory}"));
        throw new LocalPostgresException((major, unfit.Count) switch
        {
            (null, 0) => $"No PostgreSQL server was found. {Advice}",
            (null, _) => $"Only older PostgreSQL servers were found ({others}). {Advice}",
            (_, 0) => $"No PostgreSQL server was found. Install PostgreSQL {major}, which made the cluster, or set DATABASE_URL.",
            _ => $"The cluster was made by PostgreSQL {major}, but there is only {others}. Install PostgreSQL {major}.",
        });
    }

    private static async Task<PostgresBinaries?> ReadAsync(string directory, CancellationToken cancellationToken)
    {
        var candidate = new PostgresBinaries(directory, 0, "");
        if (!File.Exists(candidate.Postgres) || !File.Exists(candidate.Initdb) || !File.Exists(candidate.PgCtl))
        {
            return null;
        }
        var result = await ChildProcess.RunAsync([candidate.Postgres, "--version"], "/", null, cancellationToken);
        var version = VersionLine().Match(result.Output);
        return result.ExitCode == 0 && version.Success
            ? new PostgresBinaries(
                directory, int.Parse(version.Groups[2].ValueSpan, CultureInfo.InvariantCulture), version.Groups[1].Value)
            : null;
    }

    /// <summary>PATH often has links to some of the binaries only; their siblings are where the links lead.</summary>
    private static IEnumerable<string> WithLinkTarget(string directory)
    {
        yield return directory;
        var postgres = new FileInfo(Path.Combine(directory, "postgres"));
        if (postgres.Exists && postgres.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { DirectoryName: { } target })
        {
            yield return target;
        }
    }

    private static IEnumerable<string> Versioned(string parent, string pattern) =>
        System.IO.Directory.Exists(parent)
            ? System.IO.Directory.EnumerateDirectories(parent, pattern)
                .OrderByDescending(d => decimal.TryParse(
                    TrailingNumber().Match(d).ValueSpan, CultureInfo.InvariantCulture, out var number) ? number : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];

    [GeneratedRegex(@"\(PostgreSQL\) ((\d+)[^\s]*)")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"\d+(\.\d+)?$")]
    private static partial Regex TrailingNumber();
}
