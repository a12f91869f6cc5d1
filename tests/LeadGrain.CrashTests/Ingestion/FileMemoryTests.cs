using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Ingestion;

/// <summary>Files of any length go in and out of a host in constant memory.</summary>
public sealed class FileMemoryTests(ITestOutputHelper output)
{
    private const int Rows = 100_000;
    private const int FewRows = 10_000;

    // The file is 86 MB, and what is written of it more: neither may be held as a whole. A collector without need lets some lie.
    private const double MostMegabytes = 50;

    private static readonly string s_junk = new('x', 940);

    [Fact]
    public async Task A_hundred_thousand_leads_are_imported_and_exported_without_the_host_growing()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        await using var grid = await GridProcess.StartAsync(settings);
        var port = int.Parse(settings.Port, CultureInfo.InvariantCulture);
        Assert.Equal(FewRows, await ImportAsync(port, 0, FewRows, static () => { }));
        Assert.Equal(FewRows + 1, await ExportAsync(port, static () => { }));

        using var process = Process.GetProcessById(grid.Id);
        var (warm, most) = (Megabytes(), 0.0);
        Assert.Equal(Rows - FewRows, await ImportAsync(port, FewRows, Rows - FewRows, Sample));
        output.WriteLine($"{warm:0} MB before the import, at most {most:0} MB meanwhile");
        Assert.InRange(most - warm, double.MinValue, MostMegabytes);
        Assert.Equal(Rows + 1, await ExportAsync(port, Sample));
        output.WriteLine($"at most {most:0} MB with the export");
        Assert.InRange(most - warm, double.MinValue, MostMegabytes);

        void Sample() => most = Math.Max(most, Megabytes());

        double Megabytes()
        {
            process.Refresh();
            return process.WorkingSet64 / (1024.0 * 1024);
        }
    }

    /// <summary>Sends rows in one request and reads their outcomes meanwhile.</summary>
    /// <returns>How many were created.</returns>
    private static async Task<int> ImportAsync(int port, int first, int count, Action sample)
    {
        var length = "email,creo\n".Length + ((long)count * Row(0).Length);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var stream = client.GetStream();
        await stream.WriteAsync(Head("POST", "/crm/leads/import", $"Content-Type: text/csv\r\nContent-Length: {length}\r\n"));
        var sending = SendAsync(stream, first, count);
        var created = await CountAsync(stream, "\"outcome\":\"created\"", sample);
        await sending;
        return created;
    }

    private static async Task SendAsync(NetworkStream stream, int first, int count)
    {
        const int AtOnce = 500;
        await stream.WriteAsync("email,creo\n"u8.ToArray());
        for (var row = 0; row < count; row += AtOnce)
        {
            var some = string.Concat(Enumerable.Range(first + row, Math.Min(AtOnce, count - row)).Select(Row));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(some));
        }
    }

    private static string Row(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number:000000}@b.c,{s_junk}\n");

    /// <returns>How many lines came, the header's included.</returns>
    private static async Task<int> ExportAsync(int port, Action sample)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var stream = client.GetStream();
        await stream.WriteAsync(Head("GET", "/crm/leads.csv", string.Empty));
        return await CountAsync(stream, "@b.c,", sample) + 1;
    }

    private static byte[] Head(string method, string path, string more) => Encoding.ASCII.GetBytes(
        $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-API-Key: {GridSettings.TestKey}\r\nX-App-Id: app\r\nX-Org-Id: org\r\n{more}\r\n");

    // To the end of the connection. What is looked for is written in one piece.
    private static async Task<int> CountAsync(NetworkStream stream, string text, Action sample)
    {
        var (found, carried) = (0, 0);
        var (buffer, sought) = (new byte[64 * 1024], Encoding.ASCII.GetBytes(text));
        while (await stream.ReadAsync(buffer.AsMemory(carried)) is > 0 and var read)
        {
            var length = carried + read;
            var rest = buffer.AsSpan(0, length);
            for (int at; (at = rest.IndexOf(sought)) >= 0; rest = rest[(at + sought.Length)..])
            {
                found++;
            }

            carried = Math.Min(rest.Length, sought.Length - 1);
            buffer.AsSpan(length - carried, carried).CopyTo(buffer);
            sample();
        }

        return found;
    }
}
