using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Makes leads of raw rows. Whoever does it, at once or later or again, comes to the same: every step may be repeated.</summary>
internal sealed partial class Settling(
    RawStore raw, SettleStore store, OpenStore open, Normalizer normalize, IngestionMetrics metrics, ILogger<Settling> log)
{
    /// <summary>Failures before a row is set aside as failed.</summary>
    internal const int MaxAttempts = 5;

    private const int MostDoublings = 10;

    // Doubled with each attempt, so that five of them take some minutes: long enough for a hasty schema change.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    /// <summary>Whether a fault is of the moment, and of no row.</summary>
    internal static bool IsPassing(Exception fault)
        => fault is StorageUnavailableException or OperationCanceledException || StorageFaults.IsUnavailable(fault);

    /// <summary>How long a list is left alone after so many failures.</summary>
    internal static TimeSpan PauseAfter(int attempts) => s_pause * (1 << Math.Min(attempts, MostDoublings));

    /// <summary>Decides what rows become. Nothing is written but, rarely, who has a key. A row that cannot be decided for a fault of
    /// its own is left open.</summary>
    /// <param name="rows">Raw rows.</param>
    /// <param name="claims">Who has their keys; null where that is not known.</param>
    internal async Task<Settled[]> DecideAsync(IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        await FillClaimsAsync(rows, claims);
        var settled = new Settled[rows.Count];
        List<int>? repeats = null;
        for (var i = 0; i < settled.Length; i++)
        {
            settled[i] = new Settled(rows[i], Decide(rows[i], claims[i]));
            if (settled[i].Verdict is Verdict.Repeat)
            {
                (repeats ??= []).Add(i);
            }
        }

        if (repeats is not null)
        {
            await ContestAsync(settled, claims, repeats);
        }

        return settled;
    }

    /// <summary>Writes what rows became, and takes them off their list; those that were left open or that the database refuses stay on
    /// it, or are set aside.</summary>
    /// <returns>How many stay.</returns>
    internal async Task<int> WriteAsync(Guid openId, IReadOnlyList<Settled> settled, int attempts)
    {
        var undecided = settled.Count(static s => s.Verdict is Verdict.Open);
        IReadOnlyList<Settled> decided = undecided == 0 ? settled : [.. settled.Where(static s => s.Verdict is not Verdict.Open)];
        var left = new List<RawRow>();
        try
        {
            await store.SettleAsync(decided, undecided == 0 ? openId : null);
            metrics.Settled(decided);
            if (undecided == 0)
            {
                return 0;
            }
        }
        catch (Exception refused) when (!IsPassing(refused))
        {
            await WriteEachAsync(decided, attempts + 1, left);
        }

        foreach (var (row, verdict) in settled)
        {
            if (verdict is Verdict.Open { Reason: var reason })
            {
                await LeaveAsync(row, reason, attempts + 1, left);
            }
        }

        await (left.Count == 0 ? store.SettleAsync([], openId) : open.NarrowAsync(openId, left, attempts + 1, PauseAfter(attempts + 1)));
        return left.Count;
    }

    private async Task WriteEachAsync(IReadOnlyList<Settled> settled, int attempts, List<RawRow> left)
    {
        foreach (var one in settled)
        {
            try
            {
                await store.SettleAsync([one], openId: null);
                metrics.Settled([one]);
            }
            catch (Exception refused) when (!IsPassing(refused))
            {
                var reason = refused is PostgresException { SqlState: var state } ? $"sqlstate {state}" : $"fault {refused.GetType().Name}";
                var at = refused as PostgresException;
                LogRefused(one.Row.Id, reason, attempts, at?.TableName, at?.ColumnName, at?.ConstraintName);
                await LeaveAsync(one.Row, reason, attempts, left);
            }
        }
    }

    private async Task LeaveAsync(RawRow row, string reason, int attempts, List<RawRow> left)
    {
        if (attempts < MaxAttempts)
        {
            left.Add(row);
            return;
        }

        var failed = new Settled(row, new Verdict.Failed(reason));
        await store.SettleAsync([failed], openId: null);
        metrics.Settled([failed]);
    }

    private Verdict Decide(RawRow row, KeyClaim? claim)
    {
        try
        {
            return Verdict.Of(row, claim, normalize(row.Post));
        }
#pragma warning disable CA1031 // A fault of one row is not that of the others of its commit.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogUndecided(row.Id, fault.GetType().Name, fault.StackTrace);
            return Verdict.OfFault(row, claim, fault);
        }
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

    // Of most repeats the first one's lead is there; else, mostly, bytes and headers are the same, and so is what they mean.
    private async Task ContestAsync(Settled[] settled, KeyClaim?[] claims, List<int> repeats)
    {
        var leads = await open.HaveLeadsAsync(OrganizationsOf(repeats), FirstsOf(repeats));
        var rest = repeats.FindAll(i => !leads.Contains(FirstOf(i)));
        if (rest.Count == 0)
        {
            return;
        }

        var kinds = await open.FindKindsAsync(OrganizationsOf(rest), FirstsOf(rest));
        foreach (var i in rest)
        {
            var (row, repeat) = (settled[i].Row, (Verdict.Repeat)settled[i].Verdict);
            if (!repeat.OtherBytes && kinds.TryGetValue(FirstOf(i), out var kind) && kind == (row.Post.ContentType, row.Post.ContentEncoding))
            {
                continue;
            }

            try
            {
                settled[i] = new Settled(row, await ContestAsync(row, repeat));
            }
            catch (Exception fault) when (!IsPassing(fault))
            {
                LogUndecided(row.Id, fault.GetType().Name, fault.StackTrace);
                settled[i] = new Settled(row, Verdict.OfFault(row, claims[i], fault));
            }
        }

        (long, Guid) FirstOf(int i) => (settled[i].Row.OrganizationId, ((Verdict.Repeat)settled[i].Verdict).LeadId);

        long[] OrganizationsOf(List<int> which) => [.. which.Select(i => settled[i].Row.OrganizationId)];

        Guid[] FirstsOf(List<int> which) => [.. which.Select(i => FirstOf(i).Item2)];
    }

    /// <summary>A key stays with the first body of which a lead can be made: one of which none can hands it over.</summary>
    private async Task<Verdict> ContestAsync(RawRow row, Verdict.Repeat contested)
    {
        if (await open.HasLeadAsync(row.OrganizationId, contested.LeadId))
        {
            return contested;
        }

        var first = await open.ReadAsync([row.OrganizationId], [contested.LeadId]);
        if (first is [{ Post: var post }] && normalize(post) is Normalized.Lead)
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

    // Names only: the exception's message and detail can hold a part of the lead.
    [LoggerMessage(130, LogLevel.Error, "What was made of raw entry {RawId} cannot be written ({Reason}), attempt {Attempt}; table {Table}, column {Column}, constraint {Constraint}")]
    private partial void LogRefused(Guid rawId, string reason, int attempt, string? table, string? column, string? constraint);

    // Without the exception's message, which can hold a part of the body.
    [LoggerMessage(137, LogLevel.Error, "No lead could be made of raw entry {RawId}, for a fault of ours: {Fault}\n{Stack}")]
    private partial void LogUndecided(Guid rawId, string fault, string? stack);
}
