using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace LeadGrain.Silo;

/// <summary>One file <c>NNN_name.sql</c>.</summary>
/// <param name="Source">The folder it is from: <c>sql</c>, <c>orleans</c>. Versions count within it.</param>
/// <param name="Checksum">SHA-256 of its text with line feeds only, so that a checkout's line ends do not matter.</param>
internal sealed partial record MigrationFile(string Source, int Version, string Name, string Sql, string Checksum)
{
    /// <summary>The files of a folder, not of those in it, by version.</summary>
    public static async Task<IReadOnlyList<MigrationFile>> ReadAllAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            throw new MigrationException($"There is no folder {folder} with the schema's files.");
        }
        var files = new SortedList<int, MigrationFile>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.sql"))
        {
            var file = await ReadAsync(path, cancellationToken);
            if (!files.TryAdd(file.Version, file))
            {
                throw new MigrationException($"{file.Name} and {files[file.Version].Name} have the same number.");
            }
        }
        return [.. files.Values];
    }

    private static async Task<MigrationFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(path);
        if (FileName().Match(name) is not { Success: true } match)
        {
            throw new MigrationException($"{name} is not named NNN_name.sql.");
        }
        var sql = (await File.ReadAllTextAsync(path, cancellationToken)).Replace("\r\n", "\n", StringComparison.Ordinal);
        return new MigrationFile(
            Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)))!,
            int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture),
            name,
            sql,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
    }

    [GeneratedRegex(@"^(\d{3,6})_[A-Za-z0-9_]+\.sql$")]
    private static partial Regex FileName();
}
