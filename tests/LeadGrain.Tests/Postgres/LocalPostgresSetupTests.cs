using System.Diagnostics;
using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

public sealed class LocalPostgresSetupTests
{
    [Fact]
    public async Task Without_binaries_one_line_says_what_to_install()
    {
        await using var folder = new ServerFolder();
        var options = folder.Options with { BinaryDirectories = ["/nonexistent", folder.Path] };

        var missing = await Assert.ThrowsAsync<LocalPostgresException>(() => folder.StartAsync(options));

        Assert.StartsWith("No PostgreSQL server was found. Install PostgreSQL 15 or newer", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', missing.Message);
        Assert.False(Directory.Exists(folder.DataDirectory));
    }

    [Fact]
    public async Task An_older_server_is_passed_over_and_named_when_there_is_no_other()
    {
        await using var folder = new ServerFolder();
        var old = FakeServer(folder, "13.4 (Debian 13.4-1)");

        var missing = await Assert.ThrowsAsync<LocalPostgresException>(
            () => PostgresBinaries.FindAsync([old], null, CancellationToken.None));
        var found = await PostgresBinaries.FindAsync([old, FakeServer(folder, "17beta1")], null, CancellationToken.None);

        Assert.Contains($"13.4 in {old}", missing.Message, StringComparison.Ordinal);
        Assert.Equal((17, "17beta1"), (found.Major, found.Version));
    }

    [Fact]
    public async Task A_cluster_is_opened_only_by_the_version_that_made_it()
    {
        await using var folder = new ServerFolder();
        string[] directories = [FakeServer(folder, "18.1"), FakeServer(folder, "16.2")];

        Assert.Equal("16.2", (await PostgresBinaries.FindAsync(directories, 16, CancellationToken.None)).Version);
        var missing = await Assert.ThrowsAsync<LocalPostgresException>(
            () => PostgresBinaries.FindAsync(directories, 17, CancellationToken.None));
        Assert.Contains("Install PostgreSQL 17", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_whose_making_was_killed_is_swept_away_and_made_anew()
    {
        await using var folder = new ServerFolder();
        var half = Directory.CreateDirectory(Path.Combine(folder.Path, "postgres.new-1234", "base")).Parent!;
        await File.WriteAllTextAsync(Path.Combine(half.FullName, "PG_VERSION"), "15\n");
        await File.WriteAllTextAsync($"{half.FullName}.password", "half");

        await folder.StartAsync();

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path, "postgres.new-*"));
    }

    [Fact]
    public async Task A_host_that_ends_while_the_cluster_is_made_leaves_no_cluster_and_the_next_one_makes_it()
    {
        await using var folder = new ServerFolder();
        using var stop = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(folder.Path, "postgres.new-*.password");
        watcher.Created += (_, _) => stop.Cancel();
        watcher.EnableRaisingEvents = true;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LocalPostgres.StartAsync(
            folder.Options, TimeProvider.System, NullLogger<LocalPostgres>.Instance, stop.Token));
        Assert.False(Directory.Exists(folder.DataDirectory));

        Assert.NotEmpty((await folder.StartAsync()).ConnectionString);
    }

    [Fact]
    public async Task A_server_that_dies_is_started_again_with_what_it_had()
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync(folder.Options with { Durable = true });
        server.Watch();
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using (var make = source.CreateCommand("create table kept as select 7 as n"))
        {
            await make.ExecuteNonQueryAsync();
        }

        for (var death = 0; death < 2; death++)
        {
            var postmaster = PostmasterFile.Read(server.DataDirectory)!.ProcessId;
            Process.GetProcessById(postmaster).Kill();

            await Eventually.Async("it answers again", async () =>
            {
                try
                {
                    await using var look = source.CreateCommand("select n from kept");
                    return (int)(await look.ExecuteScalarAsync())! == 7 && PostmasterFile.Read(server.DataDirectory)?.ProcessId != postmaster;
                }
                catch (NpgsqlException)
                {
                    return false;
                }
            });
        }
    }

    [Fact]
    public async Task A_folder_with_something_else_in_it_is_left_alone()
    {
        await using var folder = new ServerFolder();
        Directory.CreateDirectory(folder.DataDirectory);
        await File.WriteAllTextAsync(Path.Combine(folder.DataDirectory, "notes.txt"), "mine");

        var refused = await Assert.ThrowsAsync<LocalPostgresException>(() => folder.StartAsync());

        Assert.Contains("yet not empty", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_servers_account_cannot_enter_the_cluster_lies_elsewhere_and_is_found_again()
    {
        await using var folder = new ServerFolder();
        var root = Directory.CreateDirectory(Path.Combine(folder.Path, "shut", ".data")).FullName;
        ServerFolder.Close(Path.GetDirectoryName(root)!);
        var options = folder.Options with { Root = root };

        string first;
        await using (var server = await folder.StartAsync(options))
        {
            first = server.DataDirectory;
        }
        var second = await folder.StartAsync(options);

        Assert.Equal(first, second.DataDirectory);
        Assert.StartsWith(Environment.IsPrivilegedProcess ? options.OtherHomes[0] : root, first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recorded_cluster_that_is_gone_is_not_silently_replaced_by_an_empty_one()
    {
        await using var folder = new ServerFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "postgres.location"), "/nonexistent/cluster\n");

        var refused = await Assert.ThrowsAsync<LocalPostgresException>(() => folder.StartAsync());

        Assert.Contains("/nonexistent/cluster", refused.Message, StringComparison.Ordinal);
    }

    private static string FakeServer(ServerFolder folder, string version)
    {
        var bin = Directory.CreateDirectory(Path.Combine(folder.Path, version.Split(' ')[0])).FullName;
        foreach (var tool in new[] { "postgres", "initdb", "pg_ctl" })
        {
            File.WriteAllText(Path.Combine(bin, tool), $"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
            ServerFolder.Open(Path.Combine(bin, tool));
        }
        return bin;
    }
}
