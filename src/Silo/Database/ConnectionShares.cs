using Npgsql;

namespace LeadGrain.Silo;

/// <summary>How the store's connections are shared out: few for what every lead passes, some for lists, the rest for all else.</summary>
/// <param name="Hot">How many for <see cref="Grains.GrainsSetup.HotSource"/>.</param>
/// <param name="Lists">How many for <see cref="Grains.GrainsSetup.ListSource"/>.</param>
/// <param name="Rest">The connection string of the rest.</param>
internal sealed record ConnectionShares(int Hot, int Lists, string Rest)
{
    // What commits at once: one commit of pulls, one of posts, three of pushes, and what is looked up for the next ones.
    private const int MostHot = 6;
    private const int Share = 5;

    internal static ConnectionShares Of(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var hot = Math.Clamp(settings.MaxPoolSize / Share, 1, MostHot);
        var lists = Math.Max(settings.MaxPoolSize * 3 / 10, 1);
        settings.MaxPoolSize = Math.Max(settings.MaxPoolSize - hot - lists, 1);
        settings.MinPoolSize = Math.Min(settings.MinPoolSize, settings.MaxPoolSize);
        return new ConnectionShares(hot, lists, settings.ConnectionString);
    }
}
