namespace LeadGrain.Silo;

/// <summary>What the server writes to its log from now on.</summary>
internal sealed class ServerLog
{
    // A line for each connection error and checkpoint: months of them.
    private const long LargestLog = 16 << 20;

    private const int TailLength = 2000;

    private readonly string _path;
    private readonly long _start;

    /// <summary>Marks the log's end; a log grown large makes room first, keeping one predecessor.</summary>
    public ServerLog(string path)
    {
        _path = path;
        var file = new FileInfo(path);
        if (file is { Exists: true, Length: > LargestLog })
        {
            File.Move(path, $"{path}.1", overwrite: true);
            return;
        }
        _start = file.Exists ? file.Length : 0;
    }

    /// <summary>The last of what was written since.</summary>
    public string NewLines()
    {
        if (!File.Exists(_path))
        {
            return "";
        }
        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = Math.Max(_start, file.Length - TailLength);
        return new StreamReader(file).ReadToEnd().Trim();
    }
}
