using LeadGrain.Silo;

namespace LeadGrain.Tests.Configuration;

/// <summary>The files of the keys that a host makes where it is given none.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const int Makers = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public async Task A_hundred_that_make_a_key_at_once_agree_on_one_and_one_of_them_tells_it()
    {
        var made = await AtOnceAsync(ApiKeyFile.ReadOrMake);

        var key = Assert.Single(made.Select(one => one.Key).Distinct());
        Assert.Single(made, one => one.Note.Contains(key, StringComparison.Ordinal));
        Assert.Equal($"{key}{Environment.NewLine}", await File.ReadAllTextAsync(PathOf("api-key")));
        Assert.Equal([PathOf("api-key")], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_hundred_that_make_a_key_ring_at_once_agree_on_one()
    {
        var ring = Assert.Single((await AtOnceAsync(SecretKeysFile.ReadOrMake)).Distinct());

        Assert.Equal(ring, SecretKeysFile.ReadOrMake(_folder));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(PathOf("secret-keys")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task A_key_ring_that_is_lost_is_not_replaced_by_another()
    {
        await File.WriteAllTextAsync(PathOf("secret-keys"), "\n");

        var refused = Assert.Throws<SettingException>(() => SecretKeysFile.ReadOrMake(_folder));

        Assert.StartsWith($"{PathOf("secret-keys")} is empty", Settings.Explain(refused), StringComparison.Ordinal);
        Assert.Equal("\n", await File.ReadAllTextAsync(PathOf("secret-keys")));
        File.Delete(PathOf("secret-keys"));
        Assert.Contains(':', SecretKeysFile.ReadOrMake(_folder));
    }

    [Fact]
    public async Task A_key_that_is_lost_is_made_anew_and_what_a_killed_maker_left_is_none()
    {
        await File.WriteAllTextAsync(PathOf("api-key"), "");
        await File.WriteAllTextAsync(PathOf("api-key.new"), new string('x', 1000));

        var (key, note) = ApiKeyFile.ReadOrMake(_folder);

        Assert.Matches("^lg_[0-9a-f]{48}$", key);
        Assert.Equal($"API key {key}", note);
        Assert.Equal((key, $"API key in {PathOf("api-key")}"), ApiKeyFile.ReadOrMake(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    // On a thread each: they wait for each other.
    private async Task<T[]> AtOnceAsync<T>(Func<string, T> make)
    {
        using var start = new Barrier(Makers);
        return await Task.WhenAll(Enumerable.Range(0, Makers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return make(_folder);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }
}
