using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Makes leads of raw rows. Whoever does it, at once or later or again, comes to the same: every step may be repeated.</summary>
internal sealed partial class Settling(RawStore raw, SettleStore store, OpenStore open, IngestionMetrics metrics, ILogger<Settling> log)
{
    /// <summary>Refusals by the database before a row is set aside as failed.</summary>
    internal const int MaxAttempts = 5;

    // Doubled with each attempt, so that five of them take some minutes: long enough for a hasty schema change.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    /// <summary>Decides what rows become. Nothing is written but, rarely, who has a key.</summary>
    /// <param name="rows">Raw rows.</param>
    /// <param name="claims">Who has their keys; null where that is not known.</param>
    internal async Task<Settled[]> DecideAsync(IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        await FillClaimsAsync(rows, claims);
        var settled = new Settled[rows.Count];
        for (var i = 0; i < settled.Length; i++)
        {
            var row = rows[i];
            var normalized = LeadNormalizer.Normalize(row.Post.Body, row.Post.ContentType, row.Post.ContentEncoding);
            var verdict = Verdict.Of(row, claims[i], normalized);
            settled[i] = new Settled(row, verdict is Verdict.Repeat { OtherBytes: true } contested ? await ContestAsync(row, contested) : verdict);
        }

        return settled;
    }

    /// <summary>Writes what rows became, and takes them off their list; those that the database refuses stay on it, or are set aside.</summary>
    internal async Task WriteAsync(Guid openId, IReadOnlyList<Settled> settled, int attempts)
    {
        try
        {
            await store.SettleAsync(settled, openId);
            metrics.Settled(settled);
        }
        catch (PostgresException refused) when (!StorageFaults.IsUnavailable(refused))
        {
            await WriteEachAsync(openId, settled, attempts + 1);
        }
    }

    private async Task WriteEachAsync(Guid openId, IReadOnlyList<Settled> settled, int attempts)
    {
        var left = new List<RawRow>();
        foreach (var one in settled)
        {
            try
            {
                await store.SettleAsync([one], openId: null);
                metrics.Settled([one]);
            }
            catch (PostgresException refused) when (!StorageFaults.IsUnavailable(refused))
            {
                LogRefused(one.Row.Id, refused.SqlState, attempts);
                if (attempts < MaxAttempts)
                {
                    left.Add(one.Row);
                    continue;
                }

                var failed = new Settled(one.Row, new Verdict.Failed($"sqlstate {refused.SqlState}"));
                await store.SettleAsync([failed], openId: null);
                metrics.Settled([failed]);
            }
        }

        await (left.Count == 0 ? store.SettleAsync([], openId) : open.NarrowAsync(openId, left, attempts, s_pause * (1 << attempts)));
    }

    private async Task FillClaimsAsync(IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        List<int>? unknown = null;
        for (var i = 0; i < claims.Length; i++)
        {
            if (claims[i] is null && rows[i].Post.Key is not null)
            {
                (unknown ??= []).Add(i);
            }
        }

        if (unknown is null)
        {
            return;
        }

        var found = await raw.FindClaimsAsync(unknown.ConvertAll(i => rows[i]));
        for (var i = 0; i < found.Length; i++)
        {
            claims[unknown[i]] = found[i];
        }
    }

    /// <summary>A key stays with the first body of which a lead can be made: one of which none can hands it over.</summary>
    private async Task<Verdict> ContestAsync(RawRow row, Verdict.Repeat contested)
    {
        if (await open.HasLeadAsync(row.OrganizationId, contested.LeadId))
        {
            return contested;
        }

        var first = await open.ReadAsync([row.OrganizationId], [contested.LeadId]);
        if (first is [{ Post: var post }]
            && LeadNormalizer.Normalize(post.Body, post.ContentType, post.ContentEncoding) is Normalized.Lead)
        {
            return contested;
        }

        if (await raw.TakeOverAsync(row, contested.LeadId))
        {
            return new Verdict.Lead(contested.Made);
        }

        // Another one took it over meanwhile.
        var claim = (await raw.FindClaimsAsync([row]))[0];
        return Verdict.Of(row, claim, contested.Made);
    }

    [LoggerMessage(130, LogLevel.Error, "The database refuses what was made of raw entry {RawId} (SQLSTATE {SqlState}), attempt {Attempt}")]
    private partial void LogRefused(Guid rawId, string sqlState, int attempt);
}
