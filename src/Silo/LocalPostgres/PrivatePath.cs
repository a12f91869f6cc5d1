namespace LeadGrain.Silo;

/// <summary>Files and folders that only their owner can open. There is no such thing to ask for on Windows.</summary>
internal static class PrivatePath
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw NotOnWindows();
        }
        Directory.CreateDirectory(path, Owner | UnixFileMode.UserExecute);
    }

    public static FileStream CreateFile(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw NotOnWindows();
        }
        return new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = Owner,
        });
    }

    /// <summary>Makes a folder that others can pass through, whatever our umask.</summary>
    public static void CreateThoroughfare(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw NotOnWindows();
        }
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(
                path,
                Owner | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }
    }

    private static LocalPostgresException NotOnWindows() =>
        new("A private PostgreSQL is not made on Windows. Set DATABASE_URL.");
}
