using System.Text;

namespace LeadGrain.Silo;

/// <summary>Files of one line that only the host's user can read.</summary>
internal static class OwnerOnlyFile
{
    private const int MostTries = 1_000; // ten seconds; a file is made in some milliseconds
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The line; empty where the file is, null where there is none.</summary>
    internal static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    /// <summary>Makes a file that is missing or empty. Whatever breaks off, it is there whole or not at all.</summary>
    /// <returns>Its line, and whether that is the one given: of several processes that make it at once one does.</returns>
    internal static (string Line, bool IsNew) Make(string path, string line)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var alone = WaitForTurn($"{path}.lock");
        if (Read(path) is { Length: > 0 } found)
        {
            return (found, false);
        }

        var draft = $"{path}.new";
        using var file = Create(draft);
        file.Write(Encoding.UTF8.GetBytes($"{line}{Environment.NewLine}"));
        file.Flush(flushToDisk: true);
        File.Move(draft, path, overwrite: true);
        RandomAccess.FlushToDisk(file.SafeFileHandle); // its new name
        return (line, true);
    }

    private static FileStream WaitForTurn(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (tries < MostTries)
            {
                Thread.Sleep(s_pause);
            }
        }
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
