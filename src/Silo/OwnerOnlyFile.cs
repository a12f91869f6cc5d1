namespace LeadGrain.Silo;

/// <summary>Writes files that only the host's user can read.</summary>
internal static class OwnerOnlyFile
{
    internal static void Write(string path, string line)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.WriteLine(line);
    }
}
