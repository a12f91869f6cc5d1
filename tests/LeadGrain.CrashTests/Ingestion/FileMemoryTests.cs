using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Ingestion;

/// <summary>Files of any length go in and out of a host in constant memory.</summary>
public sealed class FileMemoryTests(ITestOutputHelper output)
{
    // Rows of each kind of file: so many first, and then twice as many. Before them some that warm up.
    private const int Rows = 10_000;
    private const int WarmUpRows = 3_000;

    // The larger of two files is 20 MB longer, the export 80 MB, and a file that is held takes more than its length. A collector without
    // need lets some lie.
    private const double MostGrowth = 1.1;

    private static readonly string s_junk = new('x', 2_000);

    private static readonly Format s_csv = new("text/csv", "email,creo\n", n => $"{Email(n)},{s_junk}\n");
    private static readonly Format s_ndjson = new("application/x-ndjson", "", n => $$"""{"email":"{{Email(n)}}","creo":"{{s_junk}}"}""" + "\n");

    [Fact]
    public async Task Twice_as_many_leads_are_imported_and_exported_in_no_more_memory()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        await using var grid = await GridProcess.StartAsync(settings);
        using var process = Process.GetProcessById(grid.Id);
        var files = new Files(int.Parse(settings.Port, CultureInfo.InvariantCulture), process);

        output.WriteLine($"warming up: {await files.PassAsync(WarmUpRows)}");
        var once = await files.PassAsync(Rows);
        output.WriteLine($"{Rows} rows: {once}");
        var twice = await files.PassAsync(2 * Rows);
        output.WriteLine($"{2 * Rows} rows: {twice}");

        Assert.InRange(twice.Csv, 0, once.Csv * MostGrowth);
        Assert.InRange(twice.Ndjson, 0, once.Ndjson * MostGrowth);
        Assert.InRange(twice.Export, 0, once.Export * MostGrowth);
    }

    private static string Email(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number:000000}@b.c");

    /// <summary>A kind of file; each row is as long as the next.</summary>
    private sealed record Format(string ContentType, string Header, Func<int, string> Row);

    /// <summary>The most that the host took during each, in MB.</summary>
    private sealed record Peaks(double Csv, double Ndjson, double Export)
    {
        public override string ToString() => $"CSV {Csv:0} MB, NDJSON {Ndjson:0} MB, export {Export:0} MB";
    }

    /// <summary>Files to and from a host, and what it takes meanwhile.</summary>
    private sealed class Files(int port, Process process)
    {
        private const double Megabyte = 1024 * 1024;

        private int _leads;
        private double _most;

        /// <summary>Imports so many rows of each kind, and exports all there are by then.</summary>
        internal async Task<Peaks> PassAsync(int rows)
        {
            return new Peaks(
                await PeakAsync(() => ImportAsync(s_csv, rows)), await PeakAsync(() => ImportAsync(s_ndjson, rows)), await PeakAsync(ExportAsync));
        }

        private async Task<double> PeakAsync(Func<Task> transfer)
        {
            _most = 0;
            await transfer();
            return _most;
        }

        /// <summary>Sends rows in one request and reads their outcomes meanwhile.</summary>
        private async Task ImportAsync(Format format, int rows)
        {
            var length = format.Header.Length + ((long)rows * format.Row(0).Length);
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
            var stream = client.GetStream();
            await stream.WriteAsync(Head("POST", "/crm/leads/import", $"Content-Type: {format.ContentType}\r\nContent-Length: {length}\r\n"));
            var sending = SendAsync(stream, format, _leads, rows);
            Assert.Equal(rows, await CountAsync(stream, "\"outcome\":\"created\"", Sample));
            await sending;
            _leads += rows;
        }

        private async Task ExportAsync()
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
            var stream = client.GetStream();
            await stream.WriteAsync(Head("GET", "/crm/leads.csv", string.Empty));
            Assert.Equal(_leads, await CountAsync(stream, "@b.c,", Sample));
        }

        private void Sample()
        {
            process.Refresh();
            _most = Math.Max(_most, process.WorkingSet64 / Megabyte);
        }
    }

    private static async Task SendAsync(NetworkStream stream, Format format, int first, int count)
    {
        const int AtOnce = 500;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(format.Header));
        for (var row = 0; row < count; row += AtOnce)
        {
            var some = string.Concat(Enumerable.Range(first + row, Math.Min(AtOnce, count - row)).Select(format.Row));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(some));
        }
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
