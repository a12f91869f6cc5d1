using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Target;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Bench.Yardsticks;

/// <summary>
/// For orientation: the least that a durable answer costs over HTTP. An endpoint that reads no body, has its request inserted
/// together with all others that wait, and answers a constant. This program's <c>kestrel</c> command; it ends with its input.
/// </summary>
internal sealed class BareKestrel(Process process, int port) : IDisposable
{
    internal const string Command = "kestrel";

    private const int Writers = 2;

    /// <summary>The endpoint's side: a connection string comes in, a port goes out.</summary>
    internal static async Task<int> ServeAsync()
    {
        await using var source = NpgsqlDataSource.Create(await Console.In.ReadLineAsync() ?? "");
        var queue = Channel.CreateUnbounded<TaskCompletionSource>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var port = GridProcess.FreePort();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, port));
        await using var app = builder.Build();
        app.Run(context => AnswerAsync(context, queue.Writer));
        await app.StartAsync();
        var writers = Enumerable.Range(0, Writers).Select(_ => WriteAsync(source, queue.Reader)).ToArray();
        Console.WriteLine(port.ToString(CultureInfo.InvariantCulture));
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        queue.Writer.Complete();
        await Task.WhenAll(writers);
        return 0;
    }

    /// <summary>The benchmark's side: starts it over the yardsticks' database.</summary>
    internal static async Task<BareKestrel> StartAsync(DatabaseServer server, CancellationToken cancellationToken)
    {
        var process = new Process { StartInfo = LoadProcess.Self(Command) };
        process.StartInfo.RedirectStandardInput = process.StartInfo.RedirectStandardOutput = true;
        process.Start();
        await process.StandardInput.WriteLineAsync(server.ConnectionString(Pgbench.Database).AsMemory(), cancellationToken);
        var port = await process.StandardOutput.ReadLineAsync(cancellationToken);
        return new BareKestrel(process, int.Parse(port!, CultureInfo.InvariantCulture));
    }

    /// <summary>Requests a second, by 64 connections.</summary>
    internal async Task<double> MeasureAsync(double warmUp, double seconds, CancellationToken cancellationToken)
    {
        var plan = new LoadPlan
        {
            Kind = LoadKind.Next, Port = port, Key = "any", App = "any", Org = "any", Prefix = "any-", Count = 64, WarmUpSeconds = warmUp, Seconds = seconds,
        };
        return (await LoadProcess.RunAsync(plan, cancellationToken)).PerSecond;
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            process.Kill();
        }

        process.Dispose();
    }

    private static async Task AnswerAsync(HttpContext context, ChannelWriter<TaskCompletionSource> queue)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.TryWrite(written);
        await written.Task;
        var answer = "{\"found\":true}"u8.ToArray();
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer);
    }

    private static async Task WriteAsync(NpgsqlDataSource source, ChannelReader<TaskCompletionSource> queue)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var insert = new NpgsqlCommand("insert into bare (id, email) select * from unnest($1::uuid[], $2::text[])", connection);
        insert.Parameters.Add(new NpgsqlParameter<Guid[]>());
        insert.Parameters.Add(new NpgsqlParameter<string[]>());
        var batch = new List<TaskCompletionSource>();
        while (await queue.WaitToReadAsync())
        {
            while (queue.TryRead(out var one))
            {
                batch.Add(one);
            }

            if (batch.Count == 0)
            {
                continue;
            }

            var ids = batch.ConvertAll(_ => Guid.NewGuid()).ToArray();
            ((NpgsqlParameter<Guid[]>)insert.Parameters[0]).TypedValue = ids;
            ((NpgsqlParameter<string[]>)insert.Parameters[1]).TypedValue = Array.ConvertAll(ids, id => id.ToString("n"));
            await insert.ExecuteNonQueryAsync();
            batch.ForEach(one => one.SetResult());
            batch.Clear();
        }
    }
}
